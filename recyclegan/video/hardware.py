"""Encoders inside graphics cards: known by the ends of their names, and told the quality each in its own words."""

from collections.abc import Callable

MOST_HARDWARE_QUALITY = 51
"""Largest quality number of all of them; lower is better, and all begin at 0."""
_QUALITY: dict[str, Callable[[str], dict[str, str]]] = {
    "nvenc": lambda quality: {"rc": "vbr", "cq": quality, "b:v": "0"},
    "qsv": lambda quality: {"global_quality": quality},
    "amf": lambda quality: {"rc": "cqp", "qp_i": quality, "qp_p": quality, "qp_b": quality},
}


def is_hardware(codec: str) -> bool:
    """Return whether an encoder is part of a graphics card (NVIDIA's, Intel's or AMD's)."""
    return codec.rpartition("_")[2] in _QUALITY


def hardware_quality(codec: str, quality: int) -> dict[str, str]:
    """Return FFmpeg's options by which such an encoder is told the quality."""
    return _QUALITY[codec.rpartition("_")[2]](str(quality))
