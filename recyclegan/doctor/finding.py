"""What an examination finds, and the words that findings share."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar

from recyclegan.errors import InputError

Seen = TypeVar("Seen")

Severity = Literal["problem", "warning", "note"]
"""The gravest first."""

_MOST_NAMED = 5


@dataclass(frozen=True)
class Finding:
    """One thing that was found, and what to do about it."""

    severity: Severity
    """A problem makes training fail or its result mislead, a warning makes it suffer, a note is good to know."""
    what: str
    """One sentence that names the thing and the number found."""
    remedy: str
    """One sentence that says what to do."""


def problem(what: str, remedy: str) -> Finding:
    """Return something that makes training fail or its result mislead."""
    return Finding("problem", what, remedy)


def warning(what: str, remedy: str) -> Finding:
    """Return something that training will probably suffer from."""
    return Finding("warning", what, remedy)


def note(what: str, remedy: str) -> Finding:
    """Return something that is good to know."""
    return Finding("note", what, remedy)


def from_error(error: Exception) -> Finding:
    """Return the problem that an error of one line (thing, what was found; remedy) tells of."""
    what, _, remedy = " ".join(str(error).split()).rpartition("; ")
    return problem(what, remedy) if what else problem(remedy, "replace or remove it")


def found_by(check: Callable[[Seen], Iterable[Finding]], seen: Seen) -> Iterator[Finding]:
    """Yield what a check finds; what it cannot read is a finding too, and stops no other check."""
    try:
        yield from check(seen)
    except InputError as error:
        yield from_error(error)
    except OSError as error:
        yield problem(
            f"{error.filename or check.__name__}: cannot be read ({error.strerror or error})",
            "see that the file is there and that you may read it, then examine again",
        )


def listed(names: Iterable[str]) -> str:
    """Return the first few names, and how many there are besides."""
    names = list(names)
    others = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + others


def counted(number: int, thing: str) -> str:
    """Return a number with its noun, in the plural where it is not 1."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def gigabytes(num_bytes: float) -> str:
    """Return a number of bytes in words."""
    return f"{num_bytes / 1e9:.2f} GB" if num_bytes >= 1e7 else f"{num_bytes / 1e6:.2f} MB"
