"""News of work that is counted as it is done."""

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Told of (done, in all, what): frames of each set whose distance is measured, frames measured, films made."""


def counted(progress: Progress | None, what: str, total: int) -> Callable[[], None]:
    """Return a function that tells of one more each time that it is called; that nothing is done yet is told now."""
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total, what)

    if progress:
        progress(0, total, what)
    return step
