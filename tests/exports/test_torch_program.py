"""Programs of torch.export: of any size, and read for card and weights alone."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.torch_version import TorchVersion

from recyclegan.checkpoint import CARD_KEY, load_card, write_card
from recyclegan.cli import main
from recyclegan.exports import export
from recyclegan.exports.exporting import FREE_FRAMES
from recyclegan.exports.torch_program import load_program, program_of, run_of_program
from recyclegan.networks import layers
from recyclegan.networks.layers import padded_traced, steps_traced
from recyclegan.networks.registry import GENERATORS, LABEL_GENERATORS
from recyclegan.translation import Translator
from recyclegan.video import read_video
from tests.exports.exported_translators import footage, generator_of, saved
from tests.refusals import message_of
from tests.small import PALETTE, picture, small_card

pytestmark = pytest.mark.usefixtures("_unchecked")


class Small(nn.Module):
    """Pads to strides, as generators do, and cuts off what was added."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 3, stride=2, padding=1)
        self.widening = nn.ConvTranspose2d(3, 3, 4, stride=2, padding=1)

    def forward(self, frames: Tensor) -> Tensor:
        height, width = frames.shape[-2:]
        padded = layers.pad_to_multiple(frames, 4, 8)
        return self.widening(self.convolution(padded))[..., :height, :width]


def test_a_program_makes_the_picture_of_its_network_at_any_size() -> None:
    network = Small().requires_grad_(False)
    run = run_of_program(program_of(network, torch.rand(2, 3, 64, 80), FREE_FRAMES, {"note": "kept"}))
    for count, height, width in ((2, 64, 80), (1, 62, 70), (3, 7, 133), (1, 2, 2)):
        frames = torch.rand(count, 3, height, width)
        torch.testing.assert_close(run(frames), network(frames), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("multiple", "least"), [(4, 8), (128, 1), (3, 1)])
def test_padding_that_is_traced_is_padding(multiple: int, least: int) -> None:
    for height, width in ((1, 1), (2, 9), (4, 8), (5, 5), (8, 3), (65, 64), (128, 130)):
        frames = torch.rand(2, 3, height, width)
        expected = layers.pad_to_multiple(frames, multiple, least)
        assert torch.equal(padded_traced(frames, multiple, least), expected), (height, width)


def test_steps_that_are_traced_are_those_of_linspace() -> None:
    for count in (2, 3, 64, 511):
        expected = torch.linspace(-1, 1, count)
        torch.testing.assert_close(steps_traced(count, torch.device("cpu")), expected, rtol=0, atol=1e-6)


def archive(path: Path, card: Any, network: nn.Module, prefix: str = "", half: bool = False, **changes: str) -> Path:
    """Write what torch.export.save writes of a network that is read."""
    files, config = dict[str, Any](), dict[str, Any]()
    for number, (name, value) in enumerate(network.state_dict().items()):
        kept = value.half() if half and value.is_floating_point() else value
        files[f"data/weights/weight_{number}"] = kept.contiguous().numpy().tobytes()
        sizes = [{"as_int": size} for size in value.shape]
        config[prefix + name] = {"path_name": f"weight_{number}", "tensor_meta": {"sizes": sizes}}
    files["data/weights/model_weights_config.json"] = json.dumps({"config": config})
    files["extra/recyclegan"] = write_card(card)
    files["models/model.json"] = "what would be run"
    with zipfile.ZipFile(path, "w") as made:
        for name, data in {**files, **{key.replace("__", "/"): text for key, text in changes.items()}}.items():
            if data != "":
                made.writestr(f"archive/{name}", data)
    return path


@pytest.mark.parametrize("prefix", ["", "generator.", "generator.generator."])
@pytest.mark.parametrize("half", [False, True])
def test_card_and_weights_are_read_and_the_program_is_not(tmp_path: Path, prefix: str, half: bool) -> None:
    card = small_card(norm="batch")
    network = generator_of(card)
    found, read = load_program(archive(tmp_path / "a.pt2", card, network, prefix, half))
    assert read == card
    for name, value in network.state_dict().items():
        expected = value.half().float() if half and value.is_floating_point() else value
        assert torch.equal(found.state_dict()[name], expected)
    assert not found.training


