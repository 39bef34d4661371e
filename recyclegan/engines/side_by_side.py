"""Frames side by side on a CPU: each by threads of its own, so that none waits for another within a frame."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache

import torch

from recyclegan.tensors import Frames, Translated


def side_by_side(work: Callable[[Frames], Translated], frames: Frames) -> Translated:
    """Return what ``work`` makes of frames on a CPU, as many at once as there are threads, one frame at a time each.

    Raises whatever ``work`` raises.
    """
    threads = torch.get_num_threads()
    workers = min(len(frames), threads)
    if workers == 1:
        return torch.cat([work(frame) for frame in frames.split(1)])
    share = threads // workers

    @torch.inference_mode()
    def one(frame: Frames) -> Translated:
        torch.set_num_threads(share)
        return work(frame)

    with _threads_kept():
        return torch.cat([*_pool(workers).map(one, frames.split(1))])


@contextmanager
def _threads_kept() -> Iterator[None]:
    """Give torch its number of threads back at the end: a thread that sets its own sets it for later ones, too."""
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@lru_cache(maxsize=8)
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="side-by-side")
