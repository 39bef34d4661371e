"""Warping moves frames exactly, and synthetic motion is what its settings say, for any frame."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from recyclegan.errors import InputError
from recyclegan.flow import (
    REFERENCE_SIDE,
    Motion,
    box_blur,
    compose,
    pixel_grid,
    projective_flow,
    sample_motion,
    sample_noise,
    smooth_flow,
    turn_homography,
    visible,
    warp,
    zoom_homography,
)
from recyclegan.settings.motion import FlowSynthesis

SIDES = st.integers(1, 40)
SEEDS = st.integers(0, 2**31 - 1)
STILL = FlowSynthesis(motion=0.0, shift=0)
EVERYTHING = FlowSynthesis(zoom=5.0, rotation=10.0, perspective=0.2)


def noise(seed: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.rand(shape, generator=generator(seed), dtype=dtype) * 2 - 1


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def uniform_flow(dx: float, dy: float, height: int, width: int, batch: int = 1) -> Tensor:
    return torch.tensor([float(dx), float(dy)]).view(1, 2, 1, 1).repeat(batch, 1, height, width)


def ramp(height: int, width: int) -> Tensor:
    """Return frames whose two channels hold the coordinates (x, y) of each pixel."""
    return pixel_grid(torch.zeros(1, 2, height, width, dtype=torch.float64)).clone()


@given(SIDES, SIDES, SEEDS)
@settings(max_examples=30, deadline=None)
def test_zero_flow_returns_the_frames_bit_for_bit(height: int, width: int, seed: int) -> None:
    frames = noise(seed, 2, 3, height, width)
    assert torch.equal(warp(frames, torch.zeros(2, 2, height, width)), frames)


@pytest.mark.parametrize("size", [(256, 512), (286, 542), (97, 1100)])
def test_zero_flow_returns_large_frames_bit_for_bit(size: tuple[int, int]) -> None:
    frames = noise(0, 1, 3, *size)
    assert torch.equal(warp(frames, torch.zeros(1, 2, *size)), frames)


@given(SIDES, SIDES, st.integers(-50, 50), st.integers(-50, 50), SEEDS)
@settings(max_examples=40, deadline=None)
def test_whole_pixel_flow_moves_exactly_and_repeats_the_border(
    height: int, width: int, dx: int, dy: int, seed: int
) -> None:
    frames = noise(seed, 1, 2, height, width)
    rows = (torch.arange(height) - dy).clamp(0, height - 1)
    columns = (torch.arange(width) - dx).clamp(0, width - 1)
    assert torch.equal(warp(frames, uniform_flow(dx, dy, height, width)), frames[:, :, rows][..., columns])


@given(SIDES, SIDES, SEEDS)
@settings(max_examples=20, deadline=None)
def test_warp_reads_the_ramp_at_p_minus_flow(height: int, width: int, seed: int) -> None:
    flow = 3 * noise(seed, 1, 2, height, width, dtype=torch.float64)
    wanted = ramp(height, width) - flow
    limits = torch.tensor([width - 1, height - 1]).view(1, 2, 1, 1)
    wanted = torch.minimum(wanted.clamp(min=0), limits)
    torch.testing.assert_close(warp(ramp(height, width), flow), wanted, rtol=0, atol=1e-9)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float64])
def test_warp_computes_positions_in_the_precision_of_the_flow(kind: torch.dtype) -> None:
    frames = noise(0, 1, 3, 64, 300)
    flow = sample_motion(FlowSynthesis(), frames, generator(0)).flow
    warped = warp(frames.to(kind), flow)
    assert warped.dtype == kind
    assert float((warped.float() - warp(frames, flow)).abs().max()) < 0.01


def test_each_sample_of_a_batch_is_warped_by_its_own_flow() -> None:
    frames = noise(0, 2, 3, 8, 9)
    flow = torch.cat([uniform_flow(2, 0, 8, 9), uniform_flow(0, -1, 8, 9)])
    apart = [warp(frames[i : i + 1], flow[i : i + 1]) for i in range(2)]
    assert torch.equal(warp(frames, flow), torch.cat(apart))
    assert not torch.equal(apart[0], warp(frames[:1], flow[1:]))


def test_warp_has_the_right_gradients() -> None:
    frames = noise(1, 2, 2, 5, 6, dtype=torch.float64).requires_grad_()
    inside = ramp(5, 6).repeat(2, 1, 1, 1) - torch.tensor([2.3, 1.6]).view(1, 2, 1, 1)
    flow = (inside + 0.3 * noise(2, 2, 2, 5, 6, dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(warp, (frames, flow))


@given(SIDES, SIDES, st.integers(-45, 45), st.integers(-45, 45))
@settings(max_examples=40, deadline=None)
def test_visible_is_where_the_source_lies_inside(height: int, width: int, dx: int, dy: int) -> None:
    flow = uniform_flow(dx, dy, height, width)
    rows, columns = np.arange(height) - dy, np.arange(width) - dx
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))
    np.testing.assert_array_equal(visible(flow)[0, 0].numpy(), inside)
    assert torch.equal(Motion(flow).visible, visible(flow))


def test_visible_is_exact_at_fractions_of_a_pixel() -> None:
    assert visible(uniform_flow(0.25, 0, 1, 4))[0, 0, 0].tolist() == [False, True, True, True]
    assert visible(uniform_flow(-0.25, 0, 1, 4))[0, 0, 0].tolist() == [True, True, True, False]


@given(st.integers(-6, 6), st.integers(-6, 6), st.integers(-6, 6), st.integers(-6, 6))
@settings(max_examples=20, deadline=None)
def test_composed_shifts_add_up(ax: int, ay: int, bx: int, by: int) -> None:
    composed = compose(uniform_flow(ax, ay, 9, 11), uniform_flow(bx, by, 9, 11))
    torch.testing.assert_close(composed, uniform_flow(ax + bx, ay + by, 9, 11))


def test_a_composed_flow_warps_like_both_one_after_the_other() -> None:
    frames = ramp(64, 96)
    synthesis = replace(EVERYTHING, motion=3.0, shift=2)
    first, second = (sample_motion(synthesis, frames, generator(seed)).flow for seed in (1, 2))
    both = compose(first, second)
    inner = (slice(None), slice(None), slice(20, 44), slice(20, 76))
    apart, joined = warp(warp(frames, first), second), warp(frames, both)
    torch.testing.assert_close(apart[inner], joined[inner], rtol=0, atol=0.05)
    assert float((joined - warp(frames, second))[inner].abs().mean()) > 0.5
    assert float((joined - warp(warp(frames, second), first))[inner].abs().mean()) > 0.05


def test_no_motion_at_all_gives_zero_flow() -> None:
    frames = noise(0, 2, 3, 40, 50)
    assert torch.equal(sample_motion(STILL, frames, generator(0)).flow, torch.zeros(2, 2, 40, 50))


@given(st.integers(1, 130), st.integers(1, 130), st.booleans())
@settings(max_examples=25, deadline=None)
def test_motion_is_drawn_for_any_frame_size(height: int, width: int, relative: bool) -> None:
    frames = torch.zeros(2, 1, height, width)
    motion = sample_motion(replace(EVERYTHING, relative=relative), frames, generator(3))
    assert motion.flow.shape == (2, 2, height, width)
    assert motion.flow.isfinite().all()
    assert motion(frames).shape == frames.shape


@pytest.mark.parametrize("relative", [True, False])
def test_motion_is_drawn_for_wide_frames(relative: bool) -> None:
    flow = sample_motion(FlowSynthesis(relative=relative), torch.zeros(1, 3, 620, 1100), generator(0)).flow
    assert flow.shape == (1, 2, 620, 1100)
    assert float(flow.std()) > 0.5
    assert float(flow.abs().max()) < 150


@pytest.mark.parametrize("synthesis", [FlowSynthesis(), EVERYTHING], ids=["default", "everything"])
def test_motion_follows_from_the_generator_alone_and_differs_for_each_sample(synthesis: FlowSynthesis) -> None:
    frames = torch.zeros(3, 3, 48, 64)
    once, again = (sample_motion(synthesis, frames, generator(5)).flow for _ in range(2))
    assert torch.equal(once, again)
    for other in (once[1:2], once[2:], sample_motion(synthesis, frames, generator(6)).flow[:1]):
        assert float((once[:1] - other).abs().mean()) > 0.1
    torch.manual_seed(0)
    before = torch.get_rng_state()
    sample_motion(synthesis, frames, generator(5))
    assert torch.equal(torch.get_rng_state(), before), "torch's global random state is left alone"


def test_one_generator_draws_another_motion_each_time() -> None:
    frames, rng = torch.zeros(1, 3, 48, 64), generator(5)
    assert not torch.equal(
        sample_motion(FlowSynthesis(), frames, rng).flow, sample_motion(FlowSynthesis(), frames, rng).flow
    )


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_motion_and_noise_come_in_the_type_of_the_frames(kind: torch.dtype) -> None:
    frames = torch.zeros(1, 3, 40, 40, dtype=kind)
    assert sample_motion(FlowSynthesis(), frames, generator(0)).flow.dtype == kind
    assert sample_noise(FlowSynthesis(), frames, generator(0)).dtype == kind


@pytest.mark.parametrize("size", [(REFERENCE_SIDE, 400), (300, REFERENCE_SIDE)])
def test_relative_setting_is_the_published_one_at_the_reference_side(size: tuple[int, int]) -> None:
    frames = torch.zeros(1, 3, *size)
    relative, absolute = (sample_motion(FlowSynthesis(relative=r), frames, generator(1)).flow for r in (True, False))
    assert torch.equal(relative, absolute)


def test_relative_setting_scales_motion_with_the_frame() -> None:
    large, small = (
        sample_motion(FlowSynthesis(shift=0), torch.zeros(1, 3, side, 2 * side), generator(1)).flow
        for side in (512, 256)
    )
    shrunk = torch.nn.functional.interpolate(large, size=(256, 512), mode="area") / 2
    torch.testing.assert_close(shrunk, small, rtol=0, atol=0.3)
    assert float(small.std()) > 1
    absolute = sample_motion(FlowSynthesis(shift=0, relative=False), torch.zeros(1, 3, 512, 1024), generator(1)).flow
    assert float((absolute - large).abs().mean()) > 1


def test_shift_is_whole_pixels_within_its_limit_for_each_axis() -> None:
    shift = FlowSynthesis(motion=0.0, shift=3, relative=False)
    flows = sample_motion(shift, torch.zeros(200, 1, 8, 8), generator(0)).flow
    assert torch.equal(flows, flows[..., :1, :1].expand_as(flows))
    drawn = flows[:, :, 0, 0]
    for axis in (0, 1):
        assert set(drawn[:, axis].tolist()) == {-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0}
    assert abs(float(torch.corrcoef(drawn.T)[0, 1])) < 0.3, "the axes are drawn apart"


def test_coarse_field_has_the_stated_deviation() -> None:
    field = FlowSynthesis(motion=8.0, shift=0, smoothness=100, relative=False)
    flows = sample_motion(field, torch.zeros(400, 1, 40, 40), generator(0)).flow
    assert torch.allclose(flows, flows[..., :1, :1].expand_as(flows), atol=1e-4), "one cell fills the frame"
    assert float(flows[:, :, 0, 0].std()) == pytest.approx(8, rel=0.08)
    assert abs(float(flows[:, :, 0, 0].mean())) < 1


@pytest.mark.parametrize("seed", range(3))
def test_noise_has_the_stated_deviation_times_one_to_two(seed: int) -> None:
    rng = generator(seed)
    synthesis, frames = FlowSynthesis(noise=0.01), torch.zeros(1, 3, 128, 128)
    deviations = [float(sample_noise(synthesis, frames, rng).std()) for _ in range(30)]
    assert 0.0098 < min(deviations) < 0.0125
    assert 0.0175 < max(deviations) < 0.0205
    assert np.mean(deviations) == pytest.approx(0.015, rel=0.15)


def test_no_noise_is_zero() -> None:
    frames = torch.zeros(1, 3, 8, 8)
    assert torch.equal(sample_noise(FlowSynthesis(noise=0.0), frames, generator(0)), frames)


def reflected_mean(values: np.ndarray, window: int) -> np.ndarray:
    """Return the mean over an explicit window along both axes; np.pad's "reflect" does not repeat the border."""
    back = window // 2
    for axis in (0, 1):
        pads = [(0, 0), (0, 0)]
        pads[axis] = (back, window - 1 - back)
        padded = np.pad(values, pads, mode="reflect")
        views = [padded.take(range(start, start + values.shape[axis]), axis) for start in range(window)]
        values = np.mean(views, axis=0)
    return values


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 50), SEEDS)
@settings(max_examples=60, deadline=None)
def test_box_blur_is_a_plain_mean_over_a_reflected_window(height: int, width: int, window: int, seed: int) -> None:
    flow = noise(seed, 2, 2, height, width, dtype=torch.float64)
    blurred = box_blur(flow, window)
    for sample in range(2):
        for axis in range(2):
            wanted = reflected_mean(flow[sample, axis].numpy(), window)
            np.testing.assert_allclose(blurred[sample, axis].numpy(), wanted, atol=1e-12)


