"""Batches made ahead are those that would be made when asked for, whatever the timing and wherever frames lie."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lightning_fabric import Fabric

from recyclegan.data.staging import DEPTH, Prefetched, Staged, Staging
from recyclegan.errors import InputError
from recyclegan.settings.frames import DataConfig
from recyclegan.training import train
from recyclegan.training.training_data import Footage, load_footage
from tests.small import make_data, small_config
from tests.threads import begun_since, running


def footage_of(data: Path, cache: Path | None = None, **changes: Any) -> Footage:
    frames = DataConfig(size=(32, 48), flip=True, cache=cache)
    config = small_config(data, Path("run"), frames=frames, batch_size=2, **changes)
    return load_footage(config, 2, Fabric(accelerator="cpu", devices=1), None)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data"), num_frames=5)


def assert_equal(found: dict[Any, torch.Tensor], wanted: dict[Any, torch.Tensor]) -> None:
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[domain], wanted[domain]) for domain in wanted)


def numbered(step: int) -> Staged:
    return Staged({"a": torch.full((1, 1, 1, 1, 1), float(step))})


@settings(max_examples=10, deadline=None)
@given(first=st.integers(0, 40), waits=st.lists(st.sampled_from([0.0, 0.004]), min_size=2, max_size=12))
def test_batches_are_the_same_whatever_the_timing_and_wherever_a_run_goes_on(
    data: Path, first: int, waits: list[float]
) -> None:
    footage, other = footage_of(data), footage_of(data)
    with footage.ahead(first, first + len(waits)) as batches:
        for step, wait in enumerate(waits, first):
            time.sleep(wait)
            assert_equal(batches.batch(step), other.batch(step))


@pytest.mark.parametrize("made", [1, 6])
def test_no_more_than_a_few_are_made_ahead(made: int) -> None:
    asked: list[int] = []

    def stage(step: int) -> Staged:
        asked.append(step)
        return numbered(step)

    with Prefetched(stage, 0, 100) as batches:
        for step in range(made):
            batches.batch(step)
        time.sleep(0.1)
        assert len(asked) <= made + DEPTH + 1


def test_the_thread_that_makes_batches_computes_alone_and_no_other_does() -> None:
    """A second team of threads would keep the first from spinning: steps would take twice as long."""
    before, seen = torch.get_num_threads(), list[int]()
    torch.set_num_threads(3)

    def stage(step: int) -> Staged:
        seen.append(torch.get_num_threads())
        return numbered(step)

    try:
        with Prefetched(stage, 0, 3) as batches, ThreadPoolExecutor(1) as later:
            batches.batch(0)
            assert (torch.get_num_threads(), later.submit(torch.get_num_threads).result()) == (3, 3)
        assert set(seen) == {1}
    finally:
        torch.set_num_threads(before)


def fail_at(step: int) -> Callable[[int], Staged]:
    def stage(number: int) -> Staged:
        if number == step:
            raise InputError("clip: is damaged")
        return numbered(number)

    return stage


def test_an_error_is_raised_at_its_own_step_and_no_thread_is_left() -> None:
    before = running()
    with Prefetched(fail_at(4), 0, 9) as batches:
        for step in range(4):
            assert batches.batch(step)["a"] == step
        with pytest.raises(InputError, match="clip: is damaged"):
            batches.batch(4)
    assert not begun_since(before)


@pytest.mark.parametrize("asked", [0, 1, 3])
def test_no_thread_is_left_where_a_run_ends_early(asked: int) -> None:
    before = running()
    with Prefetched(numbered, 0, 1000) as batches:
        for step in range(asked):
            batches.batch(step)
    assert not begun_since(before)


def test_no_thread_is_left_where_a_step_fails() -> None:
    before = running()
    with pytest.raises(InputError), Prefetched(numbered, 0, 1000) as batches:
        fail_at(batches.batch(0)["a"].numel())(1)
    assert not begun_since(before)


def test_steps_that_find_their_batch_do_not_wait_and_others_do() -> None:
    def slow(step: int) -> Staged:
        time.sleep(0.02)
        return numbered(step)

    with Prefetched(slow, 0, 8) as hungry:
        for step in range(8):
            hungry.batch(step)
        assert hungry.share_waited > 0.5
    with Prefetched(numbered, 0, 8) as busy:
        for step in range(8):
            busy.batch(step)
            time.sleep(0.05)
        assert busy.share_waited < 0.4


def test_nothing_was_waited_for_before_a_first_batch() -> None:
    with Prefetched(numbered, 0, 1) as batches:
        assert batches.share_waited == 0


def serial(items: Iterator[Any], depth: int) -> Iterator[Any]:
    yield from items


def stats_of(data: Path, run: Path, **changes: Any) -> bytes:
    train(small_config(data, run, steps=3, **changes))
    return (run / "stats.jsonl").read_bytes()


def test_a_run_is_the_same_as_one_that_reads_when_asked_or_keeps_frames_on_the_device(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead, kept = stats_of(data, tmp_path / "ahead"), stats_of(data, tmp_path / "kept", data_on_device="on")
    monkeypatch.setattr("recyclegan.data.staging.made_ahead", serial)
    assert stats_of(data, tmp_path / "asked") == ahead == kept


def test_a_run_may_go_on_with_frames_kept_elsewhere(data: Path, tmp_path: Path) -> None:
    whole = stats_of(data, tmp_path / "whole")
    train(small_config(data, tmp_path / "run", steps=1, data_on_device="on"))
    train(small_config(data, tmp_path / "run", steps=3, data_on_device="off"), resume=True)
    assert (tmp_path / "run" / "stats.jsonl").read_bytes() == whole


def test_the_share_is_told_with_every_report(data: Path, tmp_path: Path) -> None:
    shares: list[float] = []
    before = running()
    train(small_config(data, tmp_path / "run", steps=3), waited=shares.append)
    assert len(shares) == 3
    assert all(0 <= share <= 1 for share in shares)
    assert not begun_since(before)


def test_frames_that_cannot_be_read_end_a_run_with_the_line_of_the_reader(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, done = Staging.stage, []

    def stage(self: Staging, step: int) -> Staged:
        return whole(self, step) if step < 2 else fail_at(step)(step)

    monkeypatch.setattr(Staging, "stage", stage)
    before = running()
    with pytest.raises(InputError, match=r"^clip: is damaged$"):
        train(small_config(data, tmp_path / "run", steps=4), report=lambda step, *_: done.append(step))
    assert done == [1, 2]
    assert not begun_since(before)


def test_where_frames_are_kept_is_told_before_training(data: Path, tmp_path: Path) -> None:
    messages: list[str] = []
    train(small_config(data, tmp_path / "run", steps=1, data_on_device="on"), notify=messages.append)
    assert messages == ["all frames are kept on cpu, in 0.00 GB of its memory (see --data-on-device)"]
