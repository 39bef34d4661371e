"""Measures over time against footage whose flicker and motion are known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.flow import visible
from recyclegan.metrics.temporal import (
    change,
    excess_flicker,
    excess_flicker_map,
    flicker_map,
    flicker_measures,
    flow_difference,
    perceptual_change_difference,
    sharpness,
    soft_warping_error,
    warping_error,
)

seeds = st.integers(0, 2**31 - 1)


def picture(seed=0, height=32, width=48, batch=1):
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(seed)) * 1.6 - 0.8


def pan(dx, dy, like):
    return torch.tensor([float(dx), float(dy)]).view(1, 2, 1, 1).expand(len(like), 2, *like.shape[-2:])


@given(seed=seeds, dx=st.integers(-7, 7), dy=st.integers(-7, 7))
@settings(max_examples=15, deadline=None)
def test_whole_pixel_pan_of_a_still_image_is_perfectly_steady(seed, dx, dy):
    previous = picture(seed)
    current, flow = previous.roll((dy, dx), (2, 3)), pan(dx, dy, previous)
    assert warping_error(change(previous, current, flow), visible(flow)).item() == pytest.approx(0, abs=1e-9)
    assert (
        soft_warping_error(change(previous, current, flow), change(previous, current, flow)).item()
        < 0.02 * (abs(dx) + abs(dy)) + 1e-6
    )


def test_wrong_sign_of_the_flow_is_noticed():
    previous = picture()
    current, flow = previous.roll(3, 3), pan(-3, 0, previous)
    assert warping_error(change(previous, current, flow), visible(flow)).item() > 0.01


@given(seed=seeds, step=st.floats(0, 0.09))
@settings(max_examples=15, deadline=None)
def test_known_flicker_is_measured(seed, step):
    """The whole frame brightens by a known step: its size, its square, and exactly the excess over a steady source."""
    source = picture(seed)
    still, brighter = pan(0, 0, source), source + 2 * step
    mask = visible(still)
    assert warping_error(change(source, brighter, still), mask).item() == pytest.approx(step**2, abs=1e-6)
    assert soft_warping_error(change(source, brighter, still), change(source, source, still)).item() == pytest.approx(
        step, abs=1e-6
    )
    assert excess_flicker(change(source, brighter, still), change(source, source, still), mask).item() == pytest.approx(
        step, abs=1e-6
    )


def test_every_measure_rises_with_the_flicker_added():
    """Noise of growing strength on a moving scene."""
    source = picture()
    moved, flow = source.roll(2, 3), pan(2, 0, source)
    noise, mask = picture(1), visible(flow)
    outputs = [moved + strength * noise for strength in (0, 0.05, 0.1, 0.2, 0.4)]
    for values in (
        [warping_error(change(source, output, flow), mask).item() for output in outputs],
        [soft_warping_error(change(source, output, flow), change(source, moved, flow)).item() for output in outputs],
        [excess_flicker(change(source, output, flow), change(source, moved, flow), mask).item() for output in outputs],
    ):
        assert values == sorted(values)
        assert len(set(values)) == len(values)


def test_source_itself_has_no_excess_and_calm_does_not_pay_for_flicker():
    previous, current = picture(0), picture(1)
    still = pan(0, 0, previous)
    mask = visible(still)
    assert excess_flicker(change(previous, current, still), change(previous, current, still), mask).item() == 0
    half_calm = torch.cat([previous[..., :24], 2 * current[..., 24:] - previous[..., 24:]], dim=-1)
    extra = excess_flicker_map(change(previous, half_calm, still), change(previous, current, still))
    assert extra[..., :24].max() == 0
    torch.testing.assert_close(extra[..., 24:], flicker_map(change(previous, current, still))[..., 24:])


@given(dx=st.floats(-4, 4), dy=st.floats(-4, 4))
@settings(max_examples=15, deadline=None)
def test_pan_by_parts_of_a_pixel_is_steady_within_interpolation(dx, dy):
    """A smooth picture, drawn anew at each place: bilinear interpolation is wrong by at most its curvature / 8."""
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(56.0), indexing="ij")

    def drawn(dx, dy):
        return (torch.sin((x - dx) / 6) * torch.cos((y - dy) / 6)).expand(1, 3, 40, 56)

    flow = pan(dx, dy, drawn(0, 0))
    bound = (2 / 36 / 8) / 2
    error = warping_error(change(drawn(0, 0), drawn(dx, dy), flow), visible(flow)).item()
    assert error <= bound**2
    assert flicker_map(change(drawn(0, 0), drawn(dx, dy), flow))[visible(flow)].max() <= bound + 1e-6


def test_warping_error_agrees_with_opencv():
    """The same warp through OpenCV's remap, the same mean through NumPy."""
    cv2 = pytest.importorskip("cv2")
    previous, current = picture(0), picture(1)
    flow = 6 * torch.rand(1, 2, 32, 48, generator=torch.Generator().manual_seed(2)) - 3
    y, x = np.mgrid[:32, :48].astype(np.float32)
    dx, dy = flow[0].numpy()
    warped = cv2.remap(
        previous[0].permute(1, 2, 0).numpy(), x - dx, y - dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    squared = np.square((current[0].permute(1, 2, 0).numpy() - warped) / 2).mean(axis=2)
    expected = squared[visible(flow)[0, 0].numpy()].mean()
    assert warping_error(change(previous, current, flow), visible(flow)).item() == pytest.approx(expected, rel=0.01)


def test_all_measures_at_once_are_those_taken_one_by_one():
    frames = [picture(seed) for seed in range(4)]
    flow = pan(2, 1, frames[0])
    mask = visible(flow)
    ours, theirs = frames[:2], frames[2:]
    found = flicker_measures(change(*ours, flow), change(*theirs, flow), mask)
    assert found == {
        "warping_error": warping_error(change(*ours, flow), mask),
        "source_warping_error": warping_error(change(*theirs, flow), mask),
        "soft_warping_error": soft_warping_error(change(*ours, flow), change(*theirs, flow)),
        "source_soft_warping_error": soft_warping_error(change(*theirs, flow), change(*theirs, flow)),
        "added_flicker": excess_flicker(change(*ours, flow), change(*theirs, flow), mask),
    }


def test_hidden_pixels_do_not_count():
    previous, still = picture(), pan(0, 0, picture())
    current = previous.clone()
    current[..., :8] = 1
    mask = visible(still)
    mask[..., :8] = False
    assert warping_error(change(previous, current, still), mask).item() == pytest.approx(0, abs=1e-9)
    assert warping_error(change(previous, current, still), torch.zeros_like(mask)).isnan().all()


def test_soft_mask_trusts_the_source():
    """Where the source itself does not warp (d = 1 in each channel), flicker of the output weighs nothing."""
    black, white = -torch.ones(1, 3, 8, 8), torch.ones(1, 3, 8, 8)
    still = pan(0, 0, black)
    assert soft_warping_error(change(black, white, still), change(black, white, still)).item() < 1e-12
    assert soft_warping_error(change(black, white, still), change(black, black, still)).item() == pytest.approx(1)


def test_pairs_of_a_batch_are_measured_one_by_one():
    previous, current = picture(0, batch=3), picture(1, batch=3)
    still = pan(0, 0, previous)
    whole = warping_error(change(previous, current, still), visible(still))
    alone = [
        warping_error(change(previous[i : i + 1], current[i : i + 1], still[i : i + 1]), visible(still)[i : i + 1])
        for i in range(3)
    ]
    torch.testing.assert_close(whole, torch.cat(alone))


def test_flow_difference_is_a_distance_in_pixels():
    flow = pan(1, 1, picture())
    assert flow_difference(flow + pan(3, 4, flow), flow).item() == pytest.approx(5)
    assert flow_difference(flow, flow).item() == 0


def test_perceptual_change_difference_compares_changes():
    def distance(left, right):
        return (left - right).abs().mean(dim=(1, 2, 3))

    a, b = picture(0), picture(1)
    assert perceptual_change_difference(a, b, a, b, distance).item() == 0
    assert perceptual_change_difference(a, a, a, b, distance).item() == pytest.approx(distance(a, b).item())


def test_blur_lowers_sharpness_and_a_ramp_has_the_known_one():
    frames = picture()
    blurred = torch.nn.functional.avg_pool2d(frames, 3, 1, 1)
    assert sharpness(blurred).item() < 0.5 * sharpness(frames).item()
    assert sharpness(torch.zeros(1, 3, 8, 8)).item() == 0
    ramp = torch.linspace(-1, 1, 101).expand(1, 3, 5, 101)
    assert sharpness(ramp).item() == pytest.approx(0.01 * 100 / 101, rel=1e-4)
