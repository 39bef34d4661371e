"""Frames gathered into batches whose memory is bounded, whatever the size of the frames and the batch asked for."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

MOST_PIXELS = 1 << 23
"""Pixels translated at once, unless one frame has more: four frames of 1080p. More take memory and no less time."""


def batches(items: Iterable[T], size: int, pixels: Callable[[T], int]) -> Iterator[list[T]]:
    """Yield items in order, at most ``size`` at a time, and fewer where they would have more than ``MOST_PIXELS``."""
    batch: list[T] = []
    total = 0
    for item in items:
        each = pixels(item)
        if batch and total + each > MOST_PIXELS:
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += each
        if len(batch) == size:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch


def counted(groups: Iterable[list[T]]) -> Iterator[tuple[int, list[T]]]:
    """Yield each batch with the number of items up to its end."""
    done = 0
    for group in groups:
        done += len(group)
        yield done, group
