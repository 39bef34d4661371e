"""Progressive resolution: small frames first, whole ones in the end, exactly resumable, with every method."""

import statistics
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from recyclegan.errors import InputError
from recyclegan.planning.step_time import median_seconds
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.methods import METHODS
from recyclegan.settings.networks import AdversaryConfig, NetworkConfig
from recyclegan.settings.training import FaithfulnessConfig, TrainConfig, parts_within
from recyclegan.steps import TrainState, train_step
from recyclegan.steps import step as steps_module
from recyclegan.steps.progressive import divisor_of, smaller
from recyclegan.steps.step import halves_of
from recyclegan.training import train
from tests.small import label_map, make_data, random_clips, small_config, small_state
from tests.training.test_loop import assert_same_run

NOWHERE = Path("nowhere")
SIDE = 64


def config_with(data: Path = NOWHERE, out: Path = NOWHERE, **changes: Any) -> TrainConfig:
    frames = DataConfig(size=(SIDE, SIDE), labels=changes.pop("labels", "none"))
    return small_config(data, out, frames=frames, **{"progressive": (2, 1), **changes})


def batch_of(seed: int = 0, time: int = 1) -> dict[Any, Tensor]:
    return {domain: random_clips(seed + n, time, size=(SIDE, SIDE)) for n, domain in enumerate("ab")}


