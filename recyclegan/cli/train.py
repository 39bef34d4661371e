"""``recyclegan train METHOD``."""

import dataclasses
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import TextColumn

from recyclegan.cli.parsing import choice, parse, peek
from recyclegan.cli.progress import counter, progress_bars, training_bar
from recyclegan.errors import InputError, nearest


def train(words: list[str]) -> int:
    """Train a method on two folders of footage."""
    from recyclegan.methods import METHODS
    from recyclegan.training import TrainConfig
    from recyclegan.training import train as run_training

    name = choice(words, "train", lambda: {n: (m.__doc__ or "").splitlines()[0] for n, m in METHODS.items()})
    flags, values = _train_arguments(name, words[1:])
    config = TrainConfig(**values)
    with progress_bars(TextColumn("{task.fields[speed]}")) as bars:
        decoding, training = counter(bars), training_bar(bars)
        outcome = run_training(config, flags["resume"], flags["dry_run"], training, decoding)
    for note in outcome.notes:
        print(f"note: {note}", file=sys.stderr)
    if flags["dry_run"]:
        print(f"dry run: the data and one step are fine; {outcome.num_steps} steps would be trained")
    elif outcome.steps < outcome.num_steps:
        print(f"{config.out}: stopped after {outcome.steps} of {outcome.num_steps} steps; go on with --resume")
        return 130
    else:
        print(f"{config.out}: trained {outcome.steps} steps; try: recyclegan translate {config.out} INPUT OUTPUT")
    return 0


def _train_arguments(name: str, words: list[str]) -> tuple[dict[str, bool], dict[str, Any]]:
    """Return the flags of the command, and the fields of the training configuration."""
    from recyclegan.methods import METHODS
    from recyclegan.training import TrainConfig, read_config
    from recyclegan.training.presets import PRESETS

    method = METHODS[name]
    start: dict[str, Any] = {"method": method.Config()}
    preset, out = peek(words, "--preset"), peek(words, "--out")
    if "--resume" in words and out and Path(out).is_dir():
        stored = read_config(Path(out))
        if stored.method_name != name:
            raise InputError(f"{out}: was trained by {stored.method_name}, not {name}")
        start = {f.name: getattr(stored, f.name) for f in dataclasses.fields(TrainConfig)}
    elif preset:
        known = {key: value for key, value in PRESETS.items() if value.method == name}
        if preset not in known:
            raise InputError(
                f"--preset {preset}: unknown for {name}{nearest(preset, known)}; known: {', '.join(known)}"
            )
        start = {"method": known[preset].config, "frames": known[preset].frames, **known[preset].others}
    parsed: Any = parse(_train_options(method.Config, start), words, f"train {name}")
    values = {f.name: getattr(parsed, f.name) for f in dataclasses.fields(TrainConfig)}
    return {"resume": parsed.resume, "dry_run": parsed.dry_run}, values


def _train_options(method_config: type, start: dict[str, Any]) -> type:
    """Return the options of ``train METHOD`` as a dataclass: the training configuration and the command's flags."""
    from recyclegan.training import TrainConfig

    @dataclass(frozen=True)
    class Flags:
        preset: str | None = None
        """A published recipe to start from: viper-to-cityscapes or video-to-label."""
        resume: bool = False
        """Continue the run in OUT exactly where it stopped; options given before need not be repeated."""
        dry_run: bool = False
        """Read the data, take one step, write nothing."""

    fields: list[Any] = []
    for known in dataclasses.fields(TrainConfig):
        kind = method_config if known.name == "method" else known.type
        if known.name in start:
            fields.append((known.name, kind, field(default=start[known.name])))
        elif known.name == "method":
            fields.append((known.name, kind, field(default_factory=method_config)))
    return dataclasses.make_dataclass("Train", fields, bases=(Flags, TrainConfig), frozen=True, kw_only=True)
