"""Frames kept in a device's memory, so that a batch is cut out there and nothing is read or copied in a step."""

import os

import numpy as np
import torch

from recyclegan.data.cache import ClipFrames
from recyclegan.data.cuts import LevelClip
from recyclegan.data.sampling import UnpairedClips
from recyclegan.data.staging import Kept
from recyclegan.errors import InputError
from recyclegan.settings.training import OnDevice

LARGEST_SHARE = 1 / 3
"""Of a device's free memory, what frames may take where nobody said that they should."""


def are_kept(choice: OnDevice, num_bytes: int, device: torch.device) -> bool:
    """Return whether frames of so many bytes are kept on a device; by ``auto`` they are where it is CUDA and has room.

    Raises:
        InputError: they should be, and there is not that much memory.
    """
    if choice == "off" or (choice == "auto" and device.type != "cuda"):
        return False
    free = free_bytes(device)
    if choice == "on" and num_bytes > free:
        raise InputError(
            f"--data-on-device on: the frames take {_gigabytes(num_bytes)}, and {device} has {_gigabytes(free)} free; "
            "take auto or off, or smaller frames"
        )
    return choice == "on" or num_bytes <= LARGEST_SHARE * free


def free_bytes(device: torch.device) -> int:
    """Return how much of a device's memory is free; of one that does not tell, and of a CPU, the machine's."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")


def num_bytes(clips: UnpairedClips) -> int:
    """Return how much the frames that are drawn from take in levels of 255."""
    return sum(int(np.prod(clip.shape)) for frames in clips.frames.values() for clip in frames.clips)


def keep(clips: UnpairedClips, device: torch.device) -> Kept:
    """Return all frames that are drawn from, on a device, each read and checked once.

    Raises:
        InputError: frames are damaged in the cache, and cannot be decoded anew.
    """
    kept = {domain: [_kept(clip, device) for clip in frames.clips] for domain, frames in clips.frames.items()}
    if device.type == "cuda":
        torch.cuda.synchronize(device)  # other streams read them from now on
    return kept


def _kept(clip: ClipFrames, device: torch.device) -> LevelClip:
    """Return a clip on a device; frame by frame, so that no second copy of it is in memory."""
    kept = torch.empty(clip.shape, dtype=torch.uint8, device=device)
    for number in range(len(clip)):
        kept[number] = torch.from_numpy(np.ascontiguousarray(clip[number : number + 1][0]))
    return kept


def kept_words(num_bytes: int, device: torch.device) -> str:
    """Return in words that frames are kept."""
    return f"all frames are kept on {device}, in {_gigabytes(num_bytes)} of its memory (see --data-on-device)"


def _gigabytes(num_bytes: float) -> str:
    return f"{num_bytes / 1e9:.2f} GB"
