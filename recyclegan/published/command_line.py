"""What all published commands share: reading the command line, telling notes once, exit codes."""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from recyclegan.ends import exit_code
from recyclegan.errors import InputError, nearest
from recyclegan.published.options import ENDLESS, Option, Options, read_bool, read_count

Command = Callable[[Sequence[str]], int]


def run(command: Command, argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 2 for a user's mistake, 3 for a fault, 130 and so on for a signal."""
    words = sys.argv[1:] if argv is None else argv
    return exit_code(lambda: command(words), words, command.__name__)


class _Parser(argparse.ArgumentParser):
    """Tells mistakes as InputErrors instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see {self.prog} --help")


def parse(prog: str, table: tuple[Option, ...], words: Sequence[str]) -> Options:
    """Return the options on a command line; those not given have their defaults.

    Raises:
        InputError: an unknown option (the nearest one is named), a missing one, or a value of the wrong kind.
    """
    parser = _Parser(prog, argument_default=argparse.SUPPRESS)
    for option in table:
        _add(parser, option)
    found, strange = parser.parse_known_args(list(words))
    if strange:
        raise InputError(_unknown(prog, strange[0], table))
    given: dict[str, Any] = vars(found)
    values = {option.name: option.default for option in table} | given
    if missing := [option.name for option in table if values[option.name] is None]:
        raise InputError(f"--{missing[0]}: is missing; see {prog} --help")
    for option in table:
        _check_value(option, values[option.name])
    return Options(values, frozenset(given))


def _check_value(option: Option, value: Any) -> None:
    """Refuse a number that is not finite, or out of the option's range; argparse makes an empty list of ``--``."""
    if value == []:
        raise InputError(f"--{option.name}: found --, expected a value")
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and value != option.default and value not in option.within:
        raise InputError(f"--{option.name}: found {value}, expected {option.within}")


def _add(parser: argparse.ArgumentParser, option: Option) -> None:
    text = option.text or f"accepted without meaning: {option.unused}"
    if option.is_flag:
        parser.add_argument(f"--{option.name}", action="store_true", help=text)
        return
    reader: Any = option.kind or type(option.default)
    if reader is bool:
        reader = _bool
    elif option.default == ENDLESS:
        reader = read_count
    default = "" if option.default in (None, "") else f" (default: {option.default})"
    parser.add_argument(f"--{option.name}", type=reader, choices=option.choices or None, help=f"{text}{default}")


def _bool(word: str) -> bool:
    try:
        return read_bool(word)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _unknown(prog: str, word: str, table: tuple[Option, ...]) -> str:
    if not word.startswith("-"):
        return f"found {word!r} where an option was expected; put patterns in quotes; see {prog} --help"
    name = word.partition("=")[0]
    return f"unknown option {name}{nearest(name, [f'--{option.name}' for option in table])}; see {prog} --help"


def tell(lines: Iterable[str], mark: str = "") -> None:
    """Print lines, each after ``mark``; where several processes run, the first one alone."""
    if is_first_process():
        for line in lines:
            print(f"{mark}{line}", flush=True)


def is_first_process() -> bool:
    """Return whether this process is the first, or the only one, of a training on several GPUs."""
    return os.environ.get("LOCAL_RANK", "0") == "0"
