"""Several processes, and few frames: the numbers are those of one process, and of all frames."""

import math
import multiprocessing
import os
import shutil

import numpy as np
import pytest
import torch

from recyclegan.errors import InputError
from recyclegan.evaluation import EvaluationConfig, evaluate, workers
from recyclegan.evaluation.examples import read_metrics
from recyclegan.evaluation.memory import Memory
from recyclegan.evaluation.paired_clips import pair_clips
from recyclegan.evaluation.workers import Setup, WorkerState, one_thread, worth
from tests.evaluation.world import LENGTH, write_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


def run(world, out, truth=True, **changes):
    config = EvaluationConfig(**{"num_draws": 20, "film_frames": 3, "num_samples": 8, **changes})
    translated = world / ("labels" if config.labels else "source")
    return evaluate(translated, world / "source", out, world / "labels", world / "truth" if truth else None, config)


@pytest.mark.parametrize("options", [{"labels": "viper"}, {"truth": False, "max_frames": 5}])
def test_numbers_are_the_same_to_the_bit_for_any_number_of_processes(world, tmp_path, monkeypatch, options):
    monkeypatch.setattr(workers, "PIXELS_A_PROCESS", 1)
    one = run(world, tmp_path / "one", processes=1, **options)
    several = run(world, tmp_path / "several", processes=2, **options)
    assert one.to_json() == several.to_json()
    assert one.draws() == several.draws()


def test_numbers_do_not_depend_on_the_threads_of_the_caller(world, tmp_path):
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(run(world, tmp_path / str(threads), truth=False, num_shown=0).to_json())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]


def test_threads_are_given_back(monkeypatch):
    cv2 = pytest.importorskip("cv2")
    before = torch.get_num_threads(), cv2.getNumThreads()
    with one_thread():
        assert (torch.get_num_threads(), cv2.getNumThreads()) == (1, 1)
    assert (torch.get_num_threads(), cv2.getNumThreads()) == before


def test_processes_are_as_many_as_the_work_is_worth(world, monkeypatch):
    clips = pair_clips(world / "source", world / "source")
    pixels = sum(clip.source.num_frames * math.prod(clip.size) for clip in clips)
    monkeypatch.setattr(workers, "PIXELS_A_PROCESS", pixels // 3)
    assert worth(EvaluationConfig(processes=8), clips) == 3
    assert worth(EvaluationConfig(processes=2), clips) == 2
    assert worth(EvaluationConfig(processes=8, max_frames=2), clips) == 1
    assert worth(EvaluationConfig(), clips) == 1


@pytest.mark.parametrize("truth", [True, False])
def test_frames_that_are_measured_have_the_values_that_they_have_among_all(world, tmp_path, truth):
    options = {"labels": "viper"} if truth else {}
    some = run(world, tmp_path / "some", truth, num_shown=0, max_frames=4, **options)
    every = run(world, tmp_path / "every", truth, num_shown=0, max_frames=4, all_frames=True, **options)
    assert some.protocol["frames"].startswith(f"8 of {2 * LENGTH}: at most 4 of each clip")
    assert every.protocol["frames"] == f"all {2 * LENGTH}"
    assert some.results["added_flicker"].stated["samples"] == "6 pairs of frames of 2 clips"
    assert some.results["sharpness"].stated["samples"] == "8 frames of 2 clips"
    for few, all_frames in zip(some.clips, every.clips, strict=True):
        (measured,) = few.runs
        assert len(measured) == 4
        assert few.num_frames == all_frames.num_frames == LENGTH
        for name in ("sharpness", "added_flicker", "pixel_accuracy") if truth else ("sharpness", "added_flicker"):
            values, expected = np.array(few.curves[name]), np.array(all_frames.curves[name])
            known = np.zeros(LENGTH, bool)
            known[measured[1:] if name == "added_flicker" else measured] = True
            np.testing.assert_array_equal(values[known], expected[known])
            assert np.isnan(values[~known]).all()
    numbers = read_metrics(tmp_path / "some")
    assert numbers["clips"][0]["measured"] == [[2, 5]]
    assert not numbers["notes"]
    assert "8 of 16 frames, measured against" in (tmp_path / "some" / "report.html").read_text()
    assert "clips, 16 frames, measured against" in (tmp_path / "every" / "report.html").read_text()


def test_what_will_be_measured_is_said_before_it_is(world, tmp_path):
    messages, config = [], EvaluationConfig(labels="viper", num_draws=5, num_shown=0, max_frames=4)
    evaluate(
        world / "labels",
        world / "source",
        tmp_path,
        world / "labels",
        world / "truth",
        config,
        progress=lambda *news: messages.append(news),
        say=messages.append,
    )
    assert messages[0] == (
        "measuring steadiness (flow: exact), classes, distances to the target of 2 clips; frames: 8 of 16: at most 4 of"
        " each clip, in evenly spread runs of 4 neighbours (--all-frames measures all)"
    )
    stages = list(dict.fromkeys(news[2] for news in messages[1:]))
    assert stages == [
        "distances: translated",
        "distances: source",
        "distances: target",
        "distances: computed",
        "measuring",
    ]
    for stage in stages:
        counts = [news[:2] for news in messages[1:] if news[2] == stage]
        assert counts == [(done, counts[0][1]) for done in range(counts[0][1] + 1)]


def test_what_goes_wrong_in_a_process_is_told_as_if_it_were_here(world, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "PIXELS_A_PROCESS", 1)
    shutil.copytree(world / "source", tmp_path / "broken")
    file = sorted((tmp_path / "broken" / "clip1").iterdir())[-1]
    file.write_bytes(file.read_bytes()[:60])
    config = EvaluationConfig(num_draws=5, processes=2)
    with pytest.raises(InputError, match=file.name):
        evaluate(tmp_path / "broken", world / "source", tmp_path / "out", config=config)
    assert not multiprocessing.active_children()


def test_a_process_that_dies_is_told_in_a_line(world):
    clips = pair_clips(world / "source", world / "source")
    view = Setup(EvaluationConfig(processes=2), "dis", "", Memory())
    post = WorkerState(clips, view.flow_source(), None, view.config)
    with (
        pytest.raises(InputError, match=r"a process died.*fewer --processes"),
        workers.worker_processes(post, view, 2) as started,
    ):
        list(started.each(die, [0]))


def die(_post, _task):
    os._exit(1)
