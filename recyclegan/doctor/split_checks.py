"""Checks of the whole data folder: splits, and what training on it takes of disk and memory."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import torch

from recyclegan.data import default_cache_bytes, default_cache_folder
from recyclegan.data.label_clips import misfits
from recyclegan.data.resize import scale_of
from recyclegan.doctor.finding import Finding, counted, from_error, gigabytes, note, problem, warning
from recyclegan.doctor.scan import Scan
from recyclegan.domains import DOMAINS
from recyclegan.errors import InputError
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.networks import NetworkConfig

FEW_FRAMES = 400
"""The smallest domain of the CycleGAN paper, facades, has 400 images."""
FEW_CLIPS = 3
UNEQUAL = 10
"""Times as many frames in one domain as in the other."""


def missing_folders(scan: Scan) -> Iterable[Finding]:
    """Find domains whose folder is missing or empty."""
    return scan.absent


def nothing_held_out(scan: Scan) -> Iterable[Finding]:
    """Find a data folder without held-out clips; where there is but one clip of each look, none could be."""
    if not scan.views or (scan.root / "val").is_dir():
        return
    if all(len(views) == 1 for views in scan.domains.values()):
        yield note(
            f"{scan.root / 'val'}: is missing, and each domain has one clip, so samples show what was trained on",
            "let recyclegan prepare videos make the folder, which holds back the end of an only clip; or add clips",
        )
    else:
        yield warning(
            f"{scan.root / 'val'}: is missing, so samples and scores would show clips that were trained on",
            "move whole clips to val/A and val/B, or let recyclegan prepare videos hold some out",
        )


def few_frames(scan: Scan) -> Iterable[Finding]:
    """Find domains so small that the discriminator learns them by heart."""
    for domain, views in scan.domains.items():
        frames = sum(view.num_frames for view in views)
        held = f"train/{domain.upper()}: holds {counted(frames, 'frame')} in {counted(len(views), 'clip')}"
        if frames < FEW_FRAMES:
            yield warning(
                f"{held}, fewer than {FEW_FRAMES} frames, so the discriminator will learn them by heart",
                "add clips, train for fewer steps, and stop when the samples get worse",
            )
        elif len(views) < FEW_CLIPS:
            yield warning(
                f"{held}, so that it shows {counted(len(views), 'scene')}, however many frames that is",
                "add clips of other places and times; a few frames of many scenes teach more than many of one",
            )


def labels_that_do_not_fit(scan: Scan) -> Iterable[Finding]:
    """Find label maps of A that do not fit its clips in names, lengths or sizes, or that hold no classes."""
    return [from_error(InputError(misfit)) for misfit in misfits(scan.root)]


def unequal_domains(scan: Scan) -> Iterable[Finding]:
    """Find domains of very different size."""
    if len(scan.domains) < 2:
        return
    frames = {domain: sum(view.num_frames for view in views) for domain, views in scan.domains.items()}
    larger, smaller = sorted(frames, key=lambda domain: -frames[domain])
    times = frames[larger] / max(1, frames[smaller])
    if times >= UNEQUAL:
        yield note(
            f"train/{larger.upper()} holds {times:.0f} times as many frames as train/{smaller.upper()}"
            f" ({frames[larger]:,} and {frames[smaller]:,})",
            f"an epoch passes over the larger one, so count in --steps; clips of {smaller.upper()} would help most",
        )


def no_readable_clip(scan: Scan) -> Iterable[Finding]:
    """Find domains whose clips are all damaged."""
    said = {finding.what.split(":")[0] for finding in scan.absent}
    for domain in DOMAINS:
        folder = scan.root / "train" / domain.upper()
        if folder.is_dir() and str(folder) not in said and not scan.of("train", domain):
            yield problem(f"{folder}: none of its clips can be read", "replace them; the files are named below")


BYTES_A_PIXEL = 11_300
"""Of a training step at width 64, fp32: (1.57 GB less the gradients' 0.08) / (256 x 512); see the docs on results."""
BYTES_OF_WEIGHTS = 425_000_000
"""Weights, gradients, both moments of Adam and the average of all networks at width 64: 21.2 million in five copies."""
MEMORY_FILE = Path("/proc/meminfo")


def cache_room(scan: Scan) -> Iterable[Finding]:
    """Compare the frame cache that training would make with its limit and with the disk."""
    frames = _frames(scan)
    resize = scale_of(frames).whole
    views = scan.of("train", "a") + scan.of("train", "b")
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


def step_memory(scan: Scan) -> Iterable[Finding]:
    """Compare what a training step needs with the memory that is free."""
    frames, width = _frames(scan), NetworkConfig().width
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


def bytes_of_training(size: tuple[int, int], width: int) -> int:
    """Return about how many bytes the training of Unsupervised Recycle-GAN with a resnet-6 takes.

    Linear in pixels and width for what a step computes, square in the width for the weights; measured in fp32.
    """
    scale = width / NetworkConfig().width
    return round(BYTES_A_PIXEL * _area(size) * scale + BYTES_OF_WEIGHTS * scale**2)


def free_memory() -> tuple[int, str] | None:
    """Return the free bytes of what would be trained on, and its name; None where the system does not say."""
    if torch.cuda.is_available():
        return torch.cuda.mem_get_info()[0], "the graphics card"
    if not MEMORY_FILE.is_file():
        return None
    lines = dict(line.split(":", 1) for line in MEMORY_FILE.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024, "this machine"


def _frames(scan: Scan) -> DataConfig:
    return DataConfig(size=scan.size) if scan.size else DataConfig()


def _words(frames: DataConfig) -> str:
    return f"{frames.size[1]}x{frames.size[0]}"


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())
