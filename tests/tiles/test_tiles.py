"""Large frames in bands: the picture of the whole frame, for every generator, in the memory that was allowed."""

import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from recyclegan.errors import InputError
from recyclegan.networks import make_generator
from recyclegan.settings.networks import GeneratorName
from recyclegan.tiles.bands import Convolved, Reflected, Whole, Widened, statistics
from recyclegan.tiles.tiled import fits, in_bands, rows_within
from recyclegan.translation import Translator
from tests.small import PALETTE, picture, small_card

TOLERANCE = 1e-4
"""By which values in [-1, 1] of a frame in bands may differ from those of the whole frame: a hundredth of a level."""


def generator(name: GeneratorName, norm: Any = "instance", width: int = 4, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    network = make_generator(name, width=width, norm=norm, **options)
    return network.eval().requires_grad_(False)


def frames(height: int, width: int, count: int = 1) -> Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.mark.parametrize("norm", ["instance", "batch", "none"])
@pytest.mark.parametrize("name", get_args(GeneratorName))
def test_bands_make_the_picture_of_the_whole_frame(name: GeneratorName, norm: Any) -> None:
    for palette in ((), PALETTE) if name.startswith("classes") else ((),):
        network = generator(name, norm, palette=palette)
        seen = frames(70, 50, 2)
        with torch.inference_mode():
            for rows in (8, 24, 1000):
                assert float((in_bands(network, seen, rows) - network(seen)).abs().max()) < TOLERANCE


@settings(max_examples=40, deadline=None)
@given(
    size=st.sampled_from([1, 3, 4, 7]),
    stride=st.sampled_from([1, 2]),
    border=st.integers(0, 1),
    height=st.integers(8, 30),
    rows=st.integers(1, 40),
)
def test_layers_give_any_rows_as_the_whole_has_them(
    size: int, stride: int, border: int, height: int, rows: int
) -> None:
    values = torch.randn(1, 2, height, 9)
    whole = Whole(values, rows)
    down = nn.Conv2d(2, 3, size, stride, min(border, size // 2)).requires_grad_(False)
    up = nn.ConvTranspose2d(2, 3, max(size, stride), stride, border, int(stride == 2 and border)).requires_grad_(False)
    for layer, wanted in (
        (Convolved(down, whole), down(values)),
        (Widened(up, whole), up(values)),
        (Reflected(whole, 3), torch.nn.functional.pad(values, (3, 3, 3, 3), mode="reflect")),
    ):
        assert layer.height == wanted.shape[2]
        torch.testing.assert_close(layer.kept().values, wanted, rtol=1e-4, atol=1e-5)


@given(st.integers(1, 40), st.floats(-1000, 1000))
def test_statistics_of_bands_are_those_of_the_whole(rows: int, offset: float) -> None:
    values = torch.randn(2, 3, 33, 7) + offset
    mean, variance = statistics(Whole(values, rows))
    wanted = torch.var_mean(values.double(), dim=(2, 3), correction=0, keepdim=True)
    torch.testing.assert_close(mean.double(), wanted[1], rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(variance.double(), wanted[0], rtol=1e-3, atol=1e-3)


def test_a_translator_with_bounded_memory_makes_the_same_pictures() -> None:
    network = generator("resnet-6", width=8)
    images = np.stack([picture(seed, 200, 120) for seed in range(3)])
    whole = Translator(network, small_card(), "cpu", scale="native").translate_images(images)
    need = 200 * 120 * 4 * 8 / 1e9
    for share in (20, 6, 2.5):
        bounded = Translator(network, small_card(), "cpu", scale="native", max_memory=need * share)
        assert np.abs(bounded.translate_images(images).astype(int) - whole).max() <= 1


def test_frames_are_whole_where_they_fit_and_refused_where_no_band_fits() -> None:
    network = generator("resnet-6", width=8)
    seen = frames(400, 100)
    need = 400 * 100 * 4 * 8
    assert fits(network, seen, 100 * need)
    assert not fits(network, seen, 4 * need)
    assert rows_within(network, seen, 3 * need) % 8 == 0
    assert rows_within(network, seen, 2.5 * need) < rows_within(network, seen, 4 * need) < 400
    with pytest.raises(InputError, match=r"max memory: found 0.000128 GB; frames of 100x400 take about .* GB at least"):
        rows_within(network, seen, need / 10)


@pytest.mark.parametrize("bad", [0, -1, float("nan")])
def test_memory_that_is_none_is_refused(bad: float) -> None:
    with pytest.raises(InputError, match=r"max memory: found .*, expected gigabytes above 0"):
        Translator(nn.Identity(), small_card(), "cpu", max_memory=bad)


def test_a_network_of_another_kind_is_refused_in_one_line() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = nn.Conv2d(3, 3, 1)

        def forward(self, frames: Tensor) -> Tensor:
            return self.convolution(frames)

    with pytest.raises(InputError, match="Own is not translated in bands; leave --max-memory out"):
        in_bands(Own(), frames(32, 32), 8)


PEAK = """
import sys, torch
sys.path.insert(0, "benchmarks")
from step import PeakMemory
from tests.tiles.test_tiles import frames, generator
from recyclegan.tiles.tiled import fits, in_bands, rows_within
torch.set_num_threads(1)
network, seen, memory = generator(sys.argv[1], width=16), frames(768, 768), float(sys.argv[2])
with torch.inference_mode():
    network(frames(64, 64))
with torch.inference_mode(), PeakMemory("cpu") as peak:
    whole = fits(network, seen, memory * 1e9)
    network(seen) if whole else in_bands(network, seen, rows_within(network, seen, memory * 1e9))
print(whole, peak.gigabytes)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["resnet-6", "unet-128", "detail-6", "classes-6", "pyramid-4"])
def test_memory_stays_below_what_is_allowed(name: str) -> None:
    for allowed in (0.1, 0.15, 1.0):
        command = [sys.executable, "-c", PEAK, name, str(allowed)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)
        whole, peak = done.stdout.split()
        assert (whole == "True") == (allowed == 1.0)
        assert float(peak) < 1.1 * allowed
