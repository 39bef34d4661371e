"""Translations that commute with motion score 0; those tied to the place in the frame score what they must."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.flow import Motion, sample_motion
from recyclegan.metrics.temporal import equivariance_error
from recyclegan.settings.motion import FlowSynthesis


def frames(seed=0, batch=2):
    return torch.rand(batch, 3, 40, 64, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def shift(dx, dy, batch=2):
    return Motion(torch.tensor([float(dx), float(dy)]).view(1, 2, 1, 1).expand(batch, 2, 40, 64))


def sampled(seed):
    return sample_motion(FlowSynthesis(relative=False), frames(), torch.Generator().manual_seed(seed))


@given(seed=st.integers(0, 2**31 - 1))
@settings(max_examples=10, deadline=None)
def test_affine_colour_maps_commute_with_any_motion(seed):
    error = equivariance_error(lambda x: 0.5 * x.flip(1) - 0.2, frames(seed), sampled(seed))
    assert error.max().item() == pytest.approx(0, abs=1e-6)


def test_pixelwise_maps_commute_with_whole_pixel_motion():
    assert equivariance_error(lambda x: x.pow(3), frames(), shift(5, -3)).max().item() == pytest.approx(0, abs=1e-5)


def test_pattern_fixed_to_the_frame_is_measured_exactly():
    """A ramp across the frame moves by dx under the motion: the error is its slope times dx, half for the units."""
    slope = 0.01
    ramp = slope * torch.arange(64.0)
    error = equivariance_error(lambda x: 0 * x + ramp, frames(), shift(4, 0))
    torch.testing.assert_close(error, torch.full((2,), slope * 4 / 2), rtol=1e-3, atol=1e-6)


def test_error_rises_with_the_strength_of_the_pattern():
    pattern = frames(7, 1)
    errors = [
        equivariance_error(lambda x, s=strength: x + s * pattern, frames(), sampled(0)).mean().item()
        for strength in (0, 0.1, 0.2, 0.4)
    ]
    assert errors == sorted(errors)
    assert errors[0] < 1e-5 < errors[1]


def test_hidden_pixels_do_not_count():
    assert equivariance_error(lambda x: x, frames(), shift(100, 0)).isnan().all()
