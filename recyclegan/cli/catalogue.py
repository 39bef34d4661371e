"""Every command: what its options are and what it does, for help, shell completion, benchmarks and tests."""

import re
from collections.abc import Iterator

from recyclegan.settings.methods import METHODS, summary_of


def every_command() -> Iterator[tuple[str, type]]:
    """Yield every command in full, such as ``train cut``, with the dataclass of its options."""
    from recyclegan.cli import DemoOptions, footage_commands
    from recyclegan.cli.calibrate import CalibrateOptions
    from recyclegan.cli.compare import CompareOptions
    from recyclegan.cli.distill import options_of_distill
    from recyclegan.cli.doctor import DoctorOptions
    from recyclegan.cli.export import ExportOptions, ImportOptions, TranslatorExportOptions
    from recyclegan.cli.footage_commands import PrepareCropsOptions
    from recyclegan.cli.live_command import LiveOptions
    from recyclegan.cli.models import ModelsOptions
    from recyclegan.cli.train import options_of_method
    from recyclegan.cli.translate import TranslateOptions

    yield "demo", DemoOptions
    yield "prepare videos", footage_commands.PrepareVideosOptions
    yield "prepare roadworld", footage_commands.PrepareRoadworldOptions
    yield "prepare viper", footage_commands.PrepareViperOptions
    yield "prepare cityscapes", footage_commands.PrepareCityscapesOptions
    yield "prepare crops", PrepareCropsOptions
    yield "flow-preview", footage_commands.FlowPreviewOptions
    yield "calibrate", CalibrateOptions
    yield "doctor", DoctorOptions
    yield from ((f"train {name}", options_of_method(name)) for name in METHODS)
    yield "models", ModelsOptions
    yield "translate", TranslateOptions
    yield "live", LiveOptions
    yield "export", TranslatorExportOptions
    yield "distill", options_of_distill()
    yield "evaluate", footage_commands.EvaluateOptions
    yield "compare", CompareOptions
    yield "import-reference", ImportOptions
    yield "export-reference", ExportOptions


def about(command: str, kind: type) -> str:
    """Return what a command does, and what the docstring of its options says besides."""
    more = re.match(r"What ``[\w -]+`` takes\.(.*)", kind.__doc__ or "", re.DOTALL)
    return " ".join([_summary(command), *(more[1].replace("``", "").split() if more else ())]).strip()


def _summary(command: str) -> str:
    from recyclegan.cli import COMMANDS
    from recyclegan.cli.footage_commands import CROPS, KINDS

    first, _, second = command.partition(" ")
    if first == "train" and second in METHODS:
        return f"Train {second}. {summary_of(second)}"
    if first == "prepare" and second == CROPS:
        return f"{KINDS[CROPS].capitalize()}."
    if first == "prepare" and second in KINDS:
        return f"Make a data folder: {KINDS[second]}."
    return (COMMANDS[first].__doc__ or "").splitlines()[0] if first in COMMANDS else ""
