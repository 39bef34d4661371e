"""Whether the disk and the memory are large enough for training."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import torch

from recyclegan.data import default_cache_bytes, default_cache_folder
from recyclegan.data.scale import scale_of
from recyclegan.doctor.finding import Finding, gigabytes, note, problem, warning
from recyclegan.doctor.survey import Survey
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.networks import NetworkConfig

BYTES_A_PIXEL = 11_300
"""Of a training step at width 64, fp32: (1.57 GB less the gradients' 0.08) / (256 x 512); see the docs on results."""
BYTES_OF_WEIGHTS = 425_000_000
"""Weights, gradients, both moments of Adam and the average of all networks at width 64: 21.2 million in five copies."""
MEMORY_FILE = Path("/proc/meminfo")


def cache_room(survey: Survey) -> Iterable[Finding]:
    """Compare the frame cache that training would make with its limit and with the disk."""
    frames = _frames(survey)
    resize = scale_of(frames).whole
    views = survey.of("train", "a") + survey.of("train", "b")
    needed = sum(view.num_frames * 3 * _area(resize.size(*view.size)) for view in views)
    folder = default_cache_folder()
    free = shutil.disk_usage(existing(folder)).free
    cache = f"the frame cache will take {gigabytes(needed)} at {_words(frames)}"
    if needed > free:
        yield problem(
            f"{cache}, and the disk of {folder} has {gigabytes(free)} left",
            "give --cache a folder on a larger disk, or train at a smaller --size",
        )
    elif needed > default_cache_bytes():
        yield problem(
            f"{cache}, and --cache-gb allows {default_cache_bytes() / 1e9:g} GB",
            "raise --cache-gb, or train at a smaller --size",
        )
    elif needed:
        yield note(f"{cache}; the disk of {folder} has {gigabytes(free)} left", "nothing to do")


def step_memory(survey: Survey) -> Iterable[Finding]:
    """Compare what a training step needs with the memory that is free."""
    frames, width = _frames(survey), NetworkConfig().width
    needed = bytes_of_training(frames.size, width)
    about = f"a training step will take about {gigabytes(needed)} at {_words(frames)}, width {width}, batch 1"
    free = free_memory()
    if free is None:
        yield note(about, "see that your machine has as much")
    elif needed > free[0]:
        yield warning(
            f"{about}, and {free[1]} has {gigabytes(free[0])} free", "train at a smaller --size, or give --width 32"
        )
    else:
        yield note(f"{about}; {free[1]} has {gigabytes(free[0])} free", "nothing to do")


def bytes_of_training(size: tuple[int, int], width: int, batch_size: int = 1) -> int:
    """Return about how many bytes the training of Unsupervised Recycle-GAN with a resnet-6 takes.

    Linear in pixels and width for what a step computes, square in the width for the weights; measured in fp32.
    """
    scale = width / NetworkConfig().width
    return round(BYTES_A_PIXEL * _area(size) * batch_size * scale + BYTES_OF_WEIGHTS * scale**2)


def free_memory() -> tuple[int, str] | None:
    """Return the free bytes of what would be trained on, and its name; None where the system does not say."""
    if torch.cuda.is_available():
        return torch.cuda.mem_get_info()[0], "the graphics card"
    if not MEMORY_FILE.is_file():
        return None
    lines = dict(line.split(":", 1) for line in MEMORY_FILE.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024, "this machine"


def _frames(survey: Survey) -> DataConfig:
    return DataConfig(size=survey.size) if survey.size else DataConfig()


def _words(frames: DataConfig) -> str:
    return f"{frames.size[1]}x{frames.size[0]}"


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())
