"""Mutated pictures and label maps: read, or refused in one line; no other error, no hang, no leftover."""

import io
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from recyclegan.data.label_maps import read_class_map
from recyclegan.errors import InputError
from recyclegan.labels import CITYSCAPES, VIPER, colourize
from recyclegan.video import image_size, read_comment, read_image
from tests.robustness.mutations import mutated

LONGEST = 10
"""Seconds that a picture may take."""


def pictures() -> dict[str, bytes]:
    """Return small pictures of every format and of many kinds, as files."""
    noise = Pillow.fromarray(np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8))
    smooth = noise.resize((40, 24), Pillow.Resampling.BICUBIC, (0, 0, 5, 4))
    classes = np.random.default_rng(1).integers(0, 19, (24, 40), dtype=np.uint8)
    labels = Pillow.fromarray(classes, "P")
    labels.putpalette(VIPER.colours.tobytes())
    exif = Pillow.Exif()
    exif[274], exif[271] = 6, "camera"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    cut_out = Pillow.merge("RGBA", (*smooth.split(), noise.getchannel(0)))
    deep = Pillow.fromarray(classes.astype(np.uint16) * 3000)
    made = {
        "rgb.png": (noise, {}),
        "labels.png": (labels, {}),
        "see-through.png": (labels, {"transparency": 3}),
        "cut-out.png": (cut_out, {"icc_profile": profile, "exif": exif}),
        "deep.png": (deep, {}),
        "colours.png": (Pillow.fromarray(colourize(classes, CITYSCAPES)), {}),
        "photo.jpg": (smooth, {"exif": exif, "icc_profile": profile}),
        "progressive.jpg": (smooth, {"progressive": True}),
        "print.jpg": (smooth.convert("CMYK"), {}),
        "grey.jpg": (smooth.convert("L"), {}),
        "photo.webp": (smooth, {"exif": exif, "icc_profile": profile}),
        "lossless.webp": (cut_out, {"lossless": True}),
        "plain.tif": (smooth, {}),
        "lzw.tif": (smooth, {"compression": "tiff_lzw"}),
        "deflate.tif": (cut_out, {"compression": "tiff_adobe_deflate"}),
        "deep.tif": (deep, {}),
        "photo.bmp": (smooth, {}),
        "labels.bmp": (labels, {}),
        "photo.ppm": (smooth, {}),
        "grey.pgm": (smooth.convert("L"), {}),
    }
    return {name: _saved(picture, name, options) for name, (picture, options) in made.items()}


def _saved(picture: Pillow.Image, name: str, options: dict[str, object]) -> bytes:
    data = io.BytesIO()
    picture.save(data, Pillow.registered_extensions()[Path(name).suffix], **options)
    return data.getvalue()


def read_in_every_way(path: Path) -> int:
    """Return how many of our readers accept a file; the others must refuse it in one line."""
    accepted = 0
    for read in (read_image, image_size, lambda path: read_class_map(path, VIPER)):
        refusal = refused(read, path)
        accepted += not refusal
        assert not refusal or refusal.startswith(f"{path}: ")
        assert "\n" not in refusal
    read_comment(path)
    return accepted


def refused(read: Callable[[Path], object], path: Path) -> str:
    """Return what a reader says against a file, or nothing where it reads it."""
    try:
        read(path)
    except InputError as error:
        return str(error)
    return ""


def try_mutations(folder: Path, count: int, seed: int) -> int:
    """Return how many of ``count`` mutated pictures were read by some reader."""
    originals = list(pictures().items())
    accepted = 0
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        name, data = originals[number % len(originals)]
        path = folder / name
        path.write_bytes(mutated(data, rng))
        start = time.monotonic()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            accepted += bool(read_in_every_way(path))
        assert time.monotonic() - start < LONGEST, f"{name}, seed {seed}, number {number}"
        path.unlink()
    assert not list(folder.iterdir())
    return accepted


def test_the_pictures_are_read_unharmed(tmp_path: Path) -> None:
    for name, data in pictures().items():
        (tmp_path / name).write_bytes(data)
        assert read_image(tmp_path / name).shape in ((24, 40, 3), (40, 24, 3)), name


def test_three_hundred_mutated_pictures(tmp_path: Path) -> None:
    assert 20 < try_mutations(tmp_path, 300, seed=0) < 280


@pytest.mark.slow
def test_three_thousand_mutated_pictures(tmp_path: Path) -> None:
    assert 200 < try_mutations(tmp_path, 3000, seed=1) < 2800
