"""One line for all processes that train together, whichever of them fails."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from torch import distributed

from recyclegan.training.processes import LostProcessError, is_first_process
from recyclegan.training.watching import WITHOUT_A_WORD

PATIENCE = 1.0
"""Seconds that a process leaves the word to the first one, or to one that knows more."""
_TOLD = "recyclegan/told"


@contextmanager
def one_voice() -> Iterator[None]:
    """Let the error of a block be raised in one of the processes that train together; the others end without a word.

    Raises:
        SystemExit: this is one of the others.
    """
    try:
        yield
    except Exception as error:
        if not _has_the_word(error):
            raise SystemExit(WITHOUT_A_WORD) from error
        raise
    except BaseException as end:
        if not is_first_process():
            raise SystemExit(WITHOUT_A_WORD) from end
        raise


def _has_the_word(error: Exception) -> bool:
    """Return whether this process is the one to tell an error; it asks for the word where there are several."""
    if not distributed.is_available() or not distributed.is_initialized():
        return is_first_process() or "RANK" not in os.environ
    if isinstance(error, LostProcessError) or not is_first_process():
        time.sleep(PATIENCE)
    try:
        return distributed.distributed_c10d._get_default_store().add(_TOLD, 1) == 1
    except RuntimeError:  # the first process keeps the word, and it is gone
        return False
