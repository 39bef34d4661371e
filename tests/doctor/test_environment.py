"""What ``doctor --report`` tells for an issue: enough to go by, and no name of a person."""

import getpass
import json
import re
from pathlib import Path

import pytest

from recyclegan import __version__, cli
from recyclegan.doctor import environment, without_names


def test_the_report_needs_no_folder_and_tells_what_an_issue_should(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--report"]) == 0
    messages, errors = capsys.readouterr()
    assert not errors
    names = [line.split(":")[0] for line in messages.splitlines()]
    assert names == ["recyclegan", "Python", "system", "torch", "devices", "memory", "FFmpeg", "packages", "cache"]
    assert __version__ in messages
    assert re.search(r"devices: +CPU of \d+ cores? ", messages)
    assert re.search(r"FFmpeg: +\d+\.\d+.*libavcodec \d+\.", messages)
    assert cli.main(["doctor", "--report", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == names


def test_neither_folder_nor_report_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor"]) == 2
    assert capsys.readouterr().err == (
        "recyclegan: doctor: found no folder; name a data folder or a run folder, or give --report\n"
    )


@pytest.mark.parametrize("below_home", [True, False])
def test_the_cache_is_told_without_the_users_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, below_home: bool
) -> None:
    home = tmp_path / "home" / "zoe"
    cache = home / "cache" if below_home else tmp_path / "disk" / "zoe" / "cache"
    cache.mkdir(parents=True)
    (cache / "clip.npy").write_bytes(bytes(5_000_000))
    for name, value in {"HOME": home, "USERPROFILE": home, "RECYCLEGAN_CACHE": cache, "LOGNAME": "zoe"}.items():
        monkeypatch.setenv(name, str(value))
    assert getpass.getuser() == "zoe"
    messages = environment()["cache"]
    assert "zoe" not in messages
    assert messages.startswith("~/cache: " if below_home else f"{tmp_path}/disk/USER/cache: ")
    assert "1 clip, 5.00 MB of at most 64.00 GB" in messages


def test_a_cache_that_cannot_be_is_told_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECYCLEGAN_CACHE_GB", "much")
    assert "RECYCLEGAN_CACHE_GB: is 'much'" in environment()["cache"]


def test_names_are_taken_out_of_paths_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "cpu")
    monkeypatch.setenv("HOME", "/home/cpu")
    assert without_names("cpu of /home/cpu/x, /home/cpus/x and /data/cpu-films") == (
        "cpu of ~/x, /home/cpus/x and /data/USER-films"
    )
