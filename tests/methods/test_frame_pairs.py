"""Pairs of frames: a translator that commutes with motion makes the pairs that real footage makes, another does not."""

import pytest
import torch

from recyclegan.flow import sample_motion, warp
from recyclegan.methods.adversary import aligned, inverse
from recyclegan.settings.motion import FlowSynthesis
from tests.small import random_clips

MOTION = FlowSynthesis(zoom=3.0)


def smooth_frames(batch: int = 3) -> torch.Tensor:
    coarse = random_clips(0, batch=batch, size=(6, 9))[:, 0]
    return torch.nn.functional.interpolate(coarse, size=(64, 96), mode="bicubic").clamp(-1, 1)


def drawn(x: torch.Tensor):
    return sample_motion(MOTION, x, torch.Generator().manual_seed(0))


def test_an_inverse_flow_undoes_the_motion() -> None:
    x = smooth_frames()
    motion = drawn(x)
    back = inverse(motion.flow)
    there = warp(motion.flow, back) + back
    inner = (slice(None), slice(None), slice(16, -16), slice(16, -16))
    assert float(motion.flow.abs().max()) > 1.5
    assert float(there[inner].abs().max()) < 0.02, "pixels"


def test_a_real_frame_and_its_motion_undone_differ_by_resampling_alone() -> None:
    x = smooth_frames()
    motion = drawn(x)
    pair = aligned(x, motion(x), motion)
    assert float((pair.second - x).abs().mean()) < 0.01
    assert float((motion(x) - x).abs().mean()) > 0.1, "the motion is none too small to matter"


def test_a_translator_that_commutes_with_motion_makes_the_pairs_of_real_footage() -> None:
    x = smooth_frames()
    motion = drawn(x)

    def perfect(frames: torch.Tensor) -> torch.Tensor:
        return 0.5 * frames.flip(1) - 0.2

    y = perfect(x)
    fake, real = aligned(y, perfect(motion(x)), motion), aligned(y, motion(y), motion)
    torch.testing.assert_close(fake.joined(), real.joined(), atol=1e-5, rtol=0)


def test_flicker_stands_in_the_difference_of_a_pair() -> None:
    x = smooth_frames()
    motion = drawn(x)
    steady, flickering = (aligned(x, motion(x) + jump, motion).joined()[:, 3:] for jump in (0.0, 0.1))
    assert float((flickering - steady).mean()) == pytest.approx(0.1, abs=0.02)
    assert float(steady.abs().mean()) < 0.01
