"""Threads of torch on a CPU: never more of them at a time than there are cores.

Each thread of Python that computes with torch has a team of OpenMP's of its own. GNU's OpenMP counts the threads of all
teams, at work or not: where there are more than cores, those that wait for each other no longer spin but sleep, and
steps of small operations take two or three times as long from then on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import torch


@contextmanager
def threads_kept() -> Iterator[None]:
    """Give torch its number of threads back at the end: a thread that sets its own sets it for later ones, too."""
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def compute_alone() -> None:
    """Let torch work in the calling thread alone; other threads keep the number that they have."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # which sets what threads to come will have, too
    restoring = Thread(target=torch.set_num_threads, args=(threads,))
    restoring.start()
    restoring.join()
