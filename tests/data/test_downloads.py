"""Files of a download are found on disk and in zip archives alike."""

import zipfile
from pathlib import Path

import pytest

from recyclegan.data.archives import open_download
from recyclegan.errors import InputError


def pack(path: Path, **members: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"in/{name}", text)
    return path


def test_files_come_from_folders_and_archives(tmp_path: Path) -> None:
    pack(tmp_path / "d/one.zip", a="A", b="B")
    (tmp_path / "d/in").mkdir()
    (tmp_path / "d/in/c").write_text("C")
    with open_download(tmp_path / "d") as files:
        assert [file.path for file in files] == ["in/a", "in/b", "in/c"], "what is unpacked comes last, and counts"
        for file in files:
            file.put(tmp_path / "out", link=True)
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == {"a": "A", "b": "B", "c": "C"}
    assert (tmp_path / "out/c").samefile(tmp_path / "d/in/c")


def test_one_archive_is_a_download(tmp_path: Path) -> None:
    with open_download(pack(tmp_path / "one.zip", a="A")) as files, files[0].open() as stream:
        assert stream.read() == b"A"


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    for name, message in {"no": "no such folder or zip archive", "d.zip": "no whole zip archive"}.items():
        (tmp_path / "d.zip").write_bytes(b"PK..")
        with pytest.raises(InputError, match=message), open_download(tmp_path / name):
            pass
    (tmp_path / "d").mkdir()
    (tmp_path / "d/viper.tar.gz").touch()
    for place in (tmp_path / "d", tmp_path / "d/viper.tar.gz"):
        with (
            pytest.raises(InputError, match=r"viper.tar.gz: only zip archives are read; unpack it"),
            open_download(place),
        ):
            pass
    (tmp_path / "d/unpacked").touch()
    with open_download(tmp_path / "d") as files:
        assert [file.name for file in files] == ["unpacked"]


def test_a_damaged_member_is_told(tmp_path: Path) -> None:
    path = pack(tmp_path / "one.zip", a="A" * 100)
    path.write_bytes(path.read_bytes().replace(b"AAAA", b"AABA", 1))
    with open_download(path) as files, pytest.raises(InputError, match=r"one.zip: is damaged at in/a"):
        files[0].put(tmp_path / "out", link=True)
