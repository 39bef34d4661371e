"""Frames side by side on a CPU: each by threads of its own, so that none waits for another within a frame."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import torch

from recyclegan.tensors import Frames, Translated
from recyclegan.threads import threads_kept


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

    with threads_kept():
        return torch.cat([*_pool(workers).map(one, frames.split(1))])


@lru_cache(maxsize=8)
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="side-by-side")
