"""``recyclegan compare``."""

import dataclasses
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from recyclegan.cli.parsing import parse, peek
from recyclegan.cli.progress import counter, progress_bars, say, say_notes
from recyclegan.cli.train import train_arguments
from recyclegan.errors import InputError, nearest
from recyclegan.settings.evaluation import ComparisonConfig
from recyclegan.settings.methods import METHODS, config_of
from recyclegan.settings.training import TrainConfig

if TYPE_CHECKING:
    from recyclegan.evaluation.comparison.plan_and_record import Record

SET_HERE = ("--data", "--out", "--steps", "--minutes", "--seed", "--resume", "--dry-run")


@dataclass(frozen=True)
class CompareOptions:
    """What ``compare`` takes. What follows a -- are options of ``train`` for every contender."""

    data: tyro.conf.Positional[Path]
    """Data folder with train and val."""
    out: Path
    """Folder for runs, numbers and report.html."""
    contenders: tuple[str, ...] = ("cycle-gan", "recycle-gan", "re-cycle-gan", "unsup-recycle-gan")
    """Each in quotes: a method and options of ``train`` for it alone, with a name before it where two are
    of one method, as in "gentle = unsup-recycle-gan --unsup-spatial 3 3"."""
    sweep: str | None = None
    """An option of ``train`` and values for it in quotes, as in "unsup-spatial 0 3 10": every contender that knows
    the option runs with each. A value for both domains, or two with a comma: "unsup-spatial 0,10 10,10"."""
    resume: bool = False
    """Go on with what OUT holds, of which nothing need be said again; contenders and seeds may be added."""
    config: ComparisonConfig = field(default_factory=ComparisonConfig)


def compare(words: list[str]) -> None:
    """Compare methods or weightings: same data, budget and seeds; trained, translated, measured, in one report."""
    own, common = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, None)
    kept = _kept(own)
    options = parse(CompareOptions, own, "compare", _as_options(kept, own))
    from recyclegan.evaluation.comparison import compare_methods
    from recyclegan.evaluation.workers import on_all_cores

    contenders, common = _contenders(options, common, kept)
    config = replace(options.config, evaluation=on_all_cores(options.config.evaluation))
    with progress_bars() as bars:
        failures = compare_methods(
            contenders, options.data, options.out, config, counter(bars), options.resume, common, say
        )
    say_notes(failures)
    print((options.out / "table.md").read_text())
    print(f"{options.out / 'report.html'}: written")


def _kept(words: list[str]) -> "Record | None":
    """Return what the comparison is of that is gone on with; None where none is, or where nothing was kept."""
    out = peek(words, "--out")
    if "--resume" not in words or out is None:
        return None
    from recyclegan.evaluation.comparison.plan_and_record import read_record

    return read_record(Path(out))


def _as_options(kept: "Record | None", words: list[str]) -> CompareOptions | None:
    """Return what was kept as the defaults of options; no contenders are asked for but those."""
    if kept is None:
        return None
    return CompareOptions(kept.data, Path(str(peek(words, "--out"))), (), None, True, kept.config)


def _contenders(
    options: CompareOptions, common: list[str] | None, kept: "Record | None"
) -> tuple[dict[str, TrainConfig], list[str]]:
    """Return the contenders, those that were kept first, and the words of ``train`` that hold for all."""
    before = list(kept.options) if kept else []
    words = before if common is None else common
    if kept and not options.contenders:
        if words != before or options.sweep:
            given = f"--sweep {options.sweep}" if options.sweep else shlex.join(words) or "nothing"
            raise InputError(f"compare: {given!r} is for contenders, and none are added; name them with --contenders")
        return dict(kept.contenders), words
    found = read_contenders(options.contenders, options.sweep, words, options.data, options.out)
    return {**(kept.contenders if kept else {}), **found}, words


def read_contenders(
    texts: tuple[str, ...], sweep: str | None, common: list[str], data: Path, out: Path
) -> dict[str, TrainConfig]:
    """Return the training configuration of each contender by name.

    Raises:
        InputError: an unknown method or option, or two contenders of one name.
    """
    contenders: dict[str, list[str]] = {}
    for one in texts:
        name, words = _named(one)
        for variant, options in _swept(name, words, sweep):
            if variant in contenders:
                raise InputError(
                    f"compare: two contenders are called {variant!r}; put another name before one, as in"
                    f' "NAME = {shlex.join(words)}"'
                )
            contenders[variant] = options
    configs = {}
    for name, words in contenders.items():
        if clash := next((word for word in [*words, *common] if word.split("=")[0] in SET_HERE), None):
            raise InputError(f"compare: {clash} of {name!r} is set by the comparison; leave it out")
        _, values = train_arguments(words[0], [*words[1:], *common, "--data", str(data), "--out", str(out / "runs")])
        configs[name] = TrainConfig(**values)
    return configs


def _named(text: str) -> tuple[str, list[str]]:
    """Return the name and the words of ``train`` that stand in "NAME = METHOD OPTIONS" or "METHOD OPTIONS"."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError(f"compare: contender {text!r}: {error}; close its quotes") from error
    if len(words) > 1 and words[1] == "=":
        name, words = words[0], words[2:]
    else:
        name = words[0] if words else ""
    if not words or words[0] not in METHODS:
        found = words[0] if words else ""
        raise InputError(f"compare: unknown method {found!r}{nearest(found, METHODS)}; known: {', '.join(METHODS)}")
    return name, words


def _swept(name: str, words: list[str], sweep: str | None) -> list[tuple[str, list[str]]]:
    """Return the contender with each value of the sweep; as it is, where it does not know the option."""
    if sweep is None:
        return [(name, words)]
    option, *values = sweep.split() or [""]
    field_name = option.removeprefix("--").replace("-", "_")
    if not values:
        raise InputError(f'--sweep {sweep!r}: expected an option and values for it, as in "unsup-spatial 0 3 10"')
    default = _default(TrainConfig(Path(), Path(), config_of(words[0])()), field_name)
    if default is None:
        return [(name, words)]
    count = len(default) if isinstance(default, tuple) else 1
    flag = f"--{field_name.replace('_', '-')}"
    return [(f"{name} {flag[2:]}={value}", [*words, flag, *_parts(sweep, value, count)]) for value in values]


def _parts(sweep: str, value: str, count: int) -> list[str]:
    """Return the words of a value of an option that takes ``count``: one for each, or one for all."""
    parts = value.split(",")
    if len(parts) not in {1, count}:
        expected = "one number" if count == 1 else f"one number, or {count} with commas"
        raise InputError(f"--sweep {sweep!r}: found {value!r}, expected {expected}")
    return parts if len(parts) == count else parts * count


def _default(config: Any, name: str) -> Any:
    """Return the field of that name of a configuration or of one that it holds; None where there is none."""
    for known in dataclasses.fields(config):
        value = getattr(config, known.name)
        if known.name == name:
            return value
        if dataclasses.is_dataclass(value) and (found := _default(value, name)) is not None:
            return found
    return None
