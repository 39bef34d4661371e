from fractions import Fraction
from pathlib import Path

import av
import pytest

from recyclegan.doctor import clip_checks
from tests.doctor.world import film, make_world, only, scene, survey_of, write_frames


@pytest.fixture
def world(tmp_path: Path) -> Path:
    return make_world(tmp_path / "data", clips=1)


CHECKS = (
    clip_checks.mixed_sizes_in_a_clip,
    clip_checks.different_shapes_in_a_domain,
    clip_checks.different_shapes_of_the_domains,
    clip_checks.oblong_pixels,
    clip_checks.smaller_than_training,
)


def test_nothing_is_found_where_all_have_one_size(world: Path) -> None:
    scan = survey_of(world, size=(36, 48))
    assert not [finding for check in CHECKS for finding in check(scan)]


def test_a_clip_whose_frames_differ_in_size(world: Path) -> None:
    write_frames(world / "train" / "A" / "mixed", scene(1, 3) + scene(2, 2, size=(40, 64)))
    messages = ("train/A/mixed", "64x48 in 3 frames", "64x40 in 2 frames")
    only(clip_checks.mixed_sizes_in_a_clip(survey_of(world)), "problem", *messages)


def test_a_domain_with_another_shape(world: Path) -> None:
    write_frames(world / "train" / "A" / "wide", scene(1, 3, size=(48, 96)))
    only(clip_checks.different_shapes_in_a_domain(survey_of(world)), "warning", "train/A", "96x48 in 1 clip")


def test_a_domain_with_another_size_of_the_same_shape(world: Path) -> None:
    write_frames(world / "train" / "A" / "large", scene(1, 3, size=(96, 128)))
    only(clip_checks.different_shapes_in_a_domain(survey_of(world)), "note", "2 sizes", "128x96")


def test_upright_among_lying_clips(world: Path) -> None:
    write_frames(world / "train" / "A" / "phone", scene(1, 3, size=(64, 48)))
    only(
        clip_checks.different_shapes_in_a_domain(survey_of(world)),
        "warning",
        "1 of 2 clips",
        "upright",
        "train/A/phone",
    )


def test_domains_of_different_shape(tmp_path: Path) -> None:
    write_frames(tmp_path / "train" / "A" / "clip", scene(1, 3, size=(48, 64)))
    write_frames(tmp_path / "train" / "B" / "clip", scene(2, 3, size=(48, 96)))
    only(
        clip_checks.different_shapes_of_the_domains(survey_of(tmp_path)),
        "warning",
        "1.33 times",
        "2.00 times",
        "1.50 times",
    )


def test_oblong_pixels(world: Path) -> None:
    path = world / "train" / "B" / "oblong.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.height, stream.width = 48, 64
        stream.pix_fmt = "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for image in scene(1, 4):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        output.mux(stream.encode(None))
    only(clip_checks.oblong_pixels(survey_of(world)), "warning", "1 video", "4:3", "train/B/oblong.mp4")


def test_clips_smaller_than_training(world: Path) -> None:
    film(world / "train" / "A" / "small.mp4", scene(1, 4, size=(24, 32)))
    only(clip_checks.smaller_than_training(survey_of(world, size=(36, 48))), "warning", "48x36", "32x24", "small.mp4")


def test_clips_that_the_default_resizing_leaves_narrower_than_the_crop(world: Path) -> None:
    write_frames(world / "train" / "A" / "phone", scene(1, 3, size=(96, 64)))
    messages = ("brings to 40x60", "crop of 48x36", "train/A/phone")
    only(clip_checks.smaller_than_training(survey_of(world, size=(36, 48))), "warning", *messages)
