"""Where the published commands keep what: names of files, and the two text files of an experiment."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recyclegan.errors import InputError
from recyclegan.files import kind_of, natural_key, read_text, write_text

OPTIONS_FILE = "opt.txt"
LOSS_FILE = "loss_log.txt"
LATEST = "latest"


def network_file(folder: Path, epoch: str, label: str) -> Path:
    """Return the file of a network (``G_A``, ``D_B``, ...) after an epoch, or of the latest one."""
    return folder / f"{epoch}_net_{label}.pth"


def epochs_in(folder: Path) -> list[str]:
    """Return the epochs that a folder holds networks of, in order, ``latest`` last."""
    names = (re.fullmatch(r"(.+)_net_.+\.pth", path.name) for path in folder.glob("*_net_*.pth"))
    found = {match.group(1) for match in names if match}
    return sorted(found, key=lambda epoch: (epoch == LATEST, natural_key(Path(epoch))))


def results_folder(results: Path, name: str, phase: str, epoch: str) -> Path:
    """Return the folder that a test of an experiment writes to."""
    return results / name / f"{phase}_{epoch}"


def image_file(folder: Path, frame: str, what: str) -> Path:
    """Return the picture of a frame in a results folder; ``what`` is such as ``fake_B``."""
    return folder / "images" / f"{frame}_{what}.png"


def frame_of(image: Path, what: str) -> str:
    """Return the frame that a picture belongs to.

    Raises:
        InputError: it is not one of ``what``.
    """
    frame, found, _ = image.stem.rpartition(f"_{what}")
    if not found:
        raise InputError(f"{image}: is no FRAME_{what} picture; name those with --exp_name 'FOLDER/*{what}*'")
    return frame


def write_options(path: Path, values: Mapping[str, Any]) -> None:
    """Write options, one a line, sorted by name."""
    lines = [f"{name}: {value}" for name, value in sorted(values.items())]
    text = "\n".join(["------------ Options -------------", *lines, "-------------- End ----------------", ""])
    write_text(path, text)


def read_options(path: Path) -> dict[str, str]:
    """Return the options of an ``opt.txt``, also one of pytorch-CycleGAN-and-pix2pix; none where there is no file.

    Raises:
        InputError: it cannot be read, or is no text.
    """
    if kind_of(path) == "nothing":
        return {}
    lines = (line.partition("[default:")[0].partition(":") for line in read_text(path).splitlines())
    return {name.strip(): value.strip() for name, colon, value in lines if colon}
