"""A translator is a function: frames of any kind in, translations of the same kind out, and nothing is guessed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from torch import Tensor, nn

from recyclegan.errors import InputError
from recyclegan.tensors import to_frames
from recyclegan.translation import Translator
from recyclegan.video import VideoFrame, read_video, write_image, write_video
from tests.small import PALETTE, label_map, picture, small_card

IMAGE = picture(3, 20, 30)
ORDERS = {"HWC": (0, 1, 2), "CHW": (2, 0, 1)}


class Inverting(nn.Module):
    """Returns the frames inverted, as the grey of their red where wanted, and counts them."""

    def __init__(self, channels_out: int = 3) -> None:
        super().__init__()
        self.channels_out, self.sizes = channels_out, list[int]()

    def forward(self, frames: Tensor) -> Tensor:
        self.sizes.append(len(frames))
        return -frames[:, : self.channels_out]


def inverter(channels_out: int = 3, batch_size: int = 4, **card: Any) -> Translator:
    kept = small_card(channels_out=channels_out, **card)
    return Translator(Inverting(channels_out), kept, "cpu", scale="native", batch_size=batch_size)


def floats(image: np.ndarray, levels: str) -> np.ndarray:
    return image / 255 if levels == "unit" else image / 127.5 - 1


def message_of(given: Any, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        list(inverter()(given, **options))
    assert "\n" not in str(caught.value)
    return str(caught.value)


# The same kind comes back.


@pytest.mark.parametrize("place", [str, Path])
def test_the_path_of_an_image_gives_a_picture(tmp_path: Path, place: Any) -> None:
    write_image(tmp_path / "in.png", IMAGE)
    translated = inverter()(place(tmp_path / "in.png"))
    assert isinstance(translated, Pillow.Image)
    np.testing.assert_array_equal(np.asarray(translated), 255 - IMAGE)


def test_the_path_of_a_video_gives_its_frames_one_by_one(tmp_path: Path) -> None:
    write_video(tmp_path / "in.mkv", [picture(n, 20, 30) for n in range(7)], rate=10, codec="ffv1")
    translator = inverter(batch_size=2)
    frames = translator(str(tmp_path / "in.mkv"))
    assert isinstance(frames, Iterator)
    np.testing.assert_array_equal(next(frames), 255 - picture(0, 20, 30))
    assert sum(translator.generator.sizes) == 2
    assert len(list(frames)) == 6


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_a_picture_gives_a_picture(mode: str) -> None:
    picture_in = Pillow.fromarray(IMAGE).convert(mode)
    translated = inverter()(picture_in)
    assert (translated.mode, translated.size) == ("RGB", (30, 20))
    np.testing.assert_array_equal(np.asarray(translated), 255 - np.asarray(picture_in.convert("RGB")))
    assert inverter(channels_out=1)(picture_in).mode == "L"


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["uint8", "float16", "float32", "float64", ">f4"]),
    layout=st.sampled_from(["HWC", "CHW", "NHWC", "NCHW"]),
    levels=st.sampled_from(["unit", "signed"]),
    is_tensor=st.booleans(),
    says=st.booleans(),
    seed=st.integers(0, 99),
)
def test_arrays_and_tensors_keep_type_layout_and_levels(
    kind: str, layout: Any, levels: Any, is_tensor: bool, says: bool, seed: int
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), np.uint8)

    def laid(image: np.ndarray) -> np.ndarray:
        ordered = image.transpose(ORDERS[layout[-3:]])
        return np.stack([ordered, ordered[:, ::-1]]) if layout[0] == "N" else ordered

    of_kind = (lambda x: x) if kind == "uint8" else (lambda x: floats(x, levels).astype(kind))
    given_in, wanted = of_kind(laid(image)), of_kind(laid(255 - image))
    if is_tensor:
        given_in, wanted = (torch.from_numpy(x.astype(x.dtype.newbyteorder("="))) for x in (given_in, wanted))
    translated = inverter()(given_in, layout=layout if says else None, levels=levels)
    assert type(translated) is type(wanted)
    assert translated.dtype == wanted.dtype
    assert translated.shape == wanted.shape
    np.testing.assert_allclose(np.asarray(translated, np.float64), np.asarray(wanted, np.float64), atol=2e-3)


def test_bfloat16_comes_back() -> None:
    translated = inverter()(torch.zeros(3, 20, 30, dtype=torch.bfloat16), levels="unit")
    assert translated.dtype == torch.bfloat16
    assert float(translated.min()) == 1


def test_a_translated_tensor_is_that_of_the_images_bit_for_bit() -> None:
    images = np.stack([picture(n, 20, 30) for n in range(3)])
    translated = inverter()(to_frames(images), levels="signed")
    torch.testing.assert_close(translated, to_frames(255 - images), rtol=0, atol=1e-6)


def test_grey_frames_come_back_without_an_axis_where_they_stay_grey() -> None:
    grey = IMAGE[:, :, 0]
    np.testing.assert_array_equal(inverter(channels_out=1)(grey), 255 - grey)
    np.testing.assert_array_equal(inverter()(grey), np.repeat(255 - grey[:, :, None], 3, axis=2))
    np.testing.assert_array_equal(inverter(channels_out=1)(grey[None]), 255 - grey[None])
    assert inverter(channels_out=1)(IMAGE).shape == (20, 30, 1)
    assert inverter()(torch.from_numpy(grey)[None]).shape == (3, 20, 30)


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_keeps_the_kind_and_the_size_of_each(tmp_path: Path, kind: Any) -> None:
    write_image(tmp_path / "in.png", IMAGE)
    other = picture(1, 33, 21)
    items = [Pillow.fromarray(other), IMAGE, torch.from_numpy(IMAGE).permute(2, 0, 1), tmp_path / "in.png", IMAGE[None]]
    translated = inverter(batch_size=2)(kind(items))
    assert type(translated) is kind
    as_array, tensor, from_path, batch = translated[1], translated[2], translated[3], translated[4]
    np.testing.assert_array_equal(np.asarray(translated[0]), 255 - other)
    np.testing.assert_array_equal(as_array, 255 - IMAGE)
    np.testing.assert_array_equal(tensor.permute(1, 2, 0).numpy(), 255 - IMAGE)
    np.testing.assert_array_equal(np.asarray(from_path), 255 - IMAGE)
    assert batch.shape == (1, 20, 30, 3)


def test_frames_of_a_video_keep_their_times(tmp_path: Path) -> None:
    write_video(tmp_path / "in.mkv", [picture(n, 20, 30) for n in range(3)], rate=10, codec="ffv1")
    translated = list(inverter()(read_video(tmp_path / "in.mkv")))
    assert [type(frame) for frame in translated] == [VideoFrame] * 3
    assert [float(frame.time) for frame in translated] == [0, 0.1, 0.2]


def test_a_loader_of_batches_gives_batches() -> None:
    frames = to_frames(np.stack([picture(n, 20, 30) for n in range(5)]))
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(frames), batch_size=2)
    translated = list(inverter()(loader, levels="signed"))
    assert [batch[0].shape[0] for batch in translated] == [2, 2, 1]


def test_only_arrays_of_8_bits_are_given_back_at_another_size() -> None:
    assert inverter().translate_images(IMAGE[None], (10, 15)).shape == (1, 10, 15, 3)
    with pytest.raises(InputError, match="size: is for 8-bit arrays"):
        inverter().translate_images(Pillow.fromarray(IMAGE), (10, 15))


def test_every_kind_of_the_same_frame_is_translated_alike(tmp_path: Path) -> None:
    translator = Translator(Inverting(), small_card(), "cpu")
    write_image(tmp_path / "in.png", IMAGE)
    wanted = translator.translate_images(IMAGE[None])[0]
    chw = torch.from_numpy(IMAGE).permute(2, 0, 1)
    found = {
        "path": np.asarray(translator(tmp_path / "in.png")),
        "picture": np.asarray(translator(Pillow.fromarray(IMAGE))),
        "array": translator(IMAGE),
        "batch": translator(IMAGE[None])[0],
        "tensor": translator(chw).permute(1, 2, 0).numpy(),
        "floats": (translator(chw / 255, levels="unit") * 255).round().byte().permute(1, 2, 0).numpy(),
    }
    found |= {
        "picture as images": np.asarray(translator.translate_images(Pillow.fromarray(IMAGE))),
        "array as images": translator.translate_images(IMAGE),
        "tensor as images": translator.translate_images(chw).permute(1, 2, 0).numpy(),
        "batch CHW as images": translator.translate_images(chw[None].numpy(), layout="NCHW")[0].transpose(1, 2, 0),
        "list as images": translator.translate_images([IMAGE])[0],
        "floats as images": np.rint(255 * translator.translate_images(IMAGE / 255, levels="unit")).astype(np.uint8),
    }
    for name, translated in found.items():
        np.testing.assert_array_equal(translated, wanted, err_msg=name)


def test_label_maps_keep_their_palette() -> None:
    translated = inverter(palette=PALETTE)(Pillow.fromarray(label_map(0)))
    assert {tuple(colour) for colour in np.asarray(translated).reshape(-1, 3).tolist()} <= set(PALETTE)


def test_arrays_that_lie_oddly_in_memory_are_taken() -> None:
    flipped = IMAGE[::-1, ::2]
    flipped.flags.writeable = False
    np.testing.assert_array_equal(inverter()(flipped), 255 - flipped)


def test_a_tensor_with_a_gradient_is_taken_as_it_is() -> None:
    frame = torch.rand(3, 20, 30, requires_grad=True)
    assert not inverter()(frame, levels="unit").requires_grad


# Iterators stay lazy and small.


def test_an_iterator_is_read_no_further_ahead_than_a_batch() -> None:
    drawn = []

    def frames() -> Iterator[np.ndarray]:
        for number in range(100):
            drawn.append(number)
            yield IMAGE

    translator = inverter(batch_size=3)
    translated = translator(frames())
    assert drawn == []
    for number, _ in enumerate(translated):
        assert len(drawn) <= number + 4
    assert len(drawn) == 100
    assert max(translator.generator.sizes) == 3


def test_large_frames_of_an_iterator_are_translated_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recyclegan.engines.batches.MOST_PIXELS", 2 * 20 * 30)
    translator = inverter(batch_size=100)
    assert len(list(translator(iter([IMAGE] * 5)))) == 5
    assert len(translator([IMAGE] * 5)) == 5
    assert translator(np.stack([IMAGE] * 5)).shape == (5, 20, 30, 3)
    assert max(translator.generator.sizes) <= 2


def test_an_iterator_of_nothing_gives_nothing() -> None:
    assert list(inverter()(iter([]))) == []


# Nothing is guessed.


@pytest.mark.parametrize("levels", [None, "signed", "unit"])
def test_floats_are_signed_only_where_they_cannot_be_else(levels: Any) -> None:
    unclear = floats(IMAGE, "unit")
    if levels is None:
        assert 'may be of [0, 1] or of [-1, 1]; say levels="unit" or levels="signed"' in message_of(unclear)
        assert "may be of [0, 1]" in message_of(unclear - 0.04)
    else:
        assert inverter()(unclear, levels=levels).shape == IMAGE.shape
    sure = np.resize(np.array([-1.0, 1.0]), (2, 4, 3))
    if levels != "unit":
        np.testing.assert_allclose(inverter()(sure, levels=levels), -sure, atol=1e-6)
    else:
        assert "holds -1 to 1; expected 0 to 1 (levels='unit')" in message_of(sure, levels="unit")


def test_what_one_frame_shows_holds_for_those_after_it() -> None:
    dark, bright = np.full((20, 30, 3), -0.9), np.full((20, 30, 3), 0.5)
    assert [float(frame[0, 0, 0].round(1)) for frame in inverter()(iter([dark, bright]))] == [0.9, -0.5]
    assert [float(frame[0, 0, 0].round(1)) for frame in inverter()([bright, dark])] == [-0.5, 0.9]
    assert "say levels" in message_of(iter([bright, dark]))


@pytest.mark.parametrize(
    ("values", "levels", "expected"),
    [
        ((0, 255), None, "holds 0 to 255; expected floats in [0, 1] or [-1, 1]; divide by 255"),
        ((-2.1, 2.6), None, "holds -2.1 to 2.6; expected -1 to 1 (levels='signed'); clamp or scale it"),
        ((0, 1.1), None, "holds 0 to 1.1; expected floats in [-1, 1] or [0, 1]"),
        ((-0.04, 1.0), "unit", "holds -0.04 to 1; expected 0 to 1"),
        ((-1.1, 1.0), "signed", "holds -1.1 to 1; expected -1 to 1"),
        ((0, float("nan")), "unit", "holds numbers that are not finite"),
        ((0, float("inf")), None, "holds numbers that are not finite"),
    ],
    ids=str,
)
def test_floats_out_of_range_are_refused(values: Any, levels: Any, expected: str) -> None:
    array = np.resize(np.float64(values), (20, 30, 3))
    assert f"array of float64 and shape (20, 30, 3): {expected}" in message_of(array, levels=levels)
    assert f"tensor of torch.float64 and shape (20, 30, 3): {expected}" in message_of(
        torch.from_numpy(array), levels=levels
    )


def test_half_a_level_outside_is_rounding() -> None:
    np.testing.assert_array_equal(inverter()(np.full((20, 30, 3), 1.0015), levels="unit"), 0)
    np.testing.assert_array_equal(inverter()(np.full((20, 30, 3), -1.003), levels="signed"), 1)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((3, 20, 3), "could lie in 2 ways; say layout='HWC' or layout='CHW'"),
        ((2, 3, 20, 3), "could lie in 2 ways; say layout='NHWC' or layout='NCHW'"),
        ((20, 30, 4), "with 1 or 3 channels (C); leave its alpha channel out, as in x[..., :3]"),
        ((4, 20, 30), "leave its alpha channel out"),
        ((2, 20, 30, 4), "leave its alpha channel out"),
        ((7, 20, 30), "expected HW, HWC, CHW, NHWC, NCHW with 1 or 3 channels (C)"),
        ((20,), "expected HW, HWC"),
        ((), "expected HW, HWC"),
        ((1, 2, 3, 20, 30), "expected HW, HWC"),
        ((0, 20, 30, 3), "is empty; expected at least one frame"),
        ((20, 0, 3), "is empty"),
    ],
    ids=str,
)
def test_shapes_that_are_no_frame_or_are_several_are_refused(shape: Any, expected: str) -> None:
    for given_in in (np.zeros(shape, np.uint8), torch.zeros(shape, dtype=torch.uint8)):
        message = message_of(given_in)
        assert message.startswith(("array of uint8", "tensor of torch.uint8"))
        assert expected in message


def test_a_layout_that_is_said_is_taken_or_refused() -> None:
    array = np.zeros((3, 20, 3), np.uint8)
    for layout in ("HWC", "CHW"):
        assert inverter()(array, layout=layout).shape == array.shape
    assert "does not lie as layout='NHWC' says; expected 4 axes" in message_of(array, layout="NHWC")
    assert "does not lie as layout='CHW' says" in message_of(IMAGE, layout="CHW")


@pytest.mark.parametrize("kind", ["int64", "bool", "uint16", "complex64", "object"])
def test_numbers_that_are_no_levels_are_refused(kind: str) -> None:
    message = message_of(np.zeros((20, 30, 3), kind))
    assert f"array of {kind} and shape (20, 30, 3): expected whole numbers of 8 bits (uint8), or floats" in message


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("RGBA", "has an alpha channel"), ("LA", "has an alpha channel"), ("I;16", "expected RGB or L"), ("CMYK", "RGB")],
)
def test_pictures_that_are_not_plain_are_refused(mode: str, expected: str) -> None:
    message = message_of(Pillow.new(mode, (30, 20)))
    assert message.startswith(f"PIL picture of mode {mode} and size (30, 20): ")
    assert expected in message


@pytest.mark.parametrize(
    ("thing", "expected"),
    [
        ([], "empty list: holds no frames"),
        ((), "empty tuple: holds no frames"),
        ([IMAGE, None], "None: is no frame; expected a path, a PIL picture"),
        ([[0, 1], [2, 3]], "0: is no frame"),
        (None, "None: is no frame"),
        ({"frames": 1}, "dict: is no frame"),
        (b"bytes", "bytes: is no frame"),
        (5, "5: is no frame"),
    ],
    ids=str,
)
def test_what_is_no_frame_is_refused(thing: Any, expected: str) -> None:
    assert expected in message_of(thing)


def test_paths_that_lead_nowhere_or_to_something_else_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("text")
    assert "no such file" in message_of(tmp_path / "missing.png")
    assert "no such file" in message_of(str(tmp_path / "missing.mp4"))
    assert "not a readable video" in message_of(tmp_path / "notes.txt")
    assert "is a folder, expected a video or an image; translate_folder" in message_of(tmp_path)
    assert "of several things, only images may be named by path" in message_of([tmp_path / "in.mp4"])


def test_a_translator_says_what_it_is() -> None:
    said = repr(Translator(nn.Identity(), small_card(load_size=(36, 54)), "cpu"))
    assert said == ("Translator(unsup-recycle-gan, ab, size=(32, 48), scale=(36, 54), device='cpu', steps=7)")
    assert "scale=native" in repr(inverter())
