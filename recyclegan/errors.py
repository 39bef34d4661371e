"""The one error that users cause and can mend."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """A user's mistake, in one line: the thing, what was found, what was expected, the remedy.

    The command line prints it without a traceback and exits with code 2.

    Example:
        >>> try:
        ...     Translator.from_pretrained("runs/day2nigth")
        ... except InputError as error:
        ...     print(str(error).split(";")[0])
        runs/day2nigth: no such file or folder (did you mean 'day2night'?)
    """


def first_line(error: BaseException) -> str:
    """Return what an error of a library says first, in one line of bounded length; its kind where it says nothing."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` for the known word closest to ``word``, or an empty string."""
    matches = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {matches[0]!r}?)" if matches else ""
