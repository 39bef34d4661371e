"""Ways in which files come to harm."""

from collections.abc import Callable

import numpy as np

Random = np.random.Generator


def mutated(data: bytes, rng: Random) -> bytes:
    """Return a file after one to three accidents."""
    for _ in range(rng.integers(1, 4)):
        accident = ACCIDENTS[rng.integers(len(ACCIDENTS))]
        data = accident(bytearray(data), rng)
    return data


def _flip_bits(data: bytearray, rng: Random) -> bytes:
    for place in rng.integers(0, max(1, len(data)), rng.integers(1, 9)):
        if data:
            data[place] ^= 1 << rng.integers(8)
    return bytes(data)


def _flip_bits_of_the_head(data: bytearray, rng: Random) -> bytes:
    head, rest = data[:1024], data[1024:]
    return _flip_bits(head, rng) + bytes(rest)


def _cut(data: bytearray, rng: Random) -> bytes:
    return bytes(data[: rng.integers(0, len(data) + 1)])


def _cut_the_start(data: bytearray, rng: Random) -> bytes:
    return bytes(data[rng.integers(0, len(data) // 2 + 1) :])


def _overwrite(data: bytearray, rng: Random) -> bytes:
    start, stop = _range(data, rng)
    filler = rng.bytes(stop - start) if rng.random() < 0.5 else bytes(stop - start)
    return bytes(data[:start]) + filler + bytes(data[stop:])


def _insert(data: bytearray, rng: Random) -> bytes:
    place = rng.integers(0, len(data) + 1)
    return bytes(data[:place]) + rng.bytes(int(rng.integers(1, 300))) + bytes(data[place:])


def _remove(data: bytearray, rng: Random) -> bytes:
    start, stop = _range(data, rng)
    return bytes(data[:start] + data[stop:])


def _repeat(data: bytearray, rng: Random) -> bytes:
    start, stop = _range(data, rng)
    return bytes(data[:stop] + data[start:])


def _swap_pieces(data: bytearray, rng: Random) -> bytes:
    first, second, third = sorted(rng.integers(0, len(data) + 1, 3))
    return bytes(data[:first] + data[second:third] + data[first:second] + data[third:])


def _set_a_number(data: bytearray, rng: Random) -> bytes:
    """Put an extreme number where a field of the head may stand."""
    width = int(rng.choice([1, 2, 4, 8]))
    place = int(rng.integers(0, max(1, min(len(data), 2048) - width)))
    value = [bytes(width), b"\xff" * width, b"\x7f" + b"\xff" * (width - 1), b"\x80" + bytes(width - 1)]
    data[place : place + width] = value[rng.integers(4)]
    return bytes(data)


def _range(data: bytearray, rng: Random) -> tuple[int, int]:
    start = int(rng.integers(0, len(data) + 1))
    return start, min(len(data), start + int(rng.integers(1, max(2, len(data) // 8))))


ACCIDENTS: tuple[Callable[[bytearray, Random], bytes], ...] = (
    _flip_bits,
    _flip_bits_of_the_head,
    _cut,
    _cut_the_start,
    _overwrite,
    _insert,
    _remove,
    _repeat,
    _swap_pieces,
    _set_a_number,
)