@pytest.mark.parametrize(("window", "reached"), [(4, [0, 0, 1, 1, 1, 1, 0, 0, 0]), (5, [0, 0, 1, 1, 1, 1, 1, 0, 0])])
def test_an_even_window_reaches_one_further_back_than_ahead(window: int, reached: list[int]) -> None:
    impulse = torch.zeros(1, 2, 1, 9)
    impulse[..., 4] = window
    row = box_blur(impulse, window)[0, 0, 0]
    wanted = torch.tensor(reached if window == 5 else [0, 0, 0, 1, 1, 1, 1, 0, 0], dtype=torch.float32)
    torch.testing.assert_close(row, wanted)


def test_box_blur_keeps_constants_and_a_window_of_one_changes_nothing() -> None:
    flow = noise(0, 1, 2, 7, 9)
    torch.testing.assert_close(box_blur(flow, 1), flow, rtol=0, atol=1e-6)
    constant = torch.full((1, 2, 7, 9), 3.5)
    torch.testing.assert_close(box_blur(constant, 100), constant)


def test_smooth_flow_adds_the_shift_to_both_axes_apart() -> None:
    coarse = torch.zeros(1, 2, 1, 1)
    flow = smooth_flow(coarse, torch.tensor([[4.0, -7.0]]), 20, 30, window=10)
    torch.testing.assert_close(flow, uniform_flow(4, -7, 20, 30))


