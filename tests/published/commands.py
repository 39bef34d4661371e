"""Short ways to call the published commands in a test: small networks, a tiny world of frames."""

from pathlib import Path
from typing import Any

from recyclegan.published.command_line import parse
from recyclegan.published.published_options import TEST, TRAIN, Options
from recyclegan.video import write_image
from tests.small import label_map, picture

SMALL_NETWORKS = ["--which_model_netG", "resnet_6blocks", "--no_dropout", "--ngf", "4", "--ndf", "4", "--gpu_ids", "-1"]
SMALL_FRAMES = [
    *("--dataset_mode", "unaligned_scale", "--loadSizeW", "54", "--loadSizeH", "36"),
    *("--fineSizeW", "48", "--fineSizeH", "32"),
]
SMALL = [*SMALL_NETWORKS, *SMALL_FRAMES]


def frames(folder: Path, names: list[str], seed: int = 0, make: Any = picture, **size: int) -> None:
    """Write a frame of each name."""
    for number, name in enumerate(names):
        write_image(folder / f"{name}.png", make(seed + number, **size))


def world(root: Path, a: int = 3, b: int = 2, make_b: Any = picture) -> Path:
    """Write a data folder whose domains differ in number; their frames share names, as VIPER's do."""
    for split, clip in (("train", "001"), ("val", "065")):
        frames(root / split / "A", [f"{clip}_{number:05d}" for number in range(1, a + 1)], 10)
        frames(root / split / "B", [f"{clip}_{number:05d}" for number in range(1, b + 1)], 20, make_b)
    return root


def labelled_world(root: Path) -> Path:
    """Write a data folder whose domain B holds label maps."""
    return world(root, make_b=label_map)


def train_options(*words: str) -> Options:
    """Return the options of a call of ``train.py``."""
    return parse("train.py", TRAIN, words)


def options_of_test(*words: str) -> Options:
    """Return the options of a call of ``test.py``."""
    return parse("test.py", TEST, words)
