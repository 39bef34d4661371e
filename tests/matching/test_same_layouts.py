"""How crops are described: by what stands where, and not by the look; once, then from the cache."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recyclegan.data import Crop, DomainFrames, LoadSpec, Resize, load_data
from recyclegan.features.efficientnet import weights_file
from recyclegan.matching.candidates import candidates_of
from recyclegan.matching.layouts import CELLS, Layouts, describe, layouts_of, relative, simple_map
from recyclegan.tensors import to_frames
from tests.small import make_data, picture

SIMPLE = Layouts("simple", simple_map)
BOXES = torch.tensor([[0.0, 0.5, 0.0, 0.5], [0.5, 1.0, 0.25, 0.75]])


def steps() -> torch.Tensor:
    """Return a frame of 40 rows whose upper half is light, in 60 columns of growing lightness."""
    frame = torch.linspace(-0.5, 0.4, 60).expand(1, 3, 40, 60).clone()
    frame[..., :20, :] += 0.6
    return frame.clamp(-1, 1)


def test_a_darker_or_flatter_look_has_the_same_layout() -> None:
    frame = steps()
    for look in (frame * 0.3 - 0.6, frame * 0.7 + 0.2):
        assert torch.allclose(simple_map(look)[:, ::2], simple_map(frame)[:, ::2], atol=0.02)


def test_crops_are_described_at_their_place_in_the_frame() -> None:
    found = describe(simple_map(steps()), BOXES).unflatten(2, CELLS)
    assert found.shape == (2, 3, *CELLS)
    lightness, _, height = found.unbind(dim=1)
    assert bool((lightness[0].mean(dim=0) > lightness[1].mean(dim=0)).all())
    assert bool((lightness.diff(dim=2) > 0).all())
    assert height[0, :, 0].tolist() == pytest.approx([0.0625, 0.1875, 0.3125, 0.4375], abs=0.01)
    assert height[1, :, 0].tolist() == pytest.approx([0.5625, 0.6875, 0.8125, 0.9375], abs=0.01)


def test_a_look_is_told_relative_to_its_own_mean_and_spread() -> None:
    described = torch.randn(30, 4, 24, generator=torch.Generator().manual_seed(0))
    shifted = described * torch.tensor([1.0, 3.0, 0.2, 1.0])[:, None] + torch.tensor([0.0, 5.0, -2.0, 1.0])[:, None]
    assert (relative(described) - relative(shifted)).abs().max() <= 1
    assert relative(described).dtype == torch.int8


@pytest.fixture
def cached(tmp_path: Path) -> DomainFrames:
    spec = LoadSpec(Resize("none"))
    return load_data(make_data(tmp_path / "data"), "train", {"a": spec, "b": spec}, tmp_path / "cache")["a"]


def index_of(frames: DomainFrames, folder: Path, told: Any = lambda _: None) -> torch.Tensor:
    return layouts_of(frames, candidates_of(frames, 1, Crop("rectangle", 24, 36)), SIMPLE, folder, told)


def test_layouts_are_described_once_and_then_read(
    cached: DomainFrames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[int] = []
    first = index_of(cached, tmp_path / "cache", heard.append)
    assert heard == sorted(heard)
    assert heard[-1] == len(first)
    monkeypatch.setattr("recyclegan.matching.layouts.described", None)
    assert torch.equal(index_of(cached, tmp_path / "cache"), first)


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[:-40],
    "empty": lambda data: data[:0],
    "another byte": lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:],
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_index_is_made_anew(cached: DomainFrames, tmp_path: Path, kind: str) -> None:
    before = set((tmp_path / "cache").glob("*.npy"))
    first = index_of(cached, tmp_path / "cache")
    (path,) = set((tmp_path / "cache").glob("*.npy")) - before
    whole = path.read_bytes()
    path.write_bytes(DAMAGES[kind](whole))
    assert torch.equal(index_of(cached, tmp_path / "cache"), first)
    assert path.read_bytes() == whole


def test_other_frames_crops_and_descriptions_have_indices_of_their_own(cached: DomainFrames, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    number = len(list(cache.glob("*.npy")))
    for crop in (Crop("rectangle", 24, 36), Crop("rectangle", 20, 30), Crop("none")):
        layouts_of(cached, candidates_of(cached, 1, crop), SIMPLE, cache, lambda _: None)
    candidates = candidates_of(cached, 1, Crop("none"))
    layouts_of(cached, candidates, Layouts("other", simple_map), cache, lambda _: None)
    assert len(list(cache.glob("*.npy"))) == number + 4


@pytest.mark.skipif(weights_file() is None, reason="needs the extra features")
def test_deep_layouts_know_nothing_of_a_changed_exposure() -> None:
    from recyclegan.metrics.deep_features import deep_map

    frames = to_frames(np.stack([picture(seed, 64, 96) for seed in range(6)]))
    looks = [
        relative(torch.cat([describe(deep_map(frame[None]), BOXES) for frame in look])).double()
        for look in (frames, frames * 0.6 - 0.3)
    ]
    assert torch.cdist(*looks).argmin(dim=1).tolist() == list(range(12))
