"""Processes that train together end together: each is watched by the one that started it, and watches that.

Nothing heavy is loaded here, so that a process is watched from its beginning.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

WITHOUT_A_WORD = 2
"""Exit code of a process that leaves it to another to tell why."""
LAST_RESORT = 20.0
"""Seconds after which a process that has not noticed the end of another is ended."""
_PAUSE = 0.5
_FIRST = "RECYCLEGAN_FIRST_PROCESS"
"""Environment variable that tells the processes that are started which one started them."""


def be_first() -> None:
    """Tell the processes that this one is about to start where they come from."""
    os.environ[_FIRST] = str(os.getpid())


def end_with_parent() -> None:
    """End this process, without a word, when the one that started it is gone, be it already."""
    parent = int(os.environ.get(_FIRST, os.getppid()))

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PAUSE)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(LAST_RESORT)
        os._exit(WITHOUT_A_WORD)

    _in_background(watch)


def end_with_children(children: Sequence[subprocess.Popen[bytes]]) -> None:
    """End this process and its children when one of them has failed, and no message to it has told so."""

    def watch() -> None:
        while not any(child.poll() for child in children):
            if all(child.poll() == 0 for child in children):
                return
            time.sleep(_PAUSE)
        time.sleep(LAST_RESORT)
        for child in children:
            child.kill()
            child.wait()
        with suppress(OSError):
            print("recyclegan: one of the processes that train together failed; go on with --resume", file=sys.stderr)
        os._exit(WITHOUT_A_WORD)

    _in_background(watch)


def _in_background(watch: Callable[[], None]) -> None:
    threading.Thread(target=watch, daemon=True, name="recyclegan-watch").start()