@given(parts=st.lists(st.sampled_from([1, 2]), max_size=4), length=st.integers(1, 30), rest=st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_parts_are_of_the_same_length_and_the_last_one_is_of_whole_frames(
    parts: list[int], length: int, rest: int
) -> None:
    config = config_with(progressive=(*parts, 1))
    count = len(config.progressive)
    num_steps = count * length + min(rest, count - 1)
    found = [divisor_of(config, step, num_steps) for step in range(num_steps)]
    assert found[-1] == 1
    assert [divisor_of(config, step, count * length) for step in range(count * length)] == [
        part for part in config.progressive for _ in range(length)
    ]
    assert sorted(set(found)) == sorted(set(config.progressive))
    assert found == [part for n, part in enumerate(config.progressive) for _ in range(_share(n, count, num_steps))]


def _share(number: int, count: int, num_steps: int) -> int:
    return -(-(number + 1) * num_steps // count) - -(-number * num_steps // count)


def test_without_it_every_step_is_of_whole_frames() -> None:
    assert {divisor_of(config_with(progressive=()), step, 9) for step in range(9)} == {1}


@pytest.mark.parametrize("divisor", [2, 4])
def test_pixels_of_video_are_means_and_those_of_label_maps_are_colours_that_were_there(divisor: int) -> None:
    batch = {"a": random_clips(0, 3, size=(8, 12), batch=2), "b": random_clips(1, 3, size=(9, 14), batch=2)}
    small = smaller(batch, divisor, config_with(labels="b"))
    blocks = batch["a"].unflatten(4, (-1, divisor)).unflatten(3, (-1, divisor))
    torch.testing.assert_close(small["a"], blocks.mean(dim=(4, 6)))
    assert small["b"].shape == (2, 3, 3, 9 // divisor, 14 // divisor)
    colours = {tuple(pixel) for pixel in batch["b"].permute(0, 1, 3, 4, 2).reshape(-1, 3).tolist()}
    assert {tuple(pixel) for pixel in small["b"].permute(0, 1, 3, 4, 2).reshape(-1, 3).tolist()} <= colours


@pytest.mark.parametrize("divisor", [1, 2])
def test_classes_behind_the_colours_stay_classes_and_colours_are_means(divisor: int) -> None:
    frames, classes = random_clips(0, 1, size=(8, 12)), (torch.rand(1, 1, 1, 8, 12) * 3).floor()
    config = config_with(faithfulness=FaithfulnessConfig(labels_weight=1.0))
    carrying = torch.cat([frames, classes], dim=2)
    small = smaller({"a": carrying, "b": frames}, divisor, config)
    torch.testing.assert_close(small["a"][:, :, :3], small["b"])
    assert small["a"].shape[-2:] == (8 // divisor, 12 // divisor)
    assert set(small["a"][:, :, 3].unique().tolist()) <= {0.0, 1.0, 2.0}
    assert torch.equal(carrying[:, :, 3:], classes), "the batch stays as it was"


@pytest.mark.parametrize(
    ("size", "scales", "kept"),
    [((128, 256), 2, True), ((64, 128), 2, False), ((64, 128), 1, True), ((62, 128), 1, False)],
)
def test_parts_are_left_out_where_frames_are_too_small_for_them(size: tuple[int, int], scales: int, kept: bool) -> None:
    networks = NetworkConfig(adversary=AdversaryConfig(scales=scales))
    assert parts_within((2, 2, 1), size, networks) == ((2, 2, 1) if kept else ())
    assert parts_within((), size, networks) == ()


def sizes_seen(state: TrainState, num_steps: int, time: int) -> list[tuple[int, ...]]:
    """Return the sizes of what each step is asked to be readied for."""
    seen: list[tuple[int, ...]] = []

    def halves(batch: Any, step: int) -> Any:
        seen.append(tuple(batch["a"].shape[-2:]))
        assert batch["a"].shape[-2:] == batch["b"].shape[-2:]
        return halves_of(state)

    state.halves = halves
    for step in range(num_steps):
        terms = train_step(state, batch_of(step, time), step)
        assert all(bool(value.isfinite()) for value in terms.values())
    return seen


@pytest.mark.parametrize("name", METHODS)
def test_every_method_trains_so_and_steps_of_each_size_are_readied_for_it(name: str) -> None:
    kind = METHODS[name]
    state = small_state(config_with(method=kind.Config(), history=2), num_steps=4)
    told: list[str] = []
    state.notify = told.append
    assert sizes_seen(state, 4, kind.clip_length) == [(32, 32)] * 2 + [(SIDE, SIDE)] * 2
    assert told == ["step 3: whole frames from here on (--progressive)"]


def test_fakes_of_another_size_are_not_shown_again() -> None:
    state = small_state(config_with(history=5), num_steps=4)
    for step, wanted in enumerate([32, 32, SIDE, SIDE]):
        train_step(state, batch_of(step), step)
        for buffer in state.buffers.values():
            assert {fake.shape[-1] for fake in buffer.kept} == {wanted}


def test_a_run_that_is_resumed_with_more_steps_goes_back_to_small_frames_and_forgets_fakes_of_whole_ones() -> None:
    state = small_state(config_with(history=5), num_steps=2)
    for step in range(2):
        train_step(state, batch_of(step), step)
    state.num_steps = 8
    train_step(state, batch_of(2), 2)
    assert {fake.shape[-1] for buffer in state.buffers.values() for fake in buffer.kept} == {32}


def test_rate_and_other_options_are_what_they_are_without() -> None:
    rates = []
    for parts in ((), (2, 1)):
        state = small_state(config_with(progressive=parts, decay=0.5, ramp_up=0.5), num_steps=4)
        for step in range(4):
            state.set_pace(step)
            rates.append((state.rate, float(state.ramp)))
    assert rates[:4] == rates[4:]


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_run_that_was_stopped_in_any_part_ends_with_the_same_bits(tmp_path: Path, stop: int) -> None:
    data = make_data(tmp_path / "data", num_frames=3, height=72, width=72)
    straight = config_with(data, tmp_path / "straight", steps=4, history=2, save_every=stop, keep=9)
    train(straight)
    stopped = config_with(data, tmp_path / "stopped", steps=4, history=2, save_every=stop, keep=9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recyclegan.training.loop.train_step", _crashing_at(stop))
        with pytest.raises(MemoryError):
            train(stopped)
    train(stopped, resume=True)
    assert_same_run(stopped.out, straight.out)


def test_a_run_that_goes_back_to_small_frames_says_so(tmp_path: Path) -> None:
    data, notes = make_data(tmp_path / "data", num_frames=3, height=72, width=72), list[str]()
    train(config_with(data, tmp_path / "run", steps=2))
    train(config_with(data, tmp_path / "run", steps=8), resume=True, notify=notes.append)
    wanted = "goes on with frames of 1/2 of their height and width, as a run of 8 steps has (--progressive)"
    assert any(note.endswith(wanted) for note in notes)
    notes.clear()
    train(config_with(data, tmp_path / "run", steps=9), resume=True, notify=notes.append)
    assert not any("--progressive" in note for note in notes)


def _crashing_at(last: int) -> Any:
    def crashing(state: TrainState, batch: Any, step: int) -> Any:
        if step == last:
            raise MemoryError
        return train_step(state, batch, step)

    return crashing


def test_label_maps_train_so_in_their_own_colours(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", num_frames=2, make_b=label_map, height=72, width=72)
    assert train(config_with(data, tmp_path / "run", steps=2, labels="b")).steps == 2


def test_a_dry_run_takes_a_step_of_the_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, half = [], steps_module.generators_step

    def noted(state: TrainState, batch: Any) -> Any:
        sizes.append(batch["a"].shape[-1])
        return half(state, batch)

    monkeypatch.setattr(steps_module, "generators_step", noted)
    data = make_data(tmp_path / "data", num_frames=2, height=72, width=72)
    train(config_with(data, tmp_path / "run", steps=4), dry_run=True)
    assert sizes == [SIDE]


def test_minutes_are_made_of_steps_of_all_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    state, now = small_state(config_with(progressive=(2, 1, 1)), num_steps=9), [0.0]
    took = iter([9.0, 1.0, 1.0, 9.0, 4.0, 4.0, 4.0, 4.0, 4.0])

    def step(*_: object) -> dict[str, Tensor]:
        now[0] += next(took)
        return {}

    monkeypatch.setattr("recyclegan.planning.step_time.time.perf_counter", lambda: now[0])
    monkeypatch.setattr("recyclegan.planning.step_time.train_step", step)
    assert median_seconds(state, lambda _: {}, at_most=3.0) == pytest.approx(statistics.mean([1, 4, 4]))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((2,), "progressive: found 2, expected 1 at the end, for frames of SIZE itself"),
        ((4, 1), "progressive: found 4 1, which begins with frames of 16x16, expected 32x32 at least; begin with"),
        ((0, 1), "progressive: found 0 1, expected 1 to 64"),
    ],
)
def test_parts_that_cannot_be_trained_are_refused_in_one_line(parts: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError) as caught:
        config_with(progressive=parts)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_discriminators_that_small_frames_are_too_small_for_are_refused() -> None:
    with pytest.raises(InputError, match="discriminator_layers: found 4, too many for frames of 32x32; take fewer"):
        config_with(networks=small_config(NOWHERE, NOWHERE).networks.__class__(width=4, discriminator_layers=4))
