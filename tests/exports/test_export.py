"""Export: the file makes torch's picture at any size or does not appear, and is taken where a translator is."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnxruntime import InferenceSession
from PIL import Image
from torch import nn

from recyclegan.checkpoint import load_card, save_translator, write_card
from recyclegan.cli import main
from recyclegan.engines.onnx_writing import onnx_of
from recyclegan.exports import export, parity
from recyclegan.exports.exporting import FREE_FRAMES, HalfGenerator
from recyclegan.exports.parity import distance
from recyclegan.networks import layers, make_generator
from recyclegan.networks.registry import GENERATORS, LABEL_GENERATORS
from recyclegan.translation import Output, Translator
from recyclegan.video import read_video, write_image, write_video
from tests.media import numbered
from tests.refusals import message_of
from tests.small import PALETTE, picture, small_card

pytestmark = pytest.mark.usefixtures("_unchecked")
EVERY = [*((name, ()) for name in GENERATORS), *((name, PALETTE) for name in LABEL_GENERATORS)]
PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text()


def generator(name: Any = "resnet-6", palette: Any = (), **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return make_generator(name, width=4, palette=palette, **options).eval().requires_grad_(False)


def saved(folder: Path, **card: Any) -> Path:
    """Write a translator with random weights."""
    given = small_card(**card)
    network = generator(given.generator, given.palette, channels_in=given.channels_in, channels_out=given.channels_out)
    save_translator(folder / f"{given.direction}.safetensors", network, given)
    return folder / f"{given.direction}.safetensors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a folder with translators of video and of label maps, and exported files of them."""
    import jaxtyping

    root = tmp_path_factory.mktemp("export")
    jaxtyping.config.update("jaxtyping_disable", True)
    video, labels = saved(root), saved(root, direction="ba", generator="classes-6", palette=PALETTE)
    export(video, root / "frames.onnx")
    export(video, root / "images.onnx", images=True)
    export(labels, root / "labels.onnx", images=True)
    jaxtyping.config.update("jaxtyping_disable", False)
    return root


@pytest.mark.parametrize(("name", "palette"), EVERY, ids=lambda value: value if isinstance(value, str) else len(value))
def test_every_generator_makes_the_picture_of_torch_at_any_size(name: Any, palette: Any) -> None:
    network = generator(name, palette)
    model = onnx_of(network, torch.zeros(1, 3, 32, 48), free=FREE_FRAMES)
    session = InferenceSession(model)
    domains = {node.domain for node in onnx.load_from_string(model).graph.node}
    assert domains == {""}, "all operators are of the standard"
    for count, height, width in ((2, 64, 64), (1, 62, 70), (3, 7, 133)):
        frames = torch.rand(count, 3, height, width) * 2 - 1
        made = session.run(None, {"frames": frames.numpy()})[0]
        np.testing.assert_allclose(made, network(frames).numpy(), rtol=0, atol=1e-4)


@pytest.mark.parametrize(("name", "palette"), EVERY, ids=lambda value: value if isinstance(value, str) else len(value))
@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_every_generator_computes_in_half_precision(name: Any, palette: Any, norm: Any) -> None:
    network = generator(name, palette, norm=norm)
    session = InferenceSession(onnx_of(HalfGenerator(network), torch.zeros(1, 3, 32, 48), free=FREE_FRAMES))
    frames = torch.rand(1, 3, 62, 70) * 2 - 1
    made = torch.from_numpy(session.run(None, {"frames": frames.numpy()})[0])
    assert distance(made, network(frames), False, "16").ratio <= 1
    assert next(network.parameters()).dtype == torch.float32, "the generator itself stays as it is"