@given(st.integers(1, 30), st.integers(1, 30))
@settings(max_examples=20, deadline=None)
def test_the_identity_homography_gives_zero_flow(height: int, width: int) -> None:
    flow = projective_flow(torch.eye(3, dtype=torch.float64)[None], height, width)
    assert torch.equal(flow, torch.zeros(1, 2, height, width, dtype=torch.float64))


@given(st.floats(-20, 20), st.floats(0, 40), st.floats(0, 30))
@settings(max_examples=20, deadline=None)
def test_zoom_moves_in_proportion_to_the_distance_from_its_centre(strength: float, x: float, y: float) -> None:
    centre = torch.tensor([[x, y]], dtype=torch.float64)
    flow = projective_flow(zoom_homography(torch.tensor([strength], dtype=torch.float64), centre), 31, 41)
    wanted = strength / 100 * (ramp(31, 41) - centre.view(1, 2, 1, 1))
    torch.testing.assert_close(flow, wanted, rtol=0, atol=1e-9)


@given(st.floats(-180, 180))
@settings(max_examples=30, deadline=None)
def test_rotation_moves_a_pixel_about_the_centre_by_its_angle(degrees: float) -> None:
    angle = torch.tensor([math.radians(degrees)], dtype=torch.float64)
    flow = projective_flow(turn_homography(angle, torch.zeros(1, 2, dtype=torch.float64), 21, 41), 21, 41)
    x, y = 27, 6
    source_x, source_y = x - float(flow[0, 0, y, x]), y - float(flow[0, 1, y, x])
    before, after = complex(source_x - 20, source_y - 10), complex(x - 20, y - 10)
    assert abs(before) == pytest.approx(abs(after))
    turned = before / after
    assert turned.real == pytest.approx(math.cos(math.radians(degrees)), abs=1e-9)
    assert turned.imag == pytest.approx(math.sin(math.radians(degrees)), abs=1e-9)


