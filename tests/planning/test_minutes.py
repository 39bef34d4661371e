"""A run that fits into so many minutes: what is chosen, what is kept, and what is said."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from recyclegan.errors import InputError
from recyclegan.planning import minutes
from recyclegan.planning.sizes import ENOUGH_STEPS, LEAST_STEPS, WIDTHS
from recyclegan.runs import read_config
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.networks import AdversaryConfig
from recyclegan.settings.training import TrainConfig
from recyclegan.training import train
from tests.small import NETWORKS, make_data, small_config

SLOW, FAST = 0.4, 1e-3


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "data", num_frames=2, height=90, width=160)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[TrainConfig]:
    """Stand in for the machine: a step of width 16 at 64x112 takes ``SLOW`` seconds; return what is timed."""
    tried: list[TrainConfig] = []

    def seconds(config: TrainConfig, *_: object) -> float:
        height, width = config.frames.size
        return SLOW * height * width * config.networks.width / (64 * 112 * 16)

    def trial(config: TrainConfig, *_: object) -> float:
        tried.append(config)
        return seconds(config)

    monkeypatch.setattr(minutes, "trial_seconds", trial)
    monkeypatch.setattr(minutes, "step_seconds", seconds)
    return tried


def config_of(data: Path, **changes: object) -> TrainConfig:
    return small_config(data, data.parent / "run", **changes)


def test_little_time_goes_into_the_smallest_frames(data: Path, machine: list[TrainConfig]) -> None:
    planned = minutes.plan(config_of(data), 15)
    config = planned.config
    assert (config.frames.size, config.networks.width, config.networks.discriminator_width) == ((64, 112), 16, 32)
    assert (config.frames.load_size, config.frames.resize) == (None, "rectangle")
    assert 0.9 * 2250 < config.steps <= 2250
    assert planned.summary == (
        f"15 minutes: frames of 64x112, networks of width 16, {config.steps:,} steps of 0.4 s; "
        f"width 24 would take 0.6 s a step, and leave fewer than {ENOUGH_STEPS:,}"
    )


def test_more_time_buys_width_where_frames_hold_no_more(data: Path, machine: list[TrainConfig]) -> None:
    planned = minutes.plan(config_of(data), 100)
    assert (planned.config.frames.size, planned.config.networks.width) == ((64, 112), 64)
    assert planned.config.steps > ENOUGH_STEPS
    assert [config.networks.width for config in machine] == list(WIDTHS)


def test_more_time_buys_size_first(tmp_path: Path, machine: list[TrainConfig]) -> None:
    data = make_data(tmp_path / "large", num_frames=1, height=288, width=512)
    config = minutes.plan(config_of(data), 60).config
    assert (config.frames.size, config.networks.width) == ((128, 224), 16)


def test_too_little_time_is_said(data: Path, machine: list[TrainConfig]) -> None:
    planned = minutes.plan(config_of(data), 2)
    assert planned.config.steps < 300
    assert planned.summary.endswith("fewer than 1,200 steps seldom show the whole look: give more minutes")


def test_what_timing_alone_took_off_is_no_reason_to_warn(
    data: Path, machine: list[TrainConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minutes, "step_seconds", lambda *_: 1.1 * SLOW)
    planned = minutes.plan(config_of(data), 9)
    assert 1080 <= planned.config.steps < LEAST_STEPS
    assert "seldom" not in planned.summary


@pytest.mark.parametrize("field", ["size", "width", "steps"])
def test_what_is_given_is_kept(data: Path, machine: list[TrainConfig], field: str) -> None:
    given = config_of(data, steps=300, frames=DataConfig(size=(32, 48), load_size=(40, 60)))
    config = minutes.plan(given, 10, [field]).config
    kept = {"size": config.frames.size, "width": config.networks.width, "steps": config.steps}
    before = {"size": (32, 48), "width": NETWORKS.width, "steps": 300}
    assert kept[field] == before[field]
    assert (config.frames.load_size == (40, 60)) == (field == "size")
    assert (config.networks.discriminator_width == NETWORKS.discriminator_width) == (field == "width")
    assert all(kept[other] != before[other] for other in kept if other != field)


@pytest.mark.parametrize(("wanted", "parts"), [(10, ()), (100, (2, 1))])
def test_parts_of_small_frames_are_kept_where_the_chosen_frames_allow_them(
    tmp_path: Path, machine: list[TrainConfig], wanted: float, parts: tuple[int, ...]
) -> None:
    data = make_data(tmp_path / "large", num_frames=1, height=288, width=512)
    frames, scales = DataConfig(size=(256, 256)), AdversaryConfig(scales=2)
    networks = replace(NETWORKS, adversary=scales)
    start = config_of(data, progressive=(2, 1), frames=frames, networks=networks)
    assert minutes.plan(start, wanted).config.progressive == parts


@pytest.mark.parametrize(("wanted", "shown"), [(1, 50), (10, 140), (1000, 500)])
def test_a_short_run_shows_its_samples_early(data: Path, machine: list[TrainConfig], wanted: float, shown: int) -> None:
    start = config_of(data, sample_every=500)
    assert minutes.plan(start, wanted).config.sample_every == pytest.approx(shown, abs=10)
    assert minutes.plan(start, wanted, ["sample_every"]).config.sample_every == 500


def test_fewer_steps_that_are_given_buy_larger_networks(data: Path, machine: list[TrainConfig]) -> None:
    config = minutes.plan(config_of(data, steps=400), 10, ["steps"]).config
    assert (config.steps, config.networks.width) == (400, 48)


@pytest.mark.parametrize(
    ("given", "changes", "words"),
    [
        (["size", "width", "steps"], {}, "leave one of them out"),
        (["load_size"], {}, "found --load-size; give --size besides"),
        ([], {"frames": DataConfig(resize="none")}, "found --resize none; give --size besides"),
        ([], {"devices": 2}, "found --devices 2; give --steps instead"),
    ],
)
def test_what_leaves_nothing_to_choose_is_refused(data: Path, given, changes, words) -> None:
    with pytest.raises(InputError, match=words):
        minutes.plan(config_of(data, **changes), 10, given)


def test_timing_that_takes_too_long_ends(
    data: Path, machine: list[TrainConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(minutes, "monotonic", lambda: now[0])

    def slow(config: TrainConfig, *_: object) -> float:
        machine.append(config)
        now[0] += 61
        return FAST

    monkeypatch.setattr(minutes, "trial_seconds", slow)
    assert minutes.plan(config_of(data), 10).config.networks.width == WIDTHS[0]
    assert len(machine) == 1


@pytest.mark.parametrize("slowness", [0.02, 0.4, 1.5])
@pytest.mark.parametrize("wanted", [2.0, 10.0, 90.0])
@pytest.mark.parametrize("reading", [0.0, 0.2])
def test_timing_reading_and_training_together_take_the_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slowness: float, wanted: float, reading: float
) -> None:
    data = make_data(tmp_path / "large", num_frames=1, height=288, width=512)
    now, timing = [0.0], [0.0]

    def seconds(config: TrainConfig, at_most: float) -> float:
        height, width = config.frames.size
        step = slowness * height * width * config.networks.width / (64 * 112 * 16)
        timing[0] += max(2 * step, min(6 * step, at_most + step))
        now[0] = timing[0]
        return step

    def step_seconds(config: TrainConfig, decoding: object, num_timed: int, at_most: float) -> float:
        step = seconds(config, at_most)
        now[0] += reading * 60 * wanted
        return step

    monkeypatch.setattr(minutes, "monotonic", lambda: now[0])
    monkeypatch.setattr(minutes, "trial_seconds", lambda config, _, at_most: seconds(config, at_most))
    monkeypatch.setattr(minutes, "step_seconds", step_seconds)
    config = minutes.plan(config_of(data), wanted).config
    height, width = config.frames.size
    taken = now[0] + config.steps * slowness * height * width * config.networks.width / (64 * 112 * 16)
    assert timing[0] <= 0.15 * 60 * wanted
    assert 0.85 * 60 * wanted <= taken <= 60 * wanted


def test_it_keeps_to_its_minutes_and_stands_in_the_run_as_plain_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(minutes, "WIDTHS", (4,))
    data = make_data(tmp_path / "data", num_frames=4, height=72, width=96)
    start, wanted = time.monotonic(), 0.2
    planned = minutes.plan(config_of(data, sample_every=1000, save_every=1000), wanted)
    outcome = train(planned.config)
    assert 1 < outcome.steps == planned.config.steps
    assert time.monotonic() - start < 10 * 60 * wanted  # only a bound: tests share their machine
    stored = json.loads((planned.config.out / "config.json").read_text())
    assert (stored["steps"], stored["frames"]["size"]) == (outcome.steps, [64, 88])
    assert "minutes" not in stored
    assert read_config(planned.config.out) == planned.config
