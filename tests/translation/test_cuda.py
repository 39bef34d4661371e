"""Translating on a GPU: the pictures of the CPU to a level, in every way, and errors in their turn."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from recyclegan.data.resampling import resize_levels
from recyclegan.engines.engines import agreement
from recyclegan.errors import InputError
from recyclegan.networks import make_generator
from recyclegan.translation import Output, Translator
from recyclegan.video import read_video, write_video
from tests.small import PALETTE, label_map, picture, small_card

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU is here"),
]


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let convolutions have all digits of 32 bits, so that both devices round alike."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
        monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)


def generator(name: Any = "resnet-6", **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return make_generator(name, width=8, **options).eval()


def both(network: nn.Module, images: np.ndarray, size: Any = None, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    card = options.pop("card", {})
    made = [
        Translator(network, small_card(**card), device, **options).translate_images(images, size)
        for device in ("cpu", "cuda")
    ]
    return made[0].astype(int), made[1].astype(int)


@pytest.mark.parametrize("is_label", [False, True])
@pytest.mark.parametrize("sizes", [((90, 160), (40, 71)), ((40, 71), (90, 160)), ((33, 64), (64, 33))])
def test_resizing_has_every_bit_of_the_cpu(sizes: Any, is_label: bool) -> None:
    levels = torch.randint(0, 256, (2, 3, *sizes[0]), dtype=torch.uint8)
    there = resize_levels(levels.cuda(), sizes[1], is_label).cpu()
    assert torch.equal(there, resize_levels(levels, sizes[1], is_label))


@pytest.mark.parametrize("scale", ["native", "trained"])
@pytest.mark.parametrize("card", [{}, {"channels_in": 1}, {"channels_out": 1}], ids=str)
def test_pictures_are_those_of_the_cpu_to_a_level(scale: Any, card: dict[str, int]) -> None:
    network = generator(channels_in=card.get("channels_in", 3), channels_out=card.get("channels_out", 3))
    images = np.stack([picture(seed, 61, 90) for seed in range(3)])
    cpu, cuda = both(network, images, scale=scale, card=card)
    assert np.abs(cpu - cuda).max() <= 1


def test_label_maps_have_their_palette_and_differ_where_two_colours_are_equally_near_only() -> None:
    images = np.stack([label_map(seed, 60, 90) for seed in range(2)])
    cpu, cuda = both(generator(), images, card={"palette": PALETTE, "labels_in": True})
    assert {tuple(colour) for colour in cuda.reshape(-1, 3).tolist()} <= set(PALETTE)
    assert (cpu != cuda).mean() < 0.001


@pytest.mark.parametrize("batch_size", [1, 4, "auto"])
def test_a_video_is_that_of_the_cpu_in_order(tmp_path: Path, batch_size: Any) -> None:
    write_video(tmp_path / "in.mkv", [picture(number) for number in range(70)], rate=10, codec="ffv1")
    network, lossless = generator(), Output(codec="ffv1")
    for device in ("cpu", "cuda"):
        translator = Translator(network, small_card(), device, batch_size=batch_size)
        translator.translate_video(tmp_path / "in.mkv", tmp_path / f"{device}.mkv", lossless)
        assert translator.computing.account.frames == 70
        assert 0 < translator.computing.account.busy <= 1.05 * translator.computing.account.seconds
    pairs = zip(read_video(tmp_path / "cpu.mkv"), read_video(tmp_path / "cuda.mkv"), strict=True)
    for cpu, cuda in pairs:
        assert cpu.time == cuda.time
        assert np.abs(cpu.image.astype(int) - cuda.image).max() <= 1


def test_pictures_in_flight_are_not_overwritten() -> None:
    translator = Translator(nn.Identity(), small_card(), "cuda", scale="native")
    images = [np.full((2, 64, 64, 3), number, np.uint8) for number in range(40)]
    pending = [translator.passage.begin(batch, (64, 64)) for batch in images]
    for batch, later in zip(images, pending, strict=True):
        np.testing.assert_array_equal(later.images(), batch)
        assert later.seconds() > 0


class FailsLater(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, frames: Tensor) -> Tensor:
        self.calls += 1
        return frames / (0 if self.calls == 3 else 1)


def test_numbers_that_are_not_finite_leave_no_video(tmp_path: Path) -> None:
    write_video(tmp_path / "in.mp4", [numbered(number) for number in range(12)], rate=10)
    with pytest.raises(InputError, match="numbers come out that are not finite"):
        Translator(FailsLater(), small_card(), "cuda", batch_size=2).translate_video(
            tmp_path / "in.mp4", tmp_path / "out.mp4"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed"])
def test_half_precision_agrees(precision: Any) -> None:
    images = np.stack([picture(seed, 64, 96) for seed in range(2)])
    exact = Translator(generator(), small_card(), "cuda").translate_images(images)
    halved = Translator(generator(), small_card(), "cuda", precision).translate_images(images)
    assert agreement(torch.from_numpy(halved), torch.from_numpy(exact), 255) > 25


def test_auto_precision_and_engine_are_settled_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECYCLEGAN_CACHE", str(tmp_path / "cache"))
    write_video(tmp_path / "in.mp4", [picture(number) for number in range(70)], rate=10)
    translator = Translator(generator(), small_card(), "cuda", "auto", engine="auto")
    translator.translate_video(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert translator.computing.precision == "32" or "dB to 32" in translator.computing.account.line("cuda")


@pytest.mark.parametrize("name", ["resnet-6", "unet-128", "detail-6"])
def test_bands_make_the_picture_of_the_whole_frame(name: Any) -> None:
    network, images = generator(name), picture(0, 256, 256)[None]
    whole = Translator(network, small_card(), "cuda", scale="native").translate_images(images)
    bounded = Translator(network, small_card(), "cuda", scale="native", max_memory=256 * 256 * 4 * 8 * 4.5 / 1e9)
    assert np.abs(bounded.translate_images(images).astype(int) - whole).max() <= 1


@pytest.mark.filterwarnings("default")
def test_a_compiled_generator_makes_the_picture_of_torch() -> None:
    images = np.stack([picture(seed, 64, 96) for seed in range(2)])
    exact = Translator(generator(), small_card(), "cuda").translate_images(images)
    try:
        compiled = Translator(generator(), small_card(), "cuda", engine="compile").translate_images(images)
    except InputError as error:
        pytest.skip(str(error))
    assert np.abs(compiled.astype(int) - exact).max() <= 1