def test_a_quarter_turn_turns_the_frame() -> None:
    frames = noise(0, 1, 3, 15, 15, dtype=torch.float64)
    angle = torch.tensor([math.pi / 2], dtype=torch.float64)
    flow = projective_flow(turn_homography(angle, torch.zeros(1, 2, dtype=torch.float64), 15, 15), 15, 15)
    turned = warp(frames, flow)
    assert any(torch.allclose(turned, frames.rot90(k, (2, 3)), atol=1e-9) for k in (1, -1))


def test_perspective_brings_one_side_nearer_by_its_fraction() -> None:
    tilt = torch.tensor([[0.1, 0.0]], dtype=torch.float64)
    angle = torch.zeros(1, dtype=torch.float64)
    height, width = 101, 201
    source = ramp(height, width) - projective_flow(turn_homography(angle, tilt, height, width), height, width)
    seen = source[0, 1, -1] - source[0, 1, 0]
    assert float(seen[0] / seen[-1]) == pytest.approx(1.05 / 0.95)
    assert float(seen[100]) == pytest.approx(height - 1), "the middle keeps its size"
    assert torch.equal(source[0, :, 50, 100], torch.tensor([100.0, 50.0], dtype=torch.float64))


@pytest.mark.parametrize(
    ("setting", "still"),
    [({"zoom": 6.0}, False), ({"rotation": 8.0}, True), ({"perspective": 0.3}, True), ({"motion": 8.0}, False)],
    ids=str,
)
def test_each_motion_alone_moves_the_corners_and_turns_keep_the_centre(setting: dict, still: bool) -> None:
    frames = torch.zeros(20, 1, 65, 65)
    flow = sample_motion(replace(STILL, **setting), frames, generator(4)).flow
    assert float(flow[..., 0, 0].norm(dim=1).mean()) > 0.3
    centre = float(flow[..., 32, 32].norm(dim=1).max())
    assert (centre < 1e-3) == still


