from pathlib import Path

import numpy as np
import pytest

from recyclegan.arrays import Image
from recyclegan.doctor import clip_checks
from recyclegan.doctor.scan import Scan
from recyclegan.labels import CITYSCAPES, VIPER
from tests.doctor.world import film, only, resized, scene, survey_of, write_frames

SIZE = (96, 128)
OWN = np.uint8([(10, 90, 200), (200, 30, 90), (60, 250, 10), (255, 255, 0)])


def label_maps(palette: np.ndarray, num_frames: int = 4, seed: int = 0) -> list[Image]:
    """Return label maps of areas of a few classes, which move."""
    classes = np.random.default_rng(seed).integers(2 if len(palette) > 9 else 0, len(palette), (4, 8))
    image = palette[classes.repeat(27, 0).repeat(27, 1)][: SIZE[0]]
    return [image[:, 3 * number : 3 * number + SIZE[1]].copy() for number in range(num_frames)]


def world(root: Path, b: list[Image], suffix: str = ".png") -> Path:
    write_frames(root / "train" / "A" / "drive", scene(1, 4, size=SIZE))
    write_frames(root / "train" / "B" / "maps", b, suffix)
    return root


def findings(scan: Scan) -> list:
    return [*clip_checks.undeclared_labels(scan), *clip_checks.colours_off_the_palette(scan)]


@pytest.mark.parametrize(
    ("palette", "called"), [(VIPER.colours, "viper"), (CITYSCAPES.colours, "cityscapes"), (OWN, "a palette of its own")]
)
def test_exact_label_maps_are_recognized_and_nothing_is_wrong_with_them(
    tmp_path: Path, palette: np.ndarray, called: str
) -> None:
    scan = survey_of(world(tmp_path, label_maps(palette)))
    finding = only(findings(scan), "note", "B looks like label maps", called)
    assert "--labels b" in finding.remedy
    assert not findings(survey_of(tmp_path, labels="b"))


def test_footage_is_not_taken_for_label_maps(tmp_path: Path) -> None:
    assert not findings(survey_of(world(tmp_path, scene(2, 4, size=SIZE))))


def test_a_dark_night_is_not_taken_for_label_maps(tmp_path: Path) -> None:
    night = [np.uint8(image * 0.1) for image in scene(2, 4, size=SIZE)]
    for image in night:
        image[:60] = 0
    assert not findings(survey_of(world(tmp_path, night)))


def test_a_declaration_that_leaves_label_maps_out(tmp_path: Path) -> None:
    scan = survey_of(world(tmp_path, label_maps(VIPER.colours)), labels="none")
    only(findings(scan), "problem", "B", "viper", "--labels none")


def test_footage_that_is_declared_to_be_label_maps(tmp_path: Path) -> None:
    scan = survey_of(world(tmp_path, scene(2, 4, size=SIZE)), labels="b")
    only(findings(scan), "problem", "B: label maps of", "training takes 256", "train/B/maps")


def test_lossy_video_of_label_maps(tmp_path: Path) -> None:
    world(tmp_path, label_maps(VIPER.colours))
    film(tmp_path / "train" / "B" / "coded.mp4", label_maps(VIPER.colours, seed=1), crf=23)
    film(tmp_path / "train" / "B" / "recoded.mp4", label_maps(VIPER.colours, seed=2), crf=23)
    _, finding = findings(survey_of(tmp_path))
    only([finding], "problem", "viper's palette", "train/B/recoded.mp4", "train/B/maps 0.0%")
    assert "h264" in finding.remedy


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_label_maps_compressed_with_loss_or_resized_smoothly(tmp_path: Path, suffix: str) -> None:
    images = label_maps(VIPER.colours, 4)
    world(tmp_path, images if suffix == ".jpg" else resized(images, 67, 90), suffix)
    only(clip_checks.colours_off_the_palette(survey_of(tmp_path)), "problem", "B", "train/B/maps", "colours")


def test_smeared_colours_of_an_unknown_palette_are_only_suspected_unless_declared(tmp_path: Path) -> None:
    world(tmp_path, label_maps(OWN), ".jpg")
    only(clip_checks.colours_off_the_palette(survey_of(tmp_path)), "warning", "a palette of its own")
    only(clip_checks.colours_off_the_palette(survey_of(tmp_path, labels="b")), "problem", "a palette of its own")


def test_a_class_that_the_label_set_does_not_know(tmp_path: Path) -> None:
    images = label_maps(CITYSCAPES.colours)
    for image in images:
        image[:10, :10] = (250, 171, 160)
    messages = ("0.8% of pixels are off cityscapes", "(250, 171, 160)")
    only(clip_checks.colours_off_the_palette(survey_of(world(tmp_path, images))), "note", *messages)
