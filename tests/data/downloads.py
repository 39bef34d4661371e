"""Downloads of VIPER and Cityscapes in small: the published folders and names, a few frames of a few pixels."""

import zipfile
from pathlib import Path

import numpy as np

from recyclegan.arrays import ClassMap
from recyclegan.labels import VIPER, colourize
from recyclegan.video import write_image
from tests.small import picture

SIZE = (18, 32)
TRAINED, HELD_OUT = ("001", "002"), ("025", "063")


def class_map(seed: int) -> ClassMap:
    """Return a map of upright stripes, of van and train too."""
    ids = np.random.default_rng(seed).permutation(len(VIPER.ids))[: SIZE[1]]
    return np.broadcast_to(ids.astype(np.uint8), SIZE).copy()


def write_viper(root: Path, numbers: range = range(1, 5), flow: bool = True, painted: bool = False) -> Path:
    """Write VIPER's training set with four sequences; label maps hold ids, or are painted in its colours."""
    for sequence in (*TRAINED, *HELD_OUT):
        for number in numbers:
            name = f"{sequence}/{sequence}_{number:05d}"
            seed = 100 * int(sequence) + number
            write_image(root / f"train/img/{name}.jpg", picture(seed, *SIZE))
            ids = class_map(seed)
            write_image(root / f"train/cls/{name}.png", colourize(ids, VIPER) if painted else ids[..., None])
            for kind in ("flow", "flowbw") if flow else ():
                (root / f"train/{kind}/{sequence}").mkdir(parents=True, exist_ok=True)
                np.savez(root / f"train/{kind}/{name}.npz", u=np.ones(SIZE, np.float16), v=np.zeros(SIZE, np.float16))
    write_image(root / "val/img/001/001_00001.jpg", picture(0, *SIZE))
    write_image(root / "val/cls/001/001_00001.png", class_map(0)[..., None])
    return root


def write_cityscapes(root: Path, folder: str = "leftImg8bit_sequence") -> Path:
    """Write two cities to train on, the second with all snippets in one numbering, and one that is held out."""
    starts = {"train/aachen": [(0, 0), (1, 0)], "train/hanover": [(0, 145), (0, 361)], "val/munster": [(0, 0), (0, 30)]}
    for city, scenes in starts.items():
        for scene, first in scenes:
            for number in range(first, first + (30 if folder.endswith("sequence") else 1)):
                name = f"{city.split('/')[1]}_{scene:06d}_{number:06d}_leftImg8bit.png"
                write_image(root / folder / city / name, picture(number, 4, 8))
    return root


def zipped(root: Path, archives: Path) -> Path:
    """Pack each kind of a download's files into a zip archive of its own."""
    archives.mkdir()
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        inner = file.relative_to(root)
        with zipfile.ZipFile(archives / f"{'_'.join(inner.parts[:2])}.zip", "a") as archive:
            archive.write(file, inner)
    return archives
