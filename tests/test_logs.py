"""Statistics survive crashes and resumes."""

import json
from pathlib import Path

import pytest

from recyclegan.logs import StatsLog, read_stats, series


def steps_of(path: Path) -> list[int]:
    return [entry["step"] for entry in read_stats(path)]


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    log = StatsLog(tmp_path / "run" / "stats.jsonl", 0)
    entries = [{"step": 10, "ab/cycle": 0.5, "lr": 2e-4}, {"step": 20, "ab/cycle": 1e-9, "lr": 2e-4}]
    for entry in entries:
        log.write(entry)
    assert read_stats(log.path) == entries
    assert len(log.path.read_text().splitlines()) == 2


def test_entries_from_the_first_step_on_are_dropped(tmp_path: Path) -> None:
    log = StatsLog(tmp_path / "stats.jsonl", 0)
    for step in range(1, 6):
        log.write({"step": step})
    again = StatsLog(tmp_path / "stats.jsonl", 4)
    assert steps_of(log.path) == [1, 2, 3]
    again.write({"step": 4})
    assert steps_of(log.path) == [1, 2, 3, 4]


@pytest.mark.parametrize("tail", ['{"step": 3, "lo', '{"step": 3', "{", '{"step": 3, "a": 1}}', "\0\0\0\0"])
def test_a_line_cut_off_by_a_crash_is_left_out_and_does_not_spoil_the_next(tmp_path: Path, tail: str) -> None:
    path = tmp_path / "stats.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}\n' + tail)
    assert steps_of(path) == [1, 2]
    StatsLog(path, 3).write({"step": 3})
    assert steps_of(path) == [1, 2, 3]
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_no_file_has_no_entries(tmp_path: Path) -> None:
    assert read_stats(tmp_path / "stats.jsonl") == []


def test_series_hold_each_number_where_it_was_logged() -> None:
    entries = [{"step": 1, "a": 2.0, "note": "text"}, {"step": 3, "a": 4, "b": 0.5}]
    assert series(entries) == {"a": [(1, 2.0), (3, 4)], "b": [(3, 0.5)]}
