"""What all published commands share: reading the command line, telling notes once, exit codes.

The devices that ``--gpu_ids`` names.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple, NoReturn

import torch

from recyclegan.ends import exit_code
from recyclegan.engines import pick_device
from recyclegan.errors import InputError, nearest
from recyclegan.notes import is_first_process
from recyclegan.published.published_options import ENDLESS, Option, Options, read_bool, read_count

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


def notify(lines: Iterable[str], mark: str = "") -> None:
    """Print lines, each after ``mark``; where several processes run, the first one alone."""
    if is_first_process():
        for line in lines:
            print(f"{mark}{line}", flush=True)


_CHOSEN = "RECYCLEGAN_GPUS_CHOSEN"
"""Environment variable that tells the processes of a training on several GPUs that the choice was made."""
Kind = Literal["cpu", "cuda", "mps"]


class Devices(NamedTuple):
    """A kind of device, how many of them, and what there is to say of the choice."""

    kind: Kind
    number: int
    notes: tuple[str, ...] = ()


def choose_devices(options: Options) -> Devices:
    """Return the GPUs of ``--gpu_ids``, the CPU for -1, or what there is where no GPU was asked for.

    GPUs are chosen by making only these visible to the process.

    Raises:
        InputError: the ids are no numbers, or a GPU was asked for and is not there.
    """
    wanted = _ids(options["gpu_ids"])
    if not wanted:
        return Devices("cpu", 1)
    _show_only(wanted)
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if found >= len(wanted):
        return Devices("cuda", len(wanted))
    if options.gives("gpu_ids"):
        raise InputError(f"--gpu_ids {options['gpu_ids']}: found {found} of these GPUs; give -1 for the CPU")
    kind: Kind = "mps" if pick_device("auto").type == "mps" else "cpu"
    return Devices(kind, 1, (f"no NVIDIA GPU is there: runs on the {kind.upper()}",))


def _ids(word: str) -> list[int]:
    """Return the non-negative ids in ``0,1``; none for ``-1``."""
    try:
        ids = [int(part) for part in word.split(",")]
    except ValueError as error:
        raise InputError(f"--gpu_ids {word}: expected numbers, such as 0 or 0,1, or -1 for the CPU") from error
    return [number for number in ids if number >= 0]


def _show_only(wanted: list[int]) -> None:
    """Hide all GPUs but those wanted, unless they are the first ones, or the process that started this one did so."""
    first_ones = wanted == list(range(len(wanted)))
    if not first_ones and _CHOSEN not in os.environ:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
        names = dict(enumerate(visible)) if visible != [""] else {number: str(number) for number in wanted}
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(names[number] for number in wanted if number in names)
        os.environ[_CHOSEN] = "1"
