"""What encoders are told (a preset, and those inside graphics cards their quality), and what they may not take."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_native_id

from recyclegan.errors import InputError, nearest

_OF_X264 = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo")
_OF_NVENC = tuple(f"p{number}" for number in range(1, 8))
_OF_SVT_AV1 = tuple(str(number) for number in range(14))
_PRESETS = {
    **dict.fromkeys(("libx264", "libx264rgb", "libx265"), _OF_X264),
    **dict.fromkeys(("h264_nvenc", "hevc_nvenc", "av1_nvenc"), _OF_NVENC),
    "libsvtav1": _OF_SVT_AV1,
}

MOST_HARDWARE_QUALITY = 51
"""Largest quality number of all of them; lower is better, and all begin at 0."""

_QUALITY: dict[str, Callable[[str], dict[str, str]]] = {
    "nvenc": lambda quality: {"rc": "vbr", "cq": quality, "b:v": "0"},
    "qsv": lambda quality: {"global_quality": quality},
    "amf": lambda quality: {"rc": "cqp", "qp_i": quality, "qp_p": quality, "qp_b": quality},
}


def preset_options(path: Path, codec: str, preset: str | None) -> dict[str, str]:
    """Return FFmpeg's options for a preset of an encoder; nothing for None, the encoder's own default.

    Raises:
        InputError: the encoder has no presets, or none of this name; ``path`` names the video.
    """
    if preset is None:
        return {}
    known = _PRESETS.get(codec, ())
    if not known:
        raise InputError(f"{path}: {codec} has no presets; leave --encoder-preset out")
    if preset not in known:
        hint = nearest(preset, known) or f"; expected {', '.join(known)}"
        raise InputError(f"{path}: encoder preset: found {preset!r} for {codec}{hint}")
    return {"preset": preset}


def is_hardware(codec: str) -> bool:
    """Return whether an encoder is part of a graphics card (NVIDIA's, Intel's or AMD's)."""
    return codec.rpartition("_")[2] in _QUALITY


def hardware_quality(codec: str, quality: int) -> dict[str, str]:
    """Return FFmpeg's options by which such an encoder is told the quality."""
    return _QUALITY[codec.rpartition("_")[2]](str(quality))


@contextmanager
def usual_priority() -> Iterator[None]:
    """Give this thread, and those that the block starts, the priority that it had before.

    Opened by root, SVT-AV1 puts both before all else on the machine (first in, first out, priority 99).
    """
    if not hasattr(os, "sched_getscheduler"):  # no Linux
        yield
        return
    policy, priority, before = os.sched_getscheduler(0), os.sched_getparam(0), _threads()
    try:
        yield
    finally:
        for thread in {get_native_id(), *_threads() - before}:
            with suppress(OSError):  # it has ended
                os.sched_setscheduler(thread, policy, priority)


def _threads() -> set[int]:
    """Return the threads of this process."""
    listed = Path("/proc/self/task")
    return {int(thread.name) for thread in listed.iterdir()} if listed.is_dir() else set()
