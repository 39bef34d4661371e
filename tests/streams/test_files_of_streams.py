"""Numbered images and animations: what is written comes back, whole or not at all."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from recyclegan.errors import InputError
from recyclegan.streams import GifWriter, gap_in, is_image_pattern, numbered_images, numbered_path
from recyclegan.translation import Output
from recyclegan.video import count_frames, probe, read_image, read_video
from tests.live.stages import translator
from tests.media import make_video, number_of, numbered
from tests.small import label_map, make_frames, picture

OFF = Output(strength=0.0)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("pattern", "number", "name"),
    [("f_%05d.png", 7, "f_00007.png"), ("%d.jpg", 12, "12.jpg"), ("a%03d b.png", 1234, "a1234 b.png")],
)
def test_a_pattern_names_its_images(pattern: str, number: int, name: str, tmp_path: Path) -> None:
    assert is_image_pattern(pattern)
    path = numbered_path(str(tmp_path / pattern), number)
    assert path == tmp_path / name
    path.touch()
    assert numbered_images(str(tmp_path / pattern)) == {number: path}


def test_images_come_in_the_order_of_their_numbers_and_no_others(tmp_path: Path) -> None:
    for name in ("f2.png", "f10.png", "f1.png", "f01.png", "fx.png", "g1.png", "f3.png.bak"):
        (tmp_path / name).touch()
    found = numbered_images(str(tmp_path / "f%d.png"))
    assert list(found) == [1, 2, 10]
    assert "7 numbers are missing between 1 and 10" in gap_in("f%d.png", found)


@pytest.mark.parametrize("pattern", ["a%s.png", "%d_%d.png", "100%.png", "%5d.png"])
def test_what_is_no_pattern_is_refused(pattern: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected one number in the name, as in frame_%05d.png"):
        numbered_images(str(tmp_path / pattern))


def test_a_file_of_just_that_name_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "50%d.png").touch()
    assert not is_image_pattern(str(tmp_path / "50%d.png"))
    assert not is_image_pattern("frame_%05d.mp4")


def test_a_video_of_numbered_images_is_encoded_as_asked(tmp_path: Path) -> None:
    make_frames(tmp_path / "in", 3)
    with pytest.raises(InputError, match="encoder preset: found 'veryfst'"):
        translator().translate_path(
            f"{tmp_path}/in/frame_%03d.png", tmp_path / "out.mp4", Output(encoder_preset="veryfst")
        )
    assert not (tmp_path / "out.mp4").exists()


def test_numbered_images_keep_their_numbers(tmp_path: Path) -> None:
    make_frames(tmp_path / "in", 3)
    notes = translator().translate_path(f"{tmp_path}/in/frame_%03d.png", f"{tmp_path}/out/n%02d.png", OFF)
    assert notes == []
    assert names(tmp_path / "out") == ["n00.png", "n01.png", "n02.png"]
    assert np.array_equal(read_image(tmp_path / "out" / "n01.png"), picture(1))
    translator().translate_path(f"{tmp_path}/in/frame_%03d.png", tmp_path / "folder", OFF)
    assert names(tmp_path / "folder") == names(tmp_path / "in")


def test_a_video_becomes_numbered_images_and_these_a_video(tmp_path: Path) -> None:
    film = make_video(tmp_path / "in.mp4", [numbered(n) for n in range(5)])
    translator().translate_path(film, tmp_path / "out" / "%04d.png", OFF)
    assert names(tmp_path / "out") == [f"{number:04d}.png" for number in range(1, 6)]
    translator().translate_path(f"{tmp_path}/out/%04d.png", tmp_path / "back.mp4", OFF)
    frames = list(read_video(tmp_path / "back.mp4"))
    assert [number_of(frame.image) for frame in frames] == [*range(5)]
    assert probe(tmp_path / "back.mp4").rate == 25


def test_images_that_are_there_are_refused_skipped_or_replaced(tmp_path: Path) -> None:
    make_frames(tmp_path / "in", 2)
    source, target = f"{tmp_path}/in/frame_%03d.png", f"{tmp_path}/in/frame_%03d.png"
    with pytest.raises(InputError, match=r"is the input itself|is there already"):
        translator().translate_path(source, target, OFF)
    target = f"{tmp_path}/out/n%d.png"
    translator().translate_path(source, target, OFF)
    with pytest.raises(InputError, match=r"n0.png: is there already"):
        translator().translate_path(source, target, OFF)
    skipped = translator().translate_path(source, target, Output(existing="skip"))
    assert "is left as it is" in skipped[0]
    translator().translate_path(source, target, Output(existing="replace"))
    assert not np.array_equal(read_image(tmp_path / "out" / "n1.png"), picture(1))


def test_a_damaged_image_leaves_nothing(tmp_path: Path) -> None:
    make_frames(tmp_path / "in", 3)
    (tmp_path / "in" / "frame_002.png").write_bytes(b"torn")
    with pytest.raises(InputError, match=r"frame_002.png"):
        translator().translate_path(f"{tmp_path}/in/frame_%03d.png", f"{tmp_path}/out/%d.png", OFF)
    assert names(tmp_path) == ["in"] or names(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("target", "output", "said"),
    [
        ("out.txt", OFF, "numbered images become a video, numbered images"),
        ("out.mp4", Output(start=1.0), "images have no times"),
        ("o_%s.png", OFF, "expected one number in the name"),
    ],
)
def test_what_images_do_not_become_is_refused(target: str, output: Output, said: str, tmp_path: Path) -> None:
    make_frames(tmp_path / "in", 2)
    with pytest.raises(InputError, match=said):
        translator().translate_path(f"{tmp_path}/in/frame_%03d.png", tmp_path / target, output)
    assert names(tmp_path) == ["in"]


@pytest.mark.parametrize("make", [picture, label_map])
def test_an_animation_shows_its_frames_at_their_times(make: object, tmp_path: Path) -> None:
    images = [make(number) for number in range(6)]  # type: ignore[operator]
    with GifWriter(tmp_path / "out.gif", 54, 36, Fraction(25)) as writer:
        for number, image in enumerate(images):
            writer.write(image, Fraction(number, 25))
    frames = list(read_video(tmp_path / "out.gif"))
    assert [frame.time for frame in frames] == [Fraction(number, 25) for number in range(6)]
    worst = max(np.abs(f.image.astype(int) - image).mean() for f, image in zip(frames, images, strict=True))
    assert worst == 0 if make is label_map else worst < 12
    assert names(tmp_path) == ["out.gif"]


def test_a_video_becomes_an_animation_cut_and_smaller(tmp_path: Path) -> None:
    film = make_video(tmp_path / "in.mp4", [numbered(n) for n in range(9)], ticks=[1536 * n for n in range(9)])
    output = Output(strength=0.0, start="0.3", end=0.6, max_side=32)
    assert translator().translate_path(film, tmp_path / "out.gif", output) == []
    frames = list(read_video(tmp_path / "out.gif"))
    assert [(float(frame.time), number_of(frame.image)) for frame in frames] == [(0, 3), (0.1, 4), (0.2, 5)]
    assert frames[0].image.shape == (24, 32, 3)


def test_frames_that_browsers_would_slow_down_are_left_out(tmp_path: Path) -> None:
    with GifWriter(tmp_path / "out.gif", 54, 36, Fraction(100)) as writer:
        for number in range(9):
            writer.write(picture(number), Fraction(number, 100))
    assert count_frames(tmp_path / "out.gif") == 5


def test_an_animation_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AssertionError), GifWriter(tmp_path / "out.gif", 54, 36, Fraction(10)) as writer:
        writer.write(picture(0, 8, 8), Fraction(0))
    with pytest.raises(InputError, match="no frames"), GifWriter(tmp_path / "out.gif", 54, 36, Fraction(10)):
        pass
    assert names(tmp_path) == []


def test_strength_is_the_share_of_the_translation(tmp_path: Path) -> None:
    make_frames(tmp_path / "in", 1)
    means = []
    for strength in (0.0, 0.25, 0.5, 1.0):
        translator().translate_path(
            tmp_path / "in" / "frame_000.png", tmp_path / "out.png", Output(strength=strength, existing="replace")
        )
        means.append(read_image(tmp_path / "out.png").astype(float))
    assert np.array_equal(means[0], picture(0))
    for strength, found in zip((0.25, 0.5), means[1:3], strict=True):
        assert np.abs(found - ((1 - strength) * means[0] + strength * means[3])).max() <= 1
    with pytest.raises(InputError, match=r"strength: found 1.5, expected 0"):
        Output(strength=1.5)