def test_what_is_no_exported_program_is_told_in_one_line(tmp_path: Path) -> None:
    card = small_card()
    network, config = generator_of(card), "data/weights/model_weights_config.json"
    place = tmp_path / "a.pt2"
    place.write_text("no archive")
    assert "is no program that recyclegan export wrote (BadZipFile)" in message_of(load_program, place)
    damaged: dict[str, dict[str, str]] = {
        "is no program that recyclegan export wrote (KeyError)": {"extra/recyclegan": ""},
        "it is damaged": {"extra/recyclegan": "{}"},
        "export the run again": {config: "{}"},
        "its weights are not those of the resnet-6": {config: '{"config": {}}'},
        "wrote (ValueError)": {"data/weights/weight_0": "short"},
        "wrote (JSONDecodeError)": {config: "["},
    }
    for words, changes in damaged.items():
        keys = {name.replace("/", "__"): text for name, text in changes.items()}
        assert words in message_of(load_program, archive(place, card, network, **keys)), words
    archive(place, card, network)
    assert "translates ab, not ba" in message_of(load_program, place, "ba")
    assert "no such file" in message_of(Translator.from_pretrained, tmp_path / "absent.pt2")
    (tmp_path / "folder.pt2").mkdir()
    assert "is a folder" in message_of(load_program, tmp_path / "folder.pt2")


def test_a_file_translates_as_the_translator_whose_weights_it_holds(tmp_path: Path) -> None:
    place = saved(tmp_path)
    archive(tmp_path / "a.pt2", small_card(), Translator.from_pretrained(place, device="cpu").generator)
    images = np.stack([picture(number) for number in range(2)])
    found, expected = (
        Translator.from_pretrained(path, device="cpu", engine="torch").translate_images(images)
        for path in (tmp_path / "a.pt2", place)
    )
    assert np.array_equal(found, expected)
    drive = footage(tmp_path)
    assert main(["translate", str(tmp_path / "a.pt2"), str(drive), str(tmp_path / "b.mp4"), "--device", "cpu"]) == 0
    assert len(list(read_video(tmp_path / "b.mp4"))) == 12


def test_an_older_torch_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = saved(tmp_path)
    monkeypatch.setattr(torch, "__version__", TorchVersion("2.7.1"))
    assert "export: .pt2 needs torch 2.8 or newer, found 2.7.1; update torch" in message_of(
        export, place, tmp_path / "a.pt2"
    )
    assert not (tmp_path / "a.pt2").exists()


def test_a_program_that_makes_another_picture_does_not_appear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = program_of(Small().requires_grad_(False), torch.rand(2, 3, 64, 80), FREE_FRAMES, {})
    monkeypatch.setattr("recyclegan.exports.exporting.program_of", lambda *_: small)
    place = saved(tmp_path)
    message = message_of(export, place, tmp_path / "a.pt2")
    assert "a.pt2: is not written; at 64x64 it makes another picture than torch" in message
    assert not (tmp_path / "a.pt2").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "palette"), [*((name, ()) for name in GENERATORS), *((name, PALETTE) for name in LABEL_GENERATORS)]
)
def test_every_generator_is_exported_and_read_again(tmp_path: Path, name: Any, palette: Any) -> None:
    place = saved(tmp_path, generator=name, palette=palette)
    written = export(place, tmp_path / "a.pt2")
    assert written.runner == "torch.export"
    found, card = load_program(tmp_path / "a.pt2")
    assert card == load_card(place)
    assert CARD_KEY == "recyclegan"
    frames = torch.rand(1, 3, 45, 62) * 2 - 1
    program = torch.export.load(io.BytesIO((tmp_path / "a.pt2").read_bytes())).module()
    torch.testing.assert_close(program(frames), found(frames), rtol=0, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"images": True}, {"precision": "16"}, {"images": True, "precision": "16"}])
def test_images_and_half_precision_are_exported_and_read_again(tmp_path: Path, options: Any) -> None:
    place = saved(tmp_path)
    export(place, tmp_path / "a.pt2", **options)
    images = picture(0)[None]
    found, expected = (
        Translator.from_pretrained(path, device="cpu").translate_images(images).astype(int)
        for path in (tmp_path / "a.pt2", place)
    )
    assert np.abs(found - expected).max() <= 2
