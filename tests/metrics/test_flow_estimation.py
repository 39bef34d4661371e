"""Flow sources: sign, size and the pixels to trust."""

import builtins
import sys
import types
from itertools import pairwise

import numpy as np
import pytest
import torch

from recyclegan.errors import InputError
from recyclegan.flow import box_blur, visible, warp
from recyclegan.metrics.flow_estimation import (
    consistent,
    dis_flow,
    estimated_motion,
    exact_motion,
    flow_estimator,
    motion_boundary,
    raft_estimator,
    trusted,
    turned,
)
from recyclegan.roadworld import Drive


def scene(height=64, width=96, seed=0):
    noise = torch.rand(1, 2, height, width, generator=torch.Generator().manual_seed(seed))
    smooth = box_blur(noise, 7)[:, :1].expand(1, 3, height, width)
    return (smooth - smooth.amin()) / (smooth.amax() - smooth.amin()) * 2 - 1


def constant(dx, dy, height=64, width=96):
    return torch.tensor([float(dx), float(dy)]).view(1, 2, 1, 1).expand(1, 2, height, width).clone()


def test_dis_finds_the_pan_with_our_sign():
    previous = scene()
    current = warp(previous, constant(3, -2))
    motion = estimated_motion(previous, current, "dis", flow_estimator("dis"))
    inner = motion.flow[..., 12:-12, 12:-12]
    torch.testing.assert_close(inner, constant(3, -2)[..., 12:-12, 12:-12], atol=0.3, rtol=0)
    assert motion.visible[..., 12:-12, 12:-12].float().mean() > 0.95
    assert (motion.source, "Lai" in motion.mask) == ("dis", True)


def test_consistency_and_boundaries():
    backward = constant(5, 0)
    assert consistent(backward, -backward).all()
    assert not consistent(backward, backward).any()
    assert not motion_boundary(backward).any()
    backward[..., 48:] = -5
    boundary = motion_boundary(backward)
    assert boundary[..., 47].all()
    assert not boundary[..., :47].any()


def test_trusted_pixels_are_inside_the_frame():
    backward = constant(5, 0)
    np.testing.assert_array_equal(trusted(backward, -backward), visible(backward))
    assert not trusted(backward, -backward)[..., :5].any()


def test_exact_motion_keeps_what_it_is_given():
    flow = constant(1, 2)
    motion = exact_motion(flow, visible(flow))
    assert motion.flow is flow
    assert motion.source == "exact"


def test_forward_flow_is_turned():
    """A pan that leaves a pixel out, and a block that moves in front of it."""
    forward = np.zeros((40, 60, 2), np.float32)
    forward[:] = (3, -2)
    forward[5, 5] = np.nan
    flow, seen = turned(forward)
    inside = np.zeros((40, 60), bool)
    inside[:38, 3:] = True
    inside[3, 8] = False
    np.testing.assert_array_equal(seen, inside)
    np.testing.assert_array_equal(flow[seen], np.broadcast_to(np.float32([3, -2]), flow[seen].shape))
    forward[10:20, 10:20] = (13, -2)
    seen = turned(forward)[1]
    assert not seen[8:18, 23:33].any()
    assert not seen[8:18, 13:23].any()
    assert seen.sum() == inside.sum() - 200


def test_turned_flow_is_that_of_a_rendered_drive():
    """Both flows of roadworld are exact: turning the one gives the other, wherever it says to know it."""
    frames = list(Drive(seed=3, height=64, width=96, num_frames=4))
    for before, frame in pairwise(frames):
        flow, seen = turned(-before.flow_forward)
        both = seen & frame.visible_backward
        error = np.linalg.norm(flow - frame.flow_backward, axis=2)[both]
        assert both.mean() > 0.6
        assert np.quantile(error, 0.95) < 0.5
        assert (seen & ~frame.visible_backward).mean() < 0.08


def test_exact_is_no_estimator():
    with pytest.raises(InputError, match="not estimated"):
        flow_estimator("exact")


def test_missing_opencv_names_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match="recyclegan\\[metrics\\]"):
        dis_flow(*[np.zeros((32, 32, 3), np.uint8)] * 2)
    with pytest.raises(InputError, match="recyclegan\\[metrics\\]"):
        flow_estimator("dis")


def test_small_frames_are_refused_by_dis():
    with pytest.raises(InputError, match="at least 16"):
        dis_flow(*[np.zeros((8, 32, 3), np.uint8)] * 2)


@pytest.mark.parametrize("error", [ImportError, RuntimeError, OSError])
def test_broken_torchvision_names_the_remedy(monkeypatch, error):
    real = builtins.__import__

    def broken(name, *rest):
        if name.startswith("torchvision"):
            raise error("does not import")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", broken)
    with pytest.raises(InputError, match="recyclegan\\[vision\\]"):
        raft_estimator()


class ForwardFlow(torch.nn.Module):
    """Stands for RAFT: refines to a forward flow of (2, 1) and wants sides that are multiples of 8."""

    def forward(self, first, second):
        assert first.shape == second.shape
        assert first.shape[2] % 8 == first.shape[3] % 8 == 0
        flow = torch.tensor([2.0, 1.0]).view(1, 2, 1, 1).expand(len(first), 2, *first.shape[2:])
        return [flow * 0, flow]


def test_raft_is_padded_cropped_and_turned_to_our_sign(monkeypatch):
    models = types.ModuleType("torchvision.models")
    models.optical_flow = types.SimpleNamespace(raft_large=lambda **_: ForwardFlow())
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    frames = torch.zeros(2, 3, 30, 43)
    flow = raft_estimator()(frames, frames)
    torch.testing.assert_close(flow, constant(-2, -1, 30, 43).expand(2, 2, 30, 43))
