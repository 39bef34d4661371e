"""Translators that come with the package: found by name, as good as they say, and what is told of them is true."""

import importlib.util
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from recyclegan.checkpoint import load_card
from recyclegan.cli import main
from recyclegan.errors import InputError
from recyclegan.exports import export
from recyclegan.files import digest
from recyclegan.hub import locate
from recyclegan.labels import VIPER, exact_class
from recyclegan.metrics.segmentation import confusion_matrix, segmentation_scores
from recyclegan.roadworld import Drive
from recyclegan.shipped import Shipped, find_shipped, hidden_by, names, shipped
from recyclegan.translation import Translator
from recyclegan.video import read_image, write_image

ROOT = Path(__file__).parents[2]
NAMES = ("day2label", "day2night", "label2day", "night2day")
LARGEST = 3_000_000
"""Bytes of the weights of one."""
each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def script() -> Any:
    """Return the script that made them."""
    spec = importlib.util.spec_from_file_location("make_models", ROOT / "models" / "roadworld.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, "make_models", module)
        spec.loader.exec_module(module)
        yield module


def test_all_that_is_shipped_is_known_and_whole() -> None:
    assert tuple(names()) == tuple(shipped()) == NAMES
    files = {place.name for place in shipped()["day2night"].weights.parent.iterdir()}
    assert files == {f"{name}.{suffix}" for name in NAMES for suffix in ("json", "png", "safetensors")}


@each
def test_card_digest_and_scores_fit_the_weights(name: str, script: Any) -> None:
    model, made = shipped()[name], script.MADE[name]
    card = load_card(model.weights)
    assert model.sha256 == digest(model.weights)
    assert card.metrics == model.scores
    assert (card.direction, card.steps, card.width) == (made.direction, made.run.steps, 16)
    assert (card.size, card.load_size, card.resize) == (made.scale, made.scale, "scale_shortest")
    assert (model.seed, list(model.commands)) == (script.SEED, made.run.commands)
    assert (ROOT / model.script).is_file()
    assert model.does == made.does
    assert model.licence == "Apache-2.0"


@each
def test_weights_are_small_and_half(name: str) -> None:
    model = shipped()[name]
    assert model.weights.stat().st_size < LARGEST
    with safe_open(model.weights, "pt") as file:
        assert {file.get_slice(key).get_dtype() for key in file.keys()} == {"F16"}  # noqa: SIM118
    assert read_image(model.picture).std() > 20
    kept = model.scores.get("half_precision_psnr", 0) > 50 or model.scores.get("half_precision_agreement", 0) > 0.995
    assert kept, "half precision keeps the picture"


def drives(script: Any, name: str, frames: list[int]) -> Iterator[tuple[Any, Any, Any]]:
    """Yield source, truth and classes of frames of the drives that the script held out."""
    made, first = script.MADE[name], 64 + (script.MADE[name].source == "b")
    for number in range(first, 72, 2):
        drive = Drive(number, *script.SIZE, num_frames=script.FRAMES)
        for index in frames:
            source, truth = (script.true_image(drive, index, made.look(which)) for which in (made.source, made.target))
            yield source, truth, drive[index].classes


def score(script: Any, name: str, frames: list[int]) -> dict[str, float]:
    """Return what a translator scores on these frames."""
    sources, truth, classes = (np.stack(images) for images in zip(*drives(script, name, frames), strict=True))
    images = Translator.from_pretrained(name, device="cpu").translate_images(sources)
    if script.MADE[name].look(script.MADE[name].target) != "label":
        return {"truth_psnr": script.psnr(images, truth), "truth_psnr_of_source": script.psnr(sources, truth)}
    found = [exact_class(image, VIPER) for image in images]
    counts = sum(confusion_matrix(a, b, len(VIPER.names)) for a, b in zip(found, classes, strict=True))
    scores = segmentation_scores(counts)
    return {"mean_iou": scores.mean_iou, "pixel_accuracy": scores.pixel_accuracy}


MARGINS = {"mean_iou": 0.08, "pixel_accuracy": 0.05, "truth_psnr": 1.0, "truth_psnr_of_source": 1.0}


@each
def test_each_is_as_good_as_it_says_on_one_frame_a_drive(name: str, script: Any) -> None:
    stated, found = shipped()[name].scores, score(script, name, [15])
    assert {key for key, value in found.items() if value < stated[key] - 2 * MARGINS[key]} == set()


@pytest.mark.slow
@each
def test_each_is_as_good_as_it_says(name: str, script: Any) -> None:
    stated, found = shipped()[name].scores, score(script, name, [3, 9, 15, 21, 27])
    assert {key for key, value in found.items() if value < stated[key] - MARGINS[key]} == set()
    assert found.get("truth_psnr", 1) > found.get("truth_psnr_of_source", 0)


@pytest.mark.parametrize("place", ["./day2night", "runs/day2night", "day2night/", "day2night.safetensors", "day", ""])
def test_a_name_is_a_word_alone(place: str) -> None:
    assert find_shipped(place) is None
    assert find_shipped(Path("day2night")) == find_shipped("day2night") == shipped()["day2night"].weights


def test_a_path_of_that_name_wins_and_what_it_hides_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert locate("day2night") == shipped()["day2night"].weights
    (tmp_path / "day2night").mkdir()
    assert locate("day2night") == Path("day2night")
    with pytest.raises(
        InputError, match=r"holds no ab.safetensors or ba.safetensors.*hides the translator of that name"
    ):
        Translator.from_pretrained("day2night")
    assert not hidden_by(tmp_path)


@pytest.mark.parametrize(
    "command", [["translate", "day2nigth", "in.png", "out.png"], ["export", "day2nigth", "x.onnx"]]
)
def test_a_mistyped_name_is_told_with_the_nearest_one(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_image(tmp_path / "in.png", np.zeros((32, 48, 3), np.uint8))
    assert main(command) == 2
    message = capsys.readouterr().err
    assert "day2nigth: no such file or folder (did you mean 'day2night'?)" in message
    assert "recyclegan models lists" in message


@pytest.mark.usefixtures("_unchecked")
def test_each_command_that_takes_a_model_takes_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    image = Drive(64, 128, 256, num_frames=2).image(0, "day")
    write_image(tmp_path / "day.png", image)
    assert main(["translate", "day2night", "day.png", "night.png"]) == 0
    night = read_image(tmp_path / "night.png")
    assert night.shape == image.shape
    assert night.mean() < image.mean() - 30
    export("day2night", "night.onnx", images=True)
    made = Translator.from_pretrained("night.onnx").translate_images(image[None])[0]
    assert np.abs(made.astype(int) - night).max() <= 2


def test_the_wrong_direction_is_refused() -> None:
    assert Translator.from_pretrained("night2day", "ba", device="cpu").card.direction == "ba"
    with pytest.raises(InputError, match="translates ba, not ab"):
        Translator.from_pretrained("night2day", "ab")


def test_all_that_is_known_of_one_is_said_in_words() -> None:
    model = shipped()["day2night"]
    assert {field.name for field in fields(Shipped)} == set(vars(model))
    assert all(value not in ("", (), {}) for value in vars(model).values())
    assert all(np.isfinite(value) for value in model.scores.values())
