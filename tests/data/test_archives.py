"""Archives that are damaged, locked, oddly packed or meant to harm are refused in one line and leave nothing."""

import io
import shutil
import struct
import zipfile
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from recyclegan.data import archives
from recyclegan.data.archives import chunks, open_archive, open_download, read_arrays
from recyclegan.data.published_folders import prepare_viper
from recyclegan.errors import InputError
from tests.data.downloads import write_viper, zipped


def packed(path: Path, method: int = zipfile.ZIP_DEFLATED, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def first_member(path: Path) -> bytes:
    with open_archive(path) as archive:
        return b"".join(chunks(path, archive, archive.infolist()[0]))


def patched(path: Path, offset_in_header: int, offset_in_directory: int, value: bytes) -> Path:
    """Overwrite a field of the first member, in its own header and in the directory at the end."""
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", offset_in_header), (b"PK\x01\x02", offset_in_directory)):
        start = data.find(mark) + offset
        data[start : start + len(value)] = value
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_come_out_whatever_they_are_packed_with(tmp_path: Path, method: int) -> None:
    data = bytes(range(256)) * 5000
    assert first_member(packed(tmp_path / "a.zip", method, a=data)) == data


@pytest.mark.parametrize(
    ("offsets", "value", "words"),
    [
        ((6, 8), struct.pack("<H", 1), r"'a' is encrypted; unpack the archive with its password"),
        ((8, 10), struct.pack("<H", 99), r"is damaged at a \("),
        ((14, 16), bytes(4), r"is damaged at a \(Bad CRC-32"),
        ((22, 24), struct.pack("<I", 1 << 31), r"'a' unpacks to 2.1 GB, expected at most 1.1"),
        ((22, 24), struct.pack("<I", 10), r"is damaged at a \(Bad CRC-32"),
    ],
)
def test_what_is_wrong_with_a_member_is_told(
    tmp_path: Path, offsets: tuple[int, int], value: bytes, words: str
) -> None:
    path = patched(packed(tmp_path / "a.zip", a=b"text " * 1000), *offsets, value)
    with pytest.raises(InputError, match=words) as caught:
        first_member(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_stream_is_told(tmp_path: Path, method: int) -> None:
    path = packed(tmp_path / "a.zip", method, a=np.random.default_rng(0).bytes(3000))
    data = bytearray(path.read_bytes())
    data[60:400] = bytes(340)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.zip: is damaged at a \("):
        first_member(path)


def test_an_archive_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", a=b"1")
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("a", b"2")
    with pytest.raises(InputError, match=r"a\.zip: holds 'a' more than once"):
        first_member(path)


def test_an_archive_with_a_nameless_member_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", a=b"1")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(""), b"2")
    with pytest.raises(InputError, match=r"a\.zip: holds a member without a name"):
        first_member(path)


@pytest.mark.parametrize("name", ["../../evil", "/abs/evil", "..\\..\\evil", "C:\\evil", "in/../evil", "..", "a\xe9"])
def test_members_never_leave_the_folder_that_they_are_put_into(tmp_path: Path, name: str) -> None:
    (tmp_path / "d").mkdir()
    path = packed(tmp_path / "d/a.zip", **{name: b"evil"})
    with open_download(path) as files:
        for file in files:
            try:
                file.put(tmp_path / "out/deep", link=True)
            except InputError as error:
                assert "\n" not in str(error)  # noqa: PT017
    found = {place.relative_to(tmp_path) for place in tmp_path.rglob("*") if place.is_file()}
    assert all(place.parts[:2] == ("out", "deep") for place in found - {Path("d/a.zip")})


def test_names_packed_on_windows_are_understood(tmp_path: Path) -> None:
    viper = write_viper(tmp_path / "viper")
    (tmp_path / "zip").mkdir()
    with zipfile.ZipFile(tmp_path / "zip/all.zip", "w") as archive:
        for file in sorted(path for path in viper.rglob("*") if path.is_file()):
            member = zipfile.ZipInfo("x")
            member.filename = str(file.relative_to(viper)).replace("/", "\\")
            archive.writestr(member, file.read_bytes())
    assert prepare_viper(tmp_path / "out", tmp_path / "zip").num_clips["train/A"] == 2


def test_a_download_that_the_disk_cannot_hold_is_refused_before_anything_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    download = zipped(write_viper(tmp_path / "viper"), tmp_path / "zip")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10_000, 9_000, 1_000))
    with pytest.raises(InputError, match=r"are to be unpacked, the disk has room for 0\.0 GB; make room"):
        prepare_viper(tmp_path / "out", download)
    assert not (tmp_path / "out").exists()


def test_a_disk_that_fills_up_while_unpacking_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    download = zipped(write_viper(tmp_path / "viper"), tmp_path / "zip")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("recyclegan.data.archives.chunks", full)
    with pytest.raises(InputError, match=r"out: cannot be written|out/.*cannot be written \(No space left on device\)"):
        prepare_viper(tmp_path / "out", download)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["viper", "zip"]


def arrays_file(path: Path, **arrays: np.ndarray) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def test_arrays_come_back(tmp_path: Path) -> None:
    arrays = {"u": np.ones((3, 4)), "v": np.zeros((3, 4))}
    found = read_arrays(arrays_file(tmp_path / "a.npz", **arrays), ("u", "v"))
    assert {key: array.tolist() for key, array in found.items()} == {
        key: array.tolist() for key, array in arrays.items()
    }


def test_arrays_that_do_not_fit_into_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = arrays_file(tmp_path / "a.npz", u=np.zeros(10_000), v=np.zeros(10_000))
    monkeypatch.setattr(archives, "_memory", lambda: 100_000)
    with pytest.raises(InputError, match=r"a\.npz: unpacks to 0\.0 GB, more than the memory; expected arrays u, v"):
        read_arrays(path, ("u", "v"))


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        b"__import__('os').system('touch hacked')",
        b"{'descr': '<f8'",
        b"(" * 5000,
        b"",
    ],
)
def test_arrays_with_an_odd_header_are_refused(tmp_path: Path, header: bytes) -> None:
    data = io.BytesIO()
    data.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" + bytes(64))
    path = packed(tmp_path / "a.npz", **{"u.npy": data.getvalue()})
    with pytest.raises(InputError, match=r"a\.npz: cannot be read \(.*; expected arrays u") as caught:
        read_arrays(path, ("u",))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make", [bool, Path.mkdir, Path.touch, lambda path: path.write_bytes(b"PK..")])
def test_what_is_no_archive_is_told(tmp_path: Path, make: object) -> None:
    make(tmp_path / "a.zip")
    for read in (first_member, lambda path: read_arrays(path, ("u",))):
        with pytest.raises(InputError, match=r"a\.zip: (no such file|is a folder|is no whole zip archive)"):
            read(tmp_path / "a.zip")
