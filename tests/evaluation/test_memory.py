"""What belongs to source and target is worked out once, and is the same to the bit when it is remembered."""

import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from recyclegan.data.index import find_clips
from recyclegan.evaluation import EvaluationConfig, evaluate, memory
from recyclegan.evaluation.memory import MOST_FILED, Memory, key_of
from recyclegan.metrics import flow_estimation
from tests.evaluation.world import LENGTH, write_world

ARRAYS = {"flow": np.linspace(0, 1, 7, dtype=np.float32), "visible": np.array([True, False])}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


def made(counts):
    def make():
        counts.append(1)
        return ARRAYS

    return make


@pytest.mark.parametrize("folder", ["in/it", None])
def test_arrays_are_made_once_and_come_back_as_they_were(tmp_path, folder):
    counts, kept = [], Memory(tmp_path / folder if folder else None)
    for _ in range(3):
        found = kept.recall("key", made(counts))
        assert all(found[name].dtype == array.dtype and (found[name] == array).all() for name, array in ARRAYS.items())
    assert len(counts) == 1
    kept.recall("", made(counts))
    kept.recall("", made(counts))
    assert len(counts) == 3


def test_a_damaged_file_is_made_anew_and_one_that_cannot_be_written_done_without(tmp_path):
    counts = []
    Memory(tmp_path).recall("key", made(counts))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:50])
    Memory(tmp_path).recall("key", made(counts))
    Memory(tmp_path).recall("key", made(counts))
    assert len(counts) == 2
    (tmp_path / "file").write_text("no folder")
    assert Memory(tmp_path / "file").recall("key", made(counts)) is ARRAYS
    assert sorted(path.suffix for path in tmp_path.iterdir()) == ["", ".npz"]


def test_what_another_is_making_in_the_folder_is_waited_for(tmp_path):
    begun, made = threading.Event(), []

    def make(number):
        made.append(number)
        begun.set()
        time.sleep(0.5)
        return {"number": np.array(number)}

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(Memory(tmp_path / "memory").recall, "key", lambda: make(1))
        assert begun.wait(10)
        second = Memory(tmp_path / "memory").recall("key", lambda: make(2))
    assert (made, int(first.result()["number"]), int(second["number"])) == ([1], 1, 1)


@pytest.mark.parametrize("folder", [True, False])
def test_no_more_is_kept_than_there_is_room_for(tmp_path, monkeypatch, folder):
    size = sum(array.nbytes for array in ARRAYS.values())
    monkeypatch.setattr(memory, "MOST_FILED", 2 * size)
    monkeypatch.setattr(memory, "MOST_HELD", 2 * size)
    counts, kept = [], Memory(tmp_path if folder else None)
    for _ in range(2):
        for key in "abc":
            kept.recall(key, made(counts))
    assert len(counts) == 4


def test_a_key_changes_with_files_and_settings(tmp_path):
    world = write_world(tmp_path / "world")
    clips = find_clips(world / "source")
    keys = {key_of(clips, 1), key_of(clips[:1], 1), key_of(clips, 2), key_of(clips, 1)}
    assert len(keys) == 3
    file = clips[0].files[0]
    shutil.copy(clips[0].files[1], file)
    assert key_of(find_clips(world / "source"), 1) not in keys


@pytest.mark.parametrize(("truth", "first", "again"), [(False, 3, 1), (True, 2, 1)])
def test_a_further_evaluation_works_out_what_is_new_and_gives_the_same(
    world, tmp_path, monkeypatch, truth, first, again
):
    """Flow is estimated both ways on the source and once on the output; beside exact flow, once on each."""
    pytest.importorskip("cv2")
    estimated, estimate = [], flow_estimation.dis_flow
    monkeypatch.setattr(flow_estimation, "dis_flow", lambda *pair: estimated.append(1) or estimate(*pair))
    pairs, counts, found = 2 * (LENGTH - 1), [], []
    for folder in (None, tmp_path / "memory", tmp_path / "memory"):
        estimated.clear()
        results = evaluate(
            world / "labels",
            world / "source",
            tmp_path / "out",
            target=world / "labels",
            truth=world / "truth" if truth else None,
            config=EvaluationConfig(num_shown=0, num_draws=20, num_samples=8),
            memory=folder,
        )
        counts.append(len(estimated))
        found.append((results.to_json(), results.draws()))
    assert counts == [first * pairs, first * pairs, again * pairs]
    assert found[0] == found[1] == found[2]


def test_films_use_the_flow_that_was_found_while_measuring(world, tmp_path, monkeypatch):
    pytest.importorskip("cv2")
    estimated, estimate = [], flow_estimation.dis_flow
    monkeypatch.setattr(flow_estimation, "dis_flow", lambda *pair: estimated.append(1) or estimate(*pair))
    evaluate(world / "labels", world / "source", tmp_path, config=EvaluationConfig(num_draws=5))
    assert len(estimated) == 3 * 2 * (LENGTH - 1)


def test_a_file_that_another_process_renames_meanwhile_is_no_matter(tmp_path, monkeypatch):
    (tmp_path / "kept.npz").write_bytes(b"12345")
    monkeypatch.setattr(Path, "glob", lambda folder, _: iter([folder / ".half-written.npz", folder / "kept.npz"]))
    assert Memory(tmp_path)._room == [MOST_FILED - 5]
