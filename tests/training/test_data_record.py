"""A run keeps the digests of its data, and tells at --resume which clips are not those it was last started with."""

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.settings.training import TrainConfig
from recyclegan.training import train
from recyclegan.training.training_data import DATA_FILE, data_changes, write_data
from tests.small import make_data, make_frames, small_config

CLIPS = st.dictionaries(st.sampled_from("uvwxy\udcff"), st.sampled_from(["1", "2"]), max_size=6)


@settings(max_examples=50, deadline=None)
@given(before=CLIPS, now=CLIPS)
def test_every_difference_is_told_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, before: dict[str, str], now: dict[str, str]
) -> None:
    run = tmp_path_factory.mktemp("run")
    assert data_changes(run, {"a": now, "b": {}}) == [], "nothing is known of an older run"
    write_data(run, {"a": before, "b": {}}, 0)
    messages = data_changes(run, {"a": now, "b": {}})
    assert bool(messages) == (before != now)
    counts = {
        "removed": len(before.keys() - now.keys()),
        "changed": sum(before[name] != now[name] for name in before.keys() & now.keys()),
        "added": len(now.keys() - before.keys()),
    }
    for fate, number in counts.items():
        assert (f"{number} {fate}" in "".join(messages)) == (number > 0)


def test_the_record_keeps_what_was_trained_on_from_which_step(tmp_path: Path) -> None:
    for step, digest in ((0, "1"), (0, "2"), (4, "2"), (6, "3"), (5, "4")):
        write_data(tmp_path, {"a": {"x": digest}, "b": {}}, step)
    assert json.loads((tmp_path / DATA_FILE).read_text()) == [
        {"from": 0, "a": {"x": "2"}, "b": {}},
        {"from": 5, "a": {"x": "4"}, "b": {}},
    ]


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '[{"from": 0}]', '[{"from": 0, "a": 3, "b": {}}]', "\udcff", "[" * 9999]
)
def test_a_damaged_record_is_told_and_written_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / DATA_FILE).write_text(text, errors="surrogateescape")
    (note,) = data_changes(tmp_path, {"a": {"x": "1"}, "b": {}})
    assert "data.json" in note
    assert note.endswith("whether the data has changed since the run was started is not known")
    write_data(tmp_path, {"a": {"x": "1"}, "b": {}}, 5)
    assert data_changes(tmp_path, {"a": {"x": "1"}, "b": {}}) == []


@pytest.fixture
def started(tmp_path: Path) -> TrainConfig:
    """Return the configuration of a run of 4 steps, to be resumed to 6."""
    data = make_data(tmp_path / "data")
    for seed, name in enumerate(("more", "third")):
        make_frames(data / "train" / "A" / name, seed=20 * seed)
    config = small_config(data, tmp_path / "run", steps=2)
    train(config)
    return small_config(data, config.out, steps=3)


def test_a_clip_deleted_or_replaced_or_added_is_told_when_the_run_is_resumed(started: TrainConfig) -> None:
    folder = started.data / "train" / "A"
    shutil.rmtree(folder / "more")
    make_frames(folder / "third", seed=77)
    make_frames(folder / "new", seed=5)
    notes = train(started, resume=True).notes
    assert notes == (
        "domain A: clips are not those that the run was last started with: 1 removed (more), 1 changed (third), "
        "1 added (new)",
    )
    record = json.loads((started.out / DATA_FILE).read_text())
    assert [entry["from"] for entry in record] == [0, 2]
    assert train(small_config(started.data, started.out, steps=4), resume=True).notes == (), "told once"


def test_data_that_was_only_moved_or_touched_is_the_same(started: TrainConfig) -> None:
    moved = started.data.rename(started.data.with_name("elsewhere"))
    for frame in moved.rglob("*.png"):
        frame.touch()
    assert train(small_config(moved, started.out, steps=3), resume=True).notes == ()
