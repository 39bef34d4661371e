"""Pictures of every kind are seen as they look, or refused; numbers of label maps are left alone."""

import io
import logging
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageCms, ImageFile

from recyclegan import notes
from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.video import IMAGE_SUFFIXES, image_size, open_picture, read_image, write_image

NOISE = np.random.default_rng(0).integers(0, 256, (16, 24, 3), dtype=np.uint8)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.fixture(autouse=True)
def _nothing_told_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "_already_noted", set())


def swapped() -> bytes:
    """Return a profile in which red and blue have changed places."""
    data, red, blue = bytearray(SRGB), SRGB.find(b"rXYZ"), SRGB.find(b"bXYZ")
    data[red + 4 : red + 12], data[blue + 4 : blue + 12] = SRGB[blue + 4 : blue + 12], SRGB[red + 4 : red + 12]
    return bytes(data)


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), suffix=st.sampled_from([".png", ".webp", ".tif"]))
def test_transparent_pixels_are_laid_on_black(tmp_path_factory: pytest.TempPathFactory, seed: int, suffix: str) -> None:
    path = tmp_path_factory.mktemp("cut") / f"cut{suffix}"
    pixels = np.random.default_rng(seed).integers(0, 256, (5, 7, 4), dtype=np.uint8)
    pixels[:2, :, 3], pixels[2:4, :, 3] = 0, 255
    Pillow.fromarray(pixels).save(path, **({"lossless": True, "exact": True} if suffix == ".webp" else {}))
    expected = pixels[..., :3].astype(float) * pixels[..., 3:] / 255
    assert np.abs(read_image(path) - expected).max() <= 1
    assert not read_image(path)[:2].any()
    np.testing.assert_array_equal(read_image(path)[2:4], pixels[2:4, :, :3])


def test_what_is_transparent_in_other_ways_is_black_too(tmp_path: Path) -> None:
    grey = np.dstack([np.full((4, 4), 200, np.uint8), np.repeat(np.uint8([[0], [0], [255], [255]]), 4, 1)])
    Pillow.fromarray(grey, "LA").save(tmp_path / "grey.png")
    palette = Pillow.fromarray(np.repeat(np.uint8([[0], [0], [1], [1]]), 4, 1), "P")
    palette.putpalette([9, 99, 199, 200, 200, 200])
    palette.save(tmp_path / "palette.png", transparency=0)
    key = np.full((4, 4, 3), 200, np.uint8)
    key[:2] = (9, 99, 199)
    Pillow.fromarray(key).save(tmp_path / "key.png", transparency=(9, 99, 199))
    deep = np.full((4, 4), 200 * 257, np.uint16)
    deep[:2] = 7000
    Pillow.fromarray(deep).save(tmp_path / "deep.png", transparency=7000)
    for path in tmp_path.iterdir():
        np.testing.assert_array_equal(read_image(path)[:2], 0, path.name)
        np.testing.assert_array_equal(read_image(path)[2:], 200, path.name)


def test_premultiplied_colours_are_not_dimmed_twice(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:] = (100, 50, 0, 128)
    data = io.BytesIO()
    Pillow.fromarray(pixels).save(data, "TIFF")
    straight, multiplied = (struct.pack("<HHII", 338, 3, 1, kind) for kind in (2, 1))
    assert straight in data.getvalue()
    (tmp_path / "premultiplied.tif").write_bytes(data.getvalue().replace(straight, multiplied))
    assert np.abs(read_image(tmp_path / "premultiplied.tif").astype(int) - (100, 50, 0)).max() <= 2


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
def test_colours_are_brought_from_their_profile_to_srgb(tmp_path: Path, suffix: str) -> None:
    picture = Pillow.fromarray(np.full((8, 8, 3), (250, 10, 10), np.uint8))
    picture.save(tmp_path / f"p{suffix}", icc_profile=swapped(), quality=95)
    assert np.abs(read_image(tmp_path / f"p{suffix}").astype(int) - (10, 10, 250)).max() < 12


