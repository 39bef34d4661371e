"""What the user should know, told where it is found."""

import logging
import os

_LOG = logging.getLogger("recyclegan")
_already_noted: set[str] = set()


def notify(note: str, about: str = "") -> None:
    """Tell a note once, or one note alone ``about`` a thing; an empty one is none.

    Of several processes of one training, the first one tells. A note goes to the logger ``recyclegan`` as a warning,
    which Python writes to standard error unless told otherwise.
    """
    if note and (about or note) not in _already_noted and is_first_process():
        _already_noted.add(about or note)
        _LOG.warning("note: %s", note)


def is_first_process() -> bool:
    """Return whether this process is the first, or the only one, of a training on several GPUs."""
    return os.environ.get("LOCAL_RANK", "0") == "0"
