"""The command line: one function a command; alone knows tyro, argv and exit codes.

For: everything that is typed. In: the words after ``recyclegan``. Out: an exit code, lines on the console.
Help and completion are made from the option records, without importing what the commands do.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recyclegan.cli.calibrate import calibrate
from recyclegan.cli.compare import compare
from recyclegan.cli.completion import SHELLS, completion
from recyclegan.cli.distill import distill
from recyclegan.cli.doctor import doctor
from recyclegan.cli.export import export, export_reference, import_reference
from recyclegan.cli.footage_commands import evaluate, flow_preview, prepare
from recyclegan.cli.help import listed
from recyclegan.cli.live_command import live
from recyclegan.cli.models import models
from recyclegan.cli.parsing import parse
from recyclegan.cli.progress import counter, progress_bars
from recyclegan.cli.train import train
from recyclegan.cli.translate import translate
from recyclegan.config import Count, Seed
from recyclegan.ends import exit_code
from recyclegan.errors import InputError, nearest


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 2 for a user's mistake, 3 for a fault, 130 and so on for a signal."""
    given = list(sys.argv[1:] if argv is None else argv)
    words = [word for word in given if word != "--debug"]
    return exit_code(lambda: _run(words), given, debug="--debug" in given)


def _run(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        return 0
    if words[0] == "--version":
        from recyclegan import __version__

        print(f"recyclegan {__version__}")
        return 0
    if words[0] == "--completion":
        print(completion(words[1:]))
        return 0
    if words[0] not in COMMANDS:
        raise InputError(f"unknown command {words[0]!r}{nearest(words[0], COMMANDS)}; see recyclegan --help")
    return COMMANDS[words[0]](words[1:]) or 0


def _overview() -> str:
    about = {name: (command.__doc__ or "").splitlines()[0] for name, command in COMMANDS.items()}
    return "\n".join(
        [
            "recyclegan: unpaired video-to-video translation that stays steady",
            "",
            *listed(about),
            "",
            "recyclegan COMMAND -h shows the options that matter most, --help all of them.",
            f"recyclegan --completion {{{','.join(SHELLS)}}} prints a script for your shell,",
            "which then completes commands, methods and options when Tab is pressed.",
            "--debug shows the traceback of an error, --version the version.",
        ]
    )


@dataclass(frozen=True)
class DemoOptions:
    """What ``demo`` takes."""

    out: Path = Path("demo")
    """Folder to write."""
    steps: Count = 900
    """Training steps."""
    seed: Seed = 0
    """Everything random follows from it."""


def demo(words: list[str]) -> None:
    """Show the whole path on the embedded world, in minutes, ending in report.html."""
    options = parse(DemoOptions, words, "demo")
    from recyclegan.demo import DemoConfig, run_demo

    with progress_bars() as bars:
        lines = run_demo(options.out, DemoConfig(steps=options.steps, seed=options.seed), counter(bars))
    print("\n".join(lines))


COMMANDS: dict[str, Callable[[list[str]], int | None]] = {
    "demo": demo,
    "prepare": prepare,
    "flow-preview": flow_preview,
    "calibrate": calibrate,
    "doctor": doctor,
    "train": train,
    "models": models,
    "translate": translate,
    "live": live,
    "export": export,
    "distill": distill,
    "evaluate": evaluate,
    "compare": compare,
    "import-reference": import_reference,
    "export-reference": export_reference,
}
