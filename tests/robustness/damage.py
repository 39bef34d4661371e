"""Seeded damage to files."""

import numpy as np


def mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with one to three damages: bits flipped, a block overwritten, a part cut out, doubled or cut off."""
    for _ in range(rng.integers(1, 4)):
        data = _DAMAGES[rng.integers(len(_DAMAGES))](data, rng)
    return data


def _flip(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for place in rng.integers(0, max(1, len(data)), rng.integers(1, 9)):
        if place < len(changed):
            changed[place] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _flip_head(data: bytes, rng: np.random.Generator) -> bytes:
    return _flip(data[:128], rng) + data[128:]


def _overwrite(data: bytes, rng: np.random.Generator) -> bytes:
    start, length = int(rng.integers(len(data) + 1)), int(rng.integers(1, 40))
    block = rng.choice([bytes(length), b"\xff" * length, rng.bytes(length)])
    return data[:start] + bytes(block) + data[start + length :]


def _cut_out(data: bytes, rng: np.random.Generator) -> bytes:
    start, end = sorted(rng.integers(0, len(data) + 1, 2).tolist())
    return data[:start] + data[end:]


def _double(data: bytes, rng: np.random.Generator) -> bytes:
    start, end = sorted(rng.integers(0, len(data) + 1, 2).tolist())
    return data[:end] + data[start:]


def _cut_off(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: rng.integers(len(data) + 1)]


_DAMAGES = (_flip, _flip_head, _flip_head, _overwrite, _cut_out, _double, _cut_off)
