"""What the program runs on, for whoever is asked about a fault: versions, devices, the cache; no name of a person."""

import getpass
import os
import platform
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from av import ffmpeg_version_info, library_versions

from recyclegan.data.cache import default_cache_bytes, default_cache_folder
from recyclegan.doctor.finding import counted, gigabytes
from recyclegan.doctor.split_checks import existing, free_memory
from recyclegan.errors import InputError
from recyclegan.version import __version__

PACKAGES = (
    *("numpy", "pillow", "av", "lightning-fabric", "safetensors", "huggingface_hub", "tyro"),
    *("torchmetrics", "opencv-python-headless", "torchvision", "onnxruntime"),
)
"""Packages whose versions are told; the last four may be missing."""


def environment() -> dict[str, str]:
    """Return what the program runs on, by the name of each thing, in words.

    Paths below the home folder begin with ``~``, and the user's name is left out.
    """
    facts = {
        "recyclegan": __version__,
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "system": platform.platform(),
        "torch": torch.__version__,
        "devices": ", ".join(_devices()),
        "memory": _memory(),
        "FFmpeg": f"{ffmpeg_version_info} (libavcodec {'.'.join(map(str, library_versions['libavcodec']))})",
        "packages": ", ".join(f"{name} {_version(name)}" for name in PACKAGES),
        "cache": _cache(),
    }
    return {name: without_names(value) for name, value in facts.items()}


def without_names(text: str) -> str:
    """Return a text in whose paths the home folder is ``~``, and folders named after the user are called ``USER``."""
    with suppress(RuntimeError):
        home = str(Path.home())
        text = re.sub(rf"{re.escape(home)}(?![\w.-])", "~", text) if len(home) > 1 else text
    with suppress(OSError, KeyError, ImportError):
        user = getpass.getuser()
        text = re.sub(rf"(?<=[/\\]){re.escape(user)}(?!\w)", "USER", text)
    return text


def _devices() -> Iterator[str]:
    yield f"CPU of {counted(os.cpu_count() or 1, 'core')} ({platform.machine()}, {torch.get_num_threads()} used)"
    for number in range(torch.cuda.device_count()):
        device = torch.cuda.get_device_properties(number)
        yield f"{device.name} ({gigabytes(device.total_memory)}, CUDA {torch.version.cuda})"
    if torch.backends.mps.is_available():
        yield "Apple GPU (mps)"


def _memory() -> str:
    free = free_memory()
    return f"{gigabytes(free[0])} free" if free else "not known"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _cache() -> str:
    try:
        folder, most = default_cache_folder(), default_cache_bytes()
        sizes = [file.stat().st_size for file in folder.glob("*.npy")]
        free = shutil.disk_usage(existing(folder)).free
    except (InputError, OSError) as error:
        return str(error)
    held = f"{counted(len(sizes), 'clip')}, {gigabytes(sum(sizes))} of at most {gigabytes(most)}"
    return f"{folder}: {held}; {gigabytes(free)} free on its disk"
