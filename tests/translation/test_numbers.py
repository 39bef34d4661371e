"""Numbers that are not finite never become a picture: not from weights, not from an overflow, in any precision."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from recyclegan.checkpoint import load_translator, save_translator
from recyclegan.networks import make_generator
from recyclegan.networks.weights import LARGEST
from recyclegan.translation import Output, Translator
from recyclegan.video import write_image, write_video
from tests.refusals import message_of
from tests.small import PALETTE, make_frames, picture, small_card

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("value", [NAN, INF, -INF, 1e30, -1e30, 2 * LARGEST])
@pytest.mark.parametrize("place", ["model.1.weight", "model.23.bias"])
def test_weights_that_are_no_numbers_are_refused_when_loaded(tmp_path: Path, value: float, place: str) -> None:
    generator = make_generator("resnet-6", width=4)
    generator.state_dict()[place].view(-1)[-1] = value
    save_translator(tmp_path / "ab.safetensors", generator, small_card())
    message = message_of(load_translator, tmp_path / "ab.safetensors")
    assert f"ab.safetensors: 1 of {generator.state_dict()[place].numel()} numbers in {place} are not finite" in message
    assert "take earlier weights" in message


@pytest.mark.parametrize("precision", ["32", "bf16-mixed", "16-mixed"])
@pytest.mark.parametrize("card", [{}, {"palette": PALETTE}], ids=["video", "labels"])
def test_large_weights_either_translate_or_are_refused_frame_by_frame(precision: Any, card: dict[str, Any]) -> None:
    torch.manual_seed(0)
    for scale in (1.0, 3e5, 1e11):
        generator = make_generator("resnet-6", width=4)
        generator.model[1].weight.data *= scale
        translator = Translator(generator, small_card(**card), "cpu", precision)
        if precision == "16-mixed" and scale > 1:
            assert "--precision 16-mixed: numbers come out" in message_of(translator.translate_images, picture(0)[None])
        else:
            assert translator.translate_images(picture(0)[None]).std() > 1


class Failing(nn.Module):
    """Returns the frames; those of the third call and later ones hold one number that is none."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self.calls, self.value = 0, value

    def forward(self, frames: Tensor) -> Tensor:
        self.calls += 1
        made = frames.clone()
        if self.calls > 2:
            made[-1, 0, 3, 3] = self.value
        return made


@pytest.mark.parametrize("value", [NAN, INF, -INF])
@pytest.mark.parametrize("source", ["in.png", "in.mp4", "in", "frames"])
def test_a_frame_that_is_not_finite_leaves_no_output(tmp_path: Path, value: float, source: str) -> None:
    if source == "in.png":
        write_image(tmp_path / source, picture(0))
    elif source == "in":
        make_frames(tmp_path / source, 5)
    else:
        write_video(tmp_path / "in.mp4", [picture(n) for n in range(5)], rate=10)
    before = sorted(tmp_path.rglob("*"))
    generator = Failing(value)
    generator.calls = 2 if source == "in.png" else 0
    translator = Translator(generator, small_card(), "cpu", batch_size=1)
    place, output = (tmp_path / "in.mp4", Output(frames=True)) if source == "frames" else (tmp_path / source, Output())
    target = tmp_path / source.replace("in", "out")
    assert "translating ab in --precision 32: numbers come out" in message_of(
        translator.translate_path, place, target, output
    )
    assert sorted(tmp_path.rglob("*")) == before


def test_one_colour_everywhere_is_a_picture_like_others() -> None:
    class Black(nn.Module):
        def forward(self, frames: Tensor) -> Tensor:
            return torch.full_like(frames, -1)

    assert Translator(Black(), small_card(), "cpu").translate_images(picture(0)[None]).max() == 0


def test_frames_that_the_scale_would_blow_up_beyond_measure_are_refused() -> None:
    translator = Translator(nn.Identity(), small_card(size=(256, 256)), "cpu")
    strip = np.zeros((1, 2, 20_000, 3), np.uint8)
    message = message_of(translator.translate_images, strip)
    assert "frames of 20000x2: would be 2560000x256 at the scale of training" in message
    assert Translator(nn.Identity(), small_card(), "cpu", scale="native").translate_images(strip).shape == strip.shape


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (3, 2), (7, 9)])
@pytest.mark.parametrize("name", ["resnet-6", "unet-128", "detail-6", "classes-6", "pyramid-4"])
def test_the_smallest_frames_are_translated_at_their_own_size(name: Any, size: tuple[int, int]) -> None:
    generator = make_generator(name, width=2).eval()
    image = np.zeros((1, *size, 3), np.uint8)
    assert Translator(generator, small_card(), "cpu", scale="native").translate_images(image).shape == image.shape
