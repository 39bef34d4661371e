"""Measures of held-out frames: fixed motion, true values for translators that are known, and what their course says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from recyclegan.distributed.processes import make_fabric
from recyclegan.settings.methods import METHODS
from recyclegan.training.training_data import load_footage
from recyclegan.training.validation import mean_equivariance_error, notes_on_course, rise_at_the_end, validate, variety
from tests.small import make_data, random_clips, small_config, small_method

FRAMES = [random_clips(seed, size=(32, 48))[:, 0] for seed in range(2)]
PATTERN = random_clips(7, size=(32, 48))[:, 0]


def flat(level: float, height: int = 32, width: int = 48) -> Tensor:
    return torch.full((1, 3, height, width), level)


def test_translating_each_pixel_by_itself_commutes_with_motion() -> None:
    assert mean_equivariance_error(lambda frames: -0.5 * frames + 0.1, FRAMES) < 1e-6


def test_a_look_that_sticks_to_the_screen_is_an_error_as_large_as_it_is() -> None:
    small, large = (mean_equivariance_error(lambda x, s=s: x + s * PATTERN, FRAMES) for s in (0.1, 0.2))
    assert small > 0.01
    assert large == pytest.approx(2 * small, rel=1e-4)


def test_motions_are_the_same_each_time_and_nothing_random_is_used_up() -> None:
    before = torch.get_rng_state()
    first = mean_equivariance_error(lambda x: x + PATTERN, FRAMES)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(9)
    assert mean_equivariance_error(lambda x: x + PATTERN, FRAMES) == first


def test_variety_is_the_deviation_of_translations_from_each_other() -> None:
    frames = [flat(-0.5), flat(0.5)]
    assert variety(nn.Identity(), frames) == pytest.approx(0.25)
    assert variety(lambda x: 0.1 * x, frames) == pytest.approx(0.025)
    assert variety(lambda _: PATTERN, frames) == 0, "it ignores its input"


def test_frames_of_other_sizes_are_measured_too() -> None:
    frames = [flat(-0.5), flat(0.5, 40, 32)]
    assert variety(nn.Identity(), frames) == pytest.approx(0.25)
    assert mean_equivariance_error(nn.Identity(), frames) == 0


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_measured_in_each_of_its_directions(name: str, tmp_path: Path) -> None:
    config = small_config(make_data(tmp_path / "data"), tmp_path / "run")
    footage = load_footage(config, METHODS[name].clip_length, make_fabric(config), None)
    method = small_method(name).eval()
    measures = validate(method.generators, footage)
    assert set(measures) == {
        f"{direction}/{measure}" for direction in method.directions for measure in ("equivariance", "variety")
    }
    assert all(0 < value < 1 for value in measures.values())


def test_one_frame_has_no_variety(tmp_path: Path) -> None:
    config = small_config(make_data(tmp_path / "data", num_frames=1), tmp_path / "run")
    footage = load_footage(config, 1, make_fabric(config), None)
    assert set(validate(small_method().eval().generators, footage)) == {"ab/equivariance", "ba/equivariance"}


def test_a_rise_counts_over_the_last_third_alone() -> None:
    rising = [(step, 1 + step / 100) for step in range(0, 301, 25)]
    assert rise_at_the_end(rising) == pytest.approx(0.75 / 3.625, rel=1e-6), "from 3.25 at step 225 to 4"
    assert rise_at_the_end([(step, -value) for step, value in rising]) == 0
    assert rise_at_the_end([(step, 9 - value) for step, value in rising]) < 0
    assert rise_at_the_end([(step, min(step, 150)) for step, _ in rising]) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("points", [[], [(1, 0.5)], [(1, 0.1), (2, 0.2), (3, 0.9)], [(9, 0.0)] * 9], ids=str)
def test_a_course_of_few_points_or_none_says_nothing(points: list[tuple[float, float]]) -> None:
    assert rise_at_the_end(points) == 0


@given(st.floats(1e-3, 1e3), st.integers(1, 5000))
def test_a_rise_does_not_depend_on_the_units(scale: float, every: int) -> None:
    values = np.random.default_rng(0).uniform(1, 2, 30)
    rise = rise_at_the_end(list(enumerate(values, 1)))
    assert rise_at_the_end([(every * (n + 1), scale * v) for n, v in enumerate(values)]) == pytest.approx(rise)


def test_only_an_equivariance_error_that_rose_is_told() -> None:
    rising, falling = ([(step, 1 + sign * step / 15) for step in range(1, 13)] for sign in (1, -1))
    notes = notes_on_course({"ab/equivariance": rising, "ba/equivariance": falling, "ab/variety": rising})
    assert len(notes) == 1
    assert notes[0].startswith("ab/equivariance rose by 12%")
