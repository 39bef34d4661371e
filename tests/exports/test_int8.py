"""int8: convolutions in whole numbers, calibrated on the user's frames, with a distance that is told and kept."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnxruntime import InferenceSession

from recyclegan.checkpoint import load_card
from recyclegan.cli import main
from recyclegan.exports import export, int8
from recyclegan.exports.calibration_frames import calibration_frames
from recyclegan.translation import Translator
from tests.exports.exported_translators import footage, saved
from tests.refusals import message_of
from tests.small import PALETTE, make_frames, picture, small_card

pytestmark = pytest.mark.usefixtures("_unchecked")

RANDOM = 0.5
"""Share of the pixels that keep their class where weights are random, and each class is nearly as likely."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with translators of video and of label maps, a video, and exported files of them in int8."""
    import jaxtyping

    root = tmp_path_factory.mktemp("int8")
    jaxtyping.config.update("jaxtyping_disable", True)
    video = saved(root, width=8)
    labels = saved(root, 8, direction="ba", generator="classes-6", palette=PALETTE)
    drive = footage(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(int8, "GOOD_DECIBELS", 5.0)
        patch.setattr(int8, "LEAST_CLASSES", RANDOM)
        export(video, root / "frames.onnx", int8=drive)
        export(labels, root / "labels.onnx", images=True, resize=True, int8=drive)
    jaxtyping.config.update("jaxtyping_disable", False)
    return root


def test_every_convolution_computes_in_8_bits_by_operators_of_the_standard(folder: Path) -> None:
    model = onnx.load(folder / "frames.onnx")
    producers = {output: node for node in model.graph.node for output in node.output}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 16
    assert {producers[name].op_type for node in convolutions for name in node.input} == {"DequantizeLinear"}
    stored = {weight.name: weight.data_type for weight in model.graph.initializer}
    kinds = [{stored.get(producers[node.input[place]].input[0]) for node in convolutions} for place in range(3)]
    assert kinds == [{None}, {onnx.TensorProto.INT8}, {onnx.TensorProto.INT32}]
    assert {node.domain for node in model.graph.node} == {""}
    assert {opset.domain: opset.version for opset in model.opset_import}[""] == 17


def test_the_file_is_less_than_half_and_says_what_it_is(folder: Path, tmp_path: Path) -> None:
    notes = {note.key: note.value for note in onnx.load(folder / "frames.onnx").metadata_props}
    assert notes["precision"] == "int8"
    whole = export(folder / "ab.safetensors", tmp_path / "whole.onnx")
    assert (folder / "frames.onnx").stat().st_size < whole.size / 2


def test_the_card_and_the_screen_state_the_distance(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "LEAST_CLASSES", RANDOM)
    words = ["export", str(folder), str(tmp_path / "a.onnx"), "--direction", "ba", "--images", "--resize"]
    assert main([*words, "--int8", str(folder / "drive.mp4")]) == 0
    _, compared, told = capsys.readouterr().out.splitlines()
    assert compared.startswith("onnxruntime against torch at 64x64, 70x62, 131x97, in 32 bits: ")
    found = re.fullmatch(
        r"int8 against 32 bits on 2 other frames of drive.mp4: at least ([\d.]+) dB, ([\d.]+)% of the pixels in their "
        r"class; [\d.]+ ms a frame instead of [\d.]+, on 1 thread",
        told,
    )
    assert found, told
    metrics = Translator.from_pretrained(tmp_path / "a.onnx").card.metrics
    assert metrics["int8_psnr"] == pytest.approx(float(found[1]), abs=0.06)
    assert metrics["int8_class_agreement"] == pytest.approx(float(found[2]) / 100, abs=6e-5)
    assert load_card(folder / "ba.safetensors").metrics == {}, "the translator itself is another"


@pytest.mark.parametrize(("file", "place"), [("frames.onnx", "ab.safetensors"), ("labels.onnx", "ba.safetensors")])
def test_the_distance_is_that_of_what_translating_makes(folder: Path, file: str, place: str) -> None:
    exported, exact = (Translator.from_pretrained(folder / name, device="cpu") for name in (file, place))
    images = np.stack([picture(number, 40, 60) for number in (4, 9)])
    made, expected = exported.translate_images(images), exact.translate_images(images)
    if exported.card.palette:
        same = (made == expected).all(axis=-1).mean()
        assert same > exported.card.metrics["int8_class_agreement"] - 0.02
        return
    errors = np.square(made.astype(float) - expected).mean(axis=(1, 2, 3))
    decibels = -10 * np.log10(errors / 255**2)
    assert decibels.min() > exported.card.metrics["int8_psnr"] - 2


def test_files_that_resize_give_what_translating_gives(folder: Path, tmp_path: Path) -> None:
    compare_at_sizes(folder / "ab.safetensors", tmp_path / "player.onnx")


def test_files_that_resize_put_detail_back(tmp_path: Path) -> None:
    turned = ((0.6, 0.2, 0.0), (0.0, 0.7, 0.1), (0.1, 0.0, 0.5))
    saved(tmp_path, width=8, generator="colours-6", detail=turned)
    compare_at_sizes(tmp_path / "ab.safetensors", tmp_path / "player.onnx")


def compare_at_sizes(model: Path, file: Path) -> None:
    export(model, file, images=True, resize=True)
    session, translator = InferenceSession(file), Translator.from_pretrained(model, device="cpu")
    for size in ((50, 70), (97, 131), (32, 48)):
        images = picture(3, *size)[None]
        (made,) = session.run(None, {"images": images})
        error = np.square(made.astype(float) - translator.translate_images(images)).mean()
        assert made.shape == images.shape
        assert error < 255**2 / 10**4, size


def test_label_maps_keep_colours_of_their_palette(folder: Path) -> None:
    made = Translator.from_pretrained(folder / "labels.onnx").translate_images(picture(1)[None])
    assert {tuple(colour) for colour in made.reshape(-1, 3).tolist()} <= set(PALETTE)


def test_the_ends_stay_in_32_bits_where_a_difference_might_be_seen(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "GOOD_DECIBELS", 98.0)
    monkeypatch.setattr(int8, "LEAST_DECIBELS", 5.0)
    near = export(folder, tmp_path / "near.onnx", "ab", int8=folder / "drive.mp4")
    assert near.card.metrics["int8_psnr"] > Translator.from_pretrained(folder / "frames.onnx").card.metrics["int8_psnr"]
    model = onnx.load(tmp_path / "near.onnx")
    sources = {node.output[0]: node.op_type for node in model.graph.node}
    inputs = [sources[node.input[0]] for node in model.graph.node if node.op_type == "Conv"]
    assert [kind == "DequantizeLinear" for kind in inputs] == [False, *[True] * 14, False]


@pytest.mark.parametrize(("name", "value", "place"), [("DECIBELS", 98.0, "ab"), ("CLASSES", 1.01, "ba")])
def test_what_is_too_far_from_32_bits_does_not_appear(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: float, place: str
) -> None:
    monkeypatch.setattr(int8, f"GOOD_{name}", value)
    monkeypatch.setattr(int8, f"LEAST_{name}", value)
    file = tmp_path / "a.onnx"
    message = message_of(export, folder, file, place, int8=folder / "drive.mp4")
    assert re.match(rf"{file}: is not written; in int8 [\d.]+", message)
    assert message.endswith("give more frames like those that are to be translated, or leave --int8 out")
    assert [path.name for path in tmp_path.iterdir()] == []


def test_what_does_not_fit_together_is_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    drive = folder / "drive.mp4"
    refused: dict[str, tuple[str, dict[str, Any]]] = {
        "int8: is not for .pt2; leave --int8 out, or give --format onnx or openvino": ("a.pt2", {"int8": drive}),
        "int8: takes the place of --precision 16": ("a.onnx", {"int8": drive, "precision": "16"}),
        "resize: is for files that take images; give --images too": ("a.onnx", {"resize": True}),
        "resize: is not for .pt2": ("a.pt2", {"resize": True, "images": True}),
        "holds 1 frames, expected at least 10; give more footage": (
            "a.onnx",
            {"int8": make_frames(tmp_path / "one", num_frames=1) / "frame_000.png"},
        ),
        "no such file or folder; expected a video": ("a.onnx", {"int8": tmp_path / "absent.mp4"}),
        "format png: expected onnx, torch, openvino": ("a.png", {"format": "png"}),
        "ends in .pt2": ("a.onnx", {"format": "torch"}),
    }
    for words, (file, options) in refused.items():
        assert words in message_of(export, folder, tmp_path / file, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_frames_are_spread_over_all_footage_and_none_is_judged_that_calibrated(tmp_path: Path) -> None:
    for name in ("first", "second"):
        make_frames(tmp_path / "clips" / name, num_frames=50, seed=len(name))
    footage(tmp_path / "clips", num_frames=30)
    given = calibration_frames(tmp_path / "clips", small_card(), True, small_card().scale.whole)
    assert (len(given.calibrating), len(given.judging), given.name) == (32, 8, "clips")
    assert {tuple(frame.shape) for frame in given.calibrating} == {(1, 32, 48, 3)}
    seen = [frame.numpy().tobytes() for frame in given.calibrating + given.judging]
    assert len(set(seen)) == len(seen)


def test_grey_looks_and_label_maps_are_read_as_such(tmp_path: Path) -> None:
    folder = make_frames(tmp_path / "frames", num_frames=10)
    grey = calibration_frames(folder, small_card(channels_in=1), False, small_card().scale.whole)
    assert {tuple(frame.shape) for frame in grey.calibrating} == {(1, 1, 32, 48)}
    assert all(frame.dtype == torch.float32 and frame.abs().max() <= 1 for frame in grey.judging)
    exact = small_card(labels_in=True)
    labels = calibration_frames(folder, exact, True, exact.scale.whole).calibrating[0][0].numpy()
    assert np.array_equal(labels, exact.scale.whole(picture(0), is_label=True))
