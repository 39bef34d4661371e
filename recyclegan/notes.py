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
    if note and (about or note) not in _already_noted and os.environ.get("LOCAL_RANK", "0") == "0":
        _already_noted.add(about or note)
        _LOG.warning("note: %s", note)
