"""Every command: what its options are and what it does, for help, shell completion, benchmarks and tests."""

import re
from collections.abc import Iterator

from recyclegan.settings.methods import METHODS, summary_of


def every_command() -> Iterator[tuple[str, type]]:
    """Yield every command in full, such as ``train cut``, with the dataclass of its options."""
    from recyclegan.cli import DemoOptions, footage
    from recyclegan.cli.calibrate import CalibrateOptions
    from recyclegan.cli.compare import CompareOptions
    from recyclegan.cli.doctor import DoctorOptions
    from recyclegan.cli.exchange import ExportOptions, ImportOptions
    from recyclegan.cli.train import options_of_method
    from recyclegan.cli.translate import TranslateOptions

    yield "demo", DemoOptions
    yield "prepare videos", footage.PrepareVideosOptions
    yield "prepare roadworld", footage.PrepareRoadworldOptions
    yield "prepare viper", footage.PrepareViperOptions
    yield "prepare cityscapes", footage.PrepareCityscapesOptions
    yield "flow-preview", footage.FlowPreviewOptions
    yield "calibrate", CalibrateOptions
    yield "doctor", DoctorOptions
    yield from ((f"train {name}", options_of_method(name)) for name in METHODS)
    yield "translate", TranslateOptions
    yield "evaluate", footage.EvaluateOptions
    yield "compare", CompareOptions
    yield "import-reference", ImportOptions
    yield "export-reference", ExportOptions


def about(command: str, kind: type) -> str:
    """Return what a command does, and what the docstring of its options says besides."""
    more = re.match(r"What ``[\w -]+`` takes\.(.*)", kind.__doc__ or "", re.DOTALL)
    return " ".join([_summary(command), *(more[1].replace("``", "").split() if more else ())]).strip()


def _summary(command: str) -> str:
    from recyclegan.cli import COMMANDS
    from recyclegan.cli.footage import KINDS

    first, _, second = command.partition(" ")
    if first == "train" and second in METHODS:
        return f"Train {second}. {summary_of(second)}"
    if first == "prepare" and second in KINDS:
        return f"Make a data folder: {KINDS[second]}."
    return (COMMANDS[first].__doc__ or "").splitlines()[0] if first in COMMANDS else ""