@pytest.mark.parametrize("setting", [{"zoom": 6.0}, {"rotation": 8.0}, {"perspective": 0.3}], ids=str)
def test_motions_stay_within_their_settings_and_use_both_signs(setting: dict) -> None:
    frames = torch.zeros(100, 1, 65, 65)
    flow = sample_motion(replace(STILL, **setting), frames, generator(4)).flow.double()
    source = ramp(65, 65) - flow
    if "zoom" in setting:
        strengths = 100 * (flow[:, 0, 10, 60] - flow[:, 0, 10, 10]) / 50
        limit = 6.0
    elif "rotation" in setting:
        right = source[:, :, 32, 60] - 32
        strengths = torch.rad2deg(torch.atan2(right[:, 1], right[:, 0]))
        limit = 8.0
    else:
        seen = source[:, 1, 32:33] - source[:, 1, 31:32]
        strengths = (seen[:, 0, 0] - seen[:, 0, -1]) / seen[:, 0, 32]
        limit = 0.33
    assert float(strengths.abs().max()) <= limit * 1.001
    assert float(strengths.max()) > 0.6 * limit
    assert float(strengths.min()) < -0.6 * limit


def test_zoom_rotation_and_perspective_add_to_the_smooth_motion() -> None:
    frames = torch.zeros(1, 1, 64, 64)
    smooth = sample_motion(FlowSynthesis(shift=3), frames, generator(7)).flow
    both = sample_motion(FlowSynthesis(shift=3, rotation=1e-4), frames, generator(7)).flow
    torch.testing.assert_close(both, smooth, rtol=0, atol=1e-2)
    turned = sample_motion(FlowSynthesis(shift=3, rotation=20.0), frames, generator(7)).flow
    assert float((turned - smooth).abs().max()) > 1


@pytest.mark.parametrize("name", ["motion", "shift", "zoom", "rotation", "perspective", "noise"])
def test_negative_settings_are_refused_by_name(name: str) -> None:
    with pytest.raises(InputError, match=rf"flow {name}: found -1.*expected (0 to|at least 0 and below)"):
        FlowSynthesis(**{name: -1 if name == "shift" else -1.0})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30])
@pytest.mark.parametrize("name", ["motion", "zoom", "rotation", "perspective", "noise"])
def test_settings_that_are_not_finite_or_absurd_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(InputError, match=rf"flow {name}: found .*expected"):
        FlowSynthesis(**{name: value})


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"smoothness": 0}, "flow smoothness: found 0, expected 1 to 10000"),
        ({"perspective": 1.0}, r"flow perspective: found 1\.0, expected at least 0 and below 1"),
    ],
)
def test_impossible_settings_are_refused(setting: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        FlowSynthesis(**setting)
