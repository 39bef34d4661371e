"""How long steps take: a median after a warm-up, on a few frames or on all of the footage, and nothing left behind."""

import math
import os
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from recyclegan.planning import step_time
from recyclegan.planning.step_time import (
    NUM_TRIED,
    first_frames,
    median_seconds,
    notes_on_busy_cores,
    trial_seconds,
)
from recyclegan.settings.frames import DataConfig
from tests.small import NETWORKS, label_map, make_data, small_config, small_state


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Let each step take the next of these seconds; return those that are left."""
    now, left = [0.0], list[float]()
    monkeypatch.setattr(step_time.time, "perf_counter", lambda: now[0])

    def step(*_: object) -> dict[str, torch.Tensor]:
        now[0] += left.pop(0)
        return {}

    monkeypatch.setattr(step_time, "train_step", step)
    return left


def test_the_first_step_and_a_hiccup_do_not_count(clock, tmp_path):
    clock += [9.0, 1.0, 1.1, 7.0, 0.9, 1.0]
    state = small_state(small_config(tmp_path, tmp_path), num_steps=6)
    assert median_seconds(state, lambda _: {}) == pytest.approx(1.0)


@pytest.mark.parametrize(("at_most", "timed"), [(0.0, 2), (3.5, 4), (100.0, 6)])
def test_slow_steps_are_timed_less_often(clock, tmp_path, at_most, timed):
    clock += [1.0] * 6
    state = small_state(small_config(tmp_path, tmp_path), num_steps=6)
    assert median_seconds(state, lambda _: {}, at_most) == pytest.approx(1.0)
    assert len(clock) == 6 - timed


@pytest.mark.parametrize("labels", ["none", "b"])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_trial_takes_true_steps_on_a_few_frames_and_writes_nothing(tmp_path, monkeypatch, labels, batch_size):
    make = {"make_b": label_map} if labels == "b" else {}
    data = make_data(tmp_path / "data", num_frames=2, **make)
    frames = DataConfig(size=(32, 48), labels=labels, cache=tmp_path / "cache")
    networks = replace(NETWORKS, generator="resnet-6" if labels == "none" else "classes-6")
    config = small_config(data, tmp_path / "run", frames=frames, batch_size=batch_size, networks=networks)
    shapes, take = [], step_time.train_step

    def step(state, batch, number):
        shapes.append({domain: tuple(clips.shape) for domain, clips in batch.items()})
        return take(state, batch, number)

    monkeypatch.setattr(step_time, "train_step", step)
    assert 0 < trial_seconds(config, first_frames(config, 1)) < math.inf
    shape = (batch_size, 1, 3, 32, 48)
    assert shapes == [{"a": shape, "b": shape}] * (NUM_TRIED + 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_steps_that_do_more_count_as_often_as_they_come():
    """One of four has a gradient penalty."""
    plain, more = 2.0, 6.0
    assert step_time._usual([plain, plain, plain, more, plain], 1, 4) == (3 * plain + more) / 4
    assert step_time._usual([plain, plain], 1, 4) == plain
    assert step_time._usual([more, plain, more], 1, 1) == more


def test_what_does_not_fit_into_memory_takes_for_ever(tmp_path, monkeypatch):
    def step(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(step_time, "train_step", step)
    config = small_config(tmp_path, tmp_path)
    frames = {domain: [np.zeros((40, 60, 3), np.uint8)] for domain in "ab"}
    assert trial_seconds(config, frames) == math.inf


@pytest.mark.parametrize(("load", "threads", "told"), [(3.2, 2, True), (1.9, 4, False), (3.2, 1, False)])
def test_busy_cores_are_told(load: float, threads: int, told: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    wanted = "other programs keep about 3 of 4 cores busy; steps on 2 threads may take many times as long: set "
    assert notes_on_busy_cores("cpu") == ([f"{wanted}OMP_NUM_THREADS=1"] if told else [])