@pytest.mark.parametrize(("multiple", "least"), [(4, 8), (128, 1), (3, 1)])
def test_padding_without_choices_is_padding(multiple: int, least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for height, width in ((1, 1), (2, 9), (4, 8), (5, 5), (8, 3), (65, 64), (128, 130)):
        frames = torch.rand(2, 3, height, width)
        with monkeypatch.context() as patch:
            expected = layers.pad_to_multiple(frames, multiple, least)
            patch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
            assert torch.equal(layers.pad_to_multiple(frames, multiple, least), expected), (height, width)


def test_a_file_holds_its_card_and_says_what_is_free(folder: Path) -> None:
    model = onnx.load(folder / "frames.onnx")
    notes = {note.key: note.value for note in model.metadata_props}
    assert notes.keys() == {"recyclegan", "precision", "version"}
    assert Translator.from_pretrained(folder / "frames.onnx").card == load_card(folder / "ab.safetensors")
    axes = [axis.dim_param or axis.dim_value for axis in model.graph.input[0].type.tensor_type.shape.dim]
    assert axes == ["batch", 3, "height", "width"]
    assert {opset.domain: opset.version for opset in model.opset_import} == {"": 17}


@pytest.mark.parametrize("file", ["frames.onnx", "images.onnx"])
def test_an_exported_file_translates_as_the_translator_does(folder: Path, file: str) -> None:
    images = np.stack([picture(seed, 45, 62) for seed in range(3)])
    expected = Translator.from_pretrained(folder / "ab.safetensors", device="cpu").translate_images(images)
    translator = Translator.from_pretrained(folder / file, engine="auto", precision="auto")
    found = translator.translate_images(images)
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert (found == expected).mean() > 0.99


def test_label_maps_hold_colours_of_the_palette_only(folder: Path) -> None:
    images = np.stack([picture(1, 37, 50)])
    made = InferenceSession(folder / "labels.onnx").run(None, {"images": images})[0]
    assert {tuple(colour) for colour in made.reshape(-1, 3).tolist()} <= set(PALETTE)
    translator = Translator.from_pretrained(folder / "ba.safetensors", device="cpu", scale="native")
    assert (made == translator.translate_images(images)).mean() > 0.999


def test_half_precision_halves_the_file_and_keeps_what_goes_in_and_out(folder: Path, tmp_path: Path) -> None:
    written = export(folder, tmp_path / "half.onnx", "ab", "16", opset=20)
    model = onnx.load(tmp_path / "half.onnx")
    ends = [*model.graph.input, *model.graph.output]
    assert {end.type.tensor_type.elem_type for end in ends} == {onnx.TensorProto.FLOAT}
    kinds = {weight.data_type for weight in model.graph.initializer if len(weight.dims) == 4}
    assert kinds == {onnx.TensorProto.FLOAT16}
    assert model.opset_import[0].version == 20
    assert re.fullmatch(r"\d\d dB to 32 bits, at least 40", written.distance)
    images = picture(0)[None]
    found, expected = (
        Translator.from_pretrained(place).translate_images(images).astype(int)
        for place in (tmp_path / "half.onnx", folder / "ab.safetensors")
    )
    assert np.abs(found - expected).mean() < 1.5


@pytest.mark.parametrize("opset", [13, 20])
@pytest.mark.parametrize(("name", "palette"), [("detail-6", ()), ("classes-6", PALETTE), ("unet-128", ())])
def test_every_opset_that_is_offered_can_be_written(tmp_path: Path, opset: int, name: Any, palette: Any) -> None:
    place = saved(tmp_path, generator=name, palette=palette)
    assert export(place, tmp_path / "a.onnx", opset=opset, images=opset == 13).size > 0


def test_grey_looks_are_exported(tmp_path: Path) -> None:
    export(saved(tmp_path, channels_in=1, channels_out=1), tmp_path / "grey.onnx", images=True)
    images = picture(0)[None]
    found, expected = (
        Translator.from_pretrained(tmp_path / name).translate_images(images) for name in ("grey.onnx", "ab.safetensors")
    )
    assert found.shape == (*images.shape[:3], 1)
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_a_file_that_makes_another_picture_does_not_appear(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parity, "MOST_ERROR", 1e-12)
    message = message_of(export, folder / "ab.safetensors", tmp_path / "new" / "a.onnx")
    assert "a.onnx: is not written; at 64x64 it makes another picture than torch: the largest difference is" in message
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    (tmp_path / "a.onnx").write_text("what was there")
    message_of(export, folder / "ab.safetensors", tmp_path / "a.onnx")
    assert (tmp_path / "a.onnx").read_text() == "what was there"


def test_a_padding_that_was_decided_while_tracing_is_found(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.onnx, "is_in_onnx_export", lambda: False)
    assert "at 70x62" in message_of(export, folder / "ab.safetensors", tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_run_as_onnx_is_told_in_one_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> bytes:
        raise RuntimeError("two lines\nof which one is told")

    monkeypatch.setattr("recyclegan.exports.exporting.onnx_of", fail)
    message = message_of(export, folder / "ab.safetensors", tmp_path / "a.onnx")
    assert message.endswith("a.onnx: is not written, as it cannot be run as ONNX (two lines)")
    assert list(tmp_path.iterdir()) == []


def test_distances_are_over_1_where_a_picture_is_another() -> None:
    frames = torch.rand(1, 3, 8, 8) * 2 - 1
    images = torch.randint(0, 250, (1, 8, 8, 3), dtype=torch.uint8)
    assert distance(frames + 5e-5, frames, False, "32").ratio < 1 < distance(frames + 2e-4, frames, False, "32").ratio
    assert distance(images + 1, images, False, "32").ratio <= 1 < distance(images + 2, images, False, "32").ratio
    assert distance(frames + 1e-2, frames, False, "16").ratio < 1 < distance(frames + 3e-2, frames, False, "16").ratio
    assert distance(images, images, True, "32").ratio == 0 < 1 < distance(images + 1, images, True, "16").ratio
    assert distance(frames * torch.nan, frames, False, "16").ratio == float("inf")
    assert not distance(frames * torch.nan, frames, False, "32").ratio <= 1
    assert distance(frames[..., 1:], frames, False, "32").ratio == float("inf")


def test_what_an_exported_file_does_not_do_is_refused_in_one_line(folder: Path) -> None:
    file = folder / "frames.onnx"
    refused = {
        "engine torch": {"engine": "torch"},
        "engine openvino": {"engine": "openvino"},
        "precision 16-mixed": {"precision": "16-mixed"},
        "device cuda": {"device": "cuda"},
        "max memory": {"max_memory": 2.0},
    }
    for words, options in refused.items():
        expected = f"{file}: {words} is not for exported files, which onnxruntime runs on a CPU"
        assert message_of(Translator.from_pretrained, file, **options).startswith(expected)
    assert f"{file}: translates ab, not ba" in message_of(Translator.from_pretrained, file, "ba")
    assert Translator.from_pretrained(file, "ab", engine="onnxruntime").card.direction == "ab"


def test_files_that_are_no_exported_ones_are_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no network")
    assert "holds no network that onnxruntime reads" in message_of(Translator.from_pretrained, tmp_path / "text.onnx")
    model = onnx.load(folder / "frames.onnx")
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "other.onnx")
    assert "is an ONNX file of something else" in message_of(Translator.from_pretrained, tmp_path / "other.onnx")
    onnx.helper.set_model_props(model, {"recyclegan": "{}"})
    onnx.save(model, tmp_path / "card.onnx")
    assert "it is damaged" in message_of(Translator.from_pretrained, tmp_path / "card.onnx")
    onnx.helper.set_model_props(model, {"recyclegan": write_card(small_card(channels_in=1))})
    onnx.save(model, tmp_path / "channels.onnx")
    translator = Translator.from_pretrained(tmp_path / "channels.onnx")
    assert message_of(translator.translate_images, picture(0)[None]).endswith("; export the run again")
    assert "no such file" in message_of(Translator.from_pretrained, tmp_path / "absent.onnx")
    (tmp_path / "folder.onnx").mkdir()
    assert "is a folder" in message_of(Translator.from_pretrained, tmp_path / "folder.onnx")
    assert "precision 8: expected 32 or 16" in message_of(export, folder, tmp_path / "a.onnx", precision="8")
    assert "cannot be run as ONNX" in message_of(export, folder, tmp_path / "a.onnx", opset=99)
    assert "ends in .onnx" in message_of(export, folder, tmp_path / "a.pt")
    assert "is a folder" in message_of(export, folder, tmp_path / "folder.onnx")
    assert "no such file or folder" in message_of(export, tmp_path / "absent", tmp_path / "a.onnx")


def test_missing_packages_are_named_with_their_extra(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recyclegan.engines.exported.find_spec", lambda _: None)
    needs = "needs onnx; pip install 'recyclegan[onnx]'"
    assert message_of(export, folder, tmp_path / "a.onnx") == f"export: {needs}"
    file = folder / "frames.onnx"
    needs = "needs onnxruntime; pip install 'recyclegan[onnx]'"
    assert message_of(Translator.from_pretrained, file) == f"{file}: {needs}"


def test_the_command_says_how_far_the_file_is_and_translate_takes_it(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, video = tmp_path / "a.onnx", tmp_path / "drive.mp4"
    assert main(["export", str(folder), str(file), "--direction", "ab", "--images"]) == 0
    written, compared = capsys.readouterr().out.splitlines()
    assert re.fullmatch(rf"{file}: written \(ab, \d+\.\d MB\)", written)
    assert re.fullmatch(r"onnxruntime against torch at 64x64, 70x62, 131x97: .+ at most 1 of 255 levels", compared)
    write_video(video, [numbered(number) for number in range(4)], rate=25)
    assert main(["translate", str(file), str(video), str(tmp_path / "night.mp4")]) == 0
    assert len(list(read_video(tmp_path / "night.mp4"))) == 4
    capsys.readouterr()
    assert main(["translate", str(file), str(video), str(tmp_path / "b.mp4"), "--engine", "torch"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_the_scripts_of_the_page_run_without_this_package(folder: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "street.png", picture(3, 45, 62))
    (tmp_path / "day2night.onnx").write_bytes((folder / "images.onnx").read_bytes())
    script, card = blocks("python")
    assert len([line for line in script.splitlines() if line]) == 4
    check = "\nimport sys; assert not {'recyclegan', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script + check], cwd=tmp_path, check=True)
    subprocess.run([sys.executable, "-c", card + "assert card['direction'] == 'ab'"], cwd=tmp_path, check=True)
    translator = Translator.from_pretrained(folder / "ab.safetensors", device="cpu", scale="native")
    translator.translate_path(tmp_path / "street.png", tmp_path / "ours.png", Output())
    made, ours = (np.asarray(Image.open(tmp_path / name)).astype(int) for name in ("night.png", "ours.png"))
    assert np.abs(made - ours).max() <= 1


def test_the_commands_of_the_page_are_understood(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("recyclegan.exports.int8.LEAST_DECIBELS", 0.0)  # random weights answer noise with noise
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "day2night").symlink_to(folder)
    write_video("drive.mp4", [numbered(number) for number in range(12)], rate=25)
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("recyclegan ")]
    assert len(lines) == 5
    assert [main(shlex.split(line, comments=True)[1:]) for line in lines] == [0] * 5


def test_the_limits_of_the_page_are_those_of_the_check() -> None:
    assert ", ".join(f"{width}x{height}" for height, width in parity.SIZES[:2]) in PAGE
    assert "131x97" in PAGE
    assert (parity.MOST_ERROR, parity.AGREEMENT) == (1e-4, 40.0)
    assert parity.MOST_STRANGE == {"32": 1e-3, "16": 1e-2}
    assert "largest difference 1e-4" in PAGE
    assert "40 dB" in PAGE