def test_colours_in_srgb_stay_exact(tmp_path: Path) -> None:
    Pillow.fromarray(NOISE).save(tmp_path / "srgb.png", icc_profile=SRGB)
    np.testing.assert_array_equal(read_image(tmp_path / "srgb.png"), NOISE)


@pytest.mark.parametrize("profile", [b"no profile", SRGB[:300], b"", swapped()[:-200]])
def test_a_profile_that_cannot_be_read_is_passed_over_and_told_once(
    tmp_path: Path, profile: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        Pillow.fromarray(NOISE).save(tmp_path / f"{number}.png", icc_profile=profile)
        np.testing.assert_array_equal(read_image(tmp_path / f"{number}.png"), NOISE)
    assert len(messages(caplog)) == bool(profile)
    assert all("0.png: its colour profile is passed over" in line for line in messages(caplog))


def test_a_profile_for_other_colours_is_passed_over_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    Pillow.fromarray(NOISE).save(tmp_path / "p.png", icc_profile=lab)
    np.testing.assert_array_equal(read_image(tmp_path / "p.png"), NOISE)
    assert "it is for Lab colours, the picture is RGB" in messages(caplog)[0]


def test_the_numbers_of_label_maps_are_left_alone(tmp_path: Path) -> None:
    Pillow.fromarray(NOISE).save(tmp_path / "labels.png", icc_profile=swapped())
    np.testing.assert_array_equal(read_image(tmp_path / "labels.png", as_labels=True), NOISE)
    Pillow.fromarray(np.full((4, 4), 7, np.uint16)).save(tmp_path / "ids.png")
    with pytest.raises(InputError, match=r"ids\.png: holds numbers of 16 bits or more.*8-bit grey levels"):
        read_image(tmp_path / "ids.png", as_labels=True)
    assert not read_image(tmp_path / "ids.png").any()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(tmp_path: Path, orientation: int) -> None:
    exif = Pillow.Exif()
    exif[274] = orientation
    Pillow.fromarray(NOISE).save(tmp_path / "turned.png", exif=exif)
    image = read_image(tmp_path / "turned.png")
    assert image.shape == ((24, 16, 3) if orientation > 4 else (16, 24, 3))
    assert image_size(tmp_path / "turned.png") == image.shape[:2]


def _short_palette(path: Path) -> None:
    rows = b"".join(b"\0" + bytes([0, 200]) for _ in range(2))
    header = struct.pack(">IIBBBBB", 2, 2, 8, 3, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"PLTE", b"\x80\x40\x80"), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    data = b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def _float(path: Path) -> None:
    Pillow.fromarray(NOISE[..., 0].astype(np.float32)).save(path, "TIFF")


def _wide(path: Path) -> None:
    Pillow.fromarray(np.full((4, 4), 1 << 20, np.int32)).save(path, "TIFF")


def _several(kind: str) -> Callable[[Path], None]:
    def save(path: Path) -> None:
        pictures = [Pillow.fromarray(NOISE + np.uint8(number)) for number in range(3)]
        pictures[0].save(path, kind, save_all=True, append_images=pictures[1:])

    return save


def _postscript(path: Path) -> None:
    Pillow.fromarray(NOISE).save(path, "EPS")


def _bomb(path: Path) -> None:
    data = io.BytesIO()
    Pillow.fromarray(NOISE).save(data, "PNG")
    header = b"IHDR" + struct.pack(">II", 60_000, 60_000) + data.getvalue()[24:29]
    path.write_bytes(data.getvalue()[:12] + header + struct.pack(">I", zlib.crc32(header)) + data.getvalue()[33:])


def _half(path: Path) -> None:
    data = io.BytesIO()
    Pillow.fromarray(NOISE).save(data, "JPEG")
    path.write_bytes(data.getvalue()[:-150])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_short_palette, "uses colour 200 of a palette of 1 colours"),
        (_float, "floating point numbers"),
        (_wide, "levels of 1048576 to 1048576; expected 0 to 65535"),
        (_several("TIFF"), "holds several pictures, expected one"),
        (_several("PNG"), "holds several pictures, expected one"),
        (_several("WEBP"), "holds several pictures, expected one"),
        (_several("GIF"), "not an image"),
        (_postscript, "not an image"),
        (_bomb, "cannot be read as an image"),
        (_half, "cannot be read as an image"),
        (Path.touch, "not an image"),
        (lambda path: path.write_bytes(bytes(1000)), "not an image"),
        (Path.mkdir, "is no file"),
        (os.mkfifo, "is no file"),
        (lambda path: path.symlink_to("nowhere"), "no such file"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    for suffix in (".png", ".jpg"):
        path = tmp_path / f"x{suffix}"
        make(path)
        with pytest.raises(InputError, match=words) as caught:
            read_image(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)


def test_pages_of_other_sizes_are_previews(tmp_path: Path) -> None:
    preview = Pillow.fromarray(NOISE[::2, ::2].copy())
    Pillow.fromarray(NOISE).save(tmp_path / "x.tif", save_all=True, append_images=[preview])
    np.testing.assert_array_equal(read_image(tmp_path / "x.tif"), NOISE)


def test_a_wrong_suffix_does_not_matter(tmp_path: Path) -> None:
    Pillow.fromarray(NOISE).save(tmp_path / "x.jpg", "PNG")
    np.testing.assert_array_equal(read_image(tmp_path / "x.jpg"), NOISE)


def test_truncated_pictures_are_never_filled_up() -> None:
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize(
    "error",
    [
        *(struct.error("x"), KeyError("x"), IndexError("x"), AttributeError("x"), OverflowError("x"), MemoryError()),
        *(zlib.error("x"), EOFError(), TypeError("x"), RecursionError(), RuntimeWarning("x"), NotImplementedError()),
        *(ZeroDivisionError("a\nb"), AssertionError(), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_of_every_class_become_one_line(
    tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_image(tmp_path / "x.png", NOISE)

    def fail(*_: object, **__: object) -> None:
        raise error

    for name in ("PngImagePlugin.PngImageFile.load", "Image.Image.convert"):
        with monkeypatch.context() as patch:
            patch.setattr(f"PIL.{name}", fail)
            with pytest.raises(InputError, match=r"x\.png: cannot be read as an image \(") as caught:
                read_image(tmp_path / "x.png")
            assert "\n" not in str(caught.value)


def test_a_stream_is_called_by_its_name() -> None:
    with (
        pytest.raises(InputError, match=r"^archive\.zip: a\.png: not an image"),
        open_picture(io.BytesIO(), "archive.zip: a.png"),
    ):
        pass


@pytest.mark.parametrize("suffix", sorted(IMAGE_SUFFIXES))
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(bytes(data)[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\); make room"):
        write_image(tmp_path / f"x{suffix}", NOISE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("suffix", "size"), [(".webp", (1, 20_000)), (".jpg", (1, 70_000))])
def test_what_a_format_cannot_hold_is_told(tmp_path: Path, suffix: str, size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=rf"x{suffix}: cannot be written as {suffix} \(.*\); use \.png"):
        write_image(tmp_path / f"x{suffix}", np.zeros((*size, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def mean_of(image: Image) -> float:
    return float(image.mean())


def test_cmyk_is_read(tmp_path: Path) -> None:
    Pillow.new("CMYK", (4, 4), (0, 0, 0, 0)).save(tmp_path / "x.jpg")
    assert mean_of(read_image(tmp_path / "x.jpg")) > 250


def test_notes_are_warnings_of_the_packages_logger(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Pillow.fromarray(NOISE).save(tmp_path / "0.png", icc_profile=b"none")
    with caplog.at_level(logging.WARNING, "recyclegan"):
        read_image(tmp_path / "0.png")
    assert caplog.records[0].name == "recyclegan"
