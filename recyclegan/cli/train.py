"""``recyclegan train METHOD``."""

import dataclasses
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.progress import TextColumn

from recyclegan.cli.calibrate import calibrated, told, view_of
from recyclegan.cli.parsing import choice, parse, peek
from recyclegan.cli.progress import counter, progress_bars, training_bar
from recyclegan.errors import InputError, nearest
from recyclegan.settings.methods import METHODS, config_of, summary_of
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.presets import PRESETS, Preset
from recyclegan.settings.training import TrainConfig

FLOW_HELP = (
    "Synthetic motion fitted to footage: a file that calibrate wrote, or auto for DATA/flow.json, which is fitted to "
    "DATA now where there is none. Options of the motion that are given besides override it."
)


def train(words: list[str]) -> int:
    """Train a method on two folders of footage."""
    name = choice(words, "train", lambda: {name: summary_of(name) for name in METHODS})
    flags, values = train_arguments(name, words[1:])
    config = TrainConfig(**values)
    from recyclegan.training import train as run_training

    with progress_bars(TextColumn("{task.fields[speed]}")) as bars:
        decoding, training = counter(bars), training_bar(bars)
        outcome = run_training(config, flags["resume"], flags["dry_run"], training, decoding, _tell)
    if not outcome.is_first_process:
        return 0
    for note in outcome.notes:
        _tell(note)
    if flags["dry_run"]:
        print(f"dry run: the data and one step are fine; {outcome.num_steps} steps would be trained")
    elif outcome.steps < outcome.num_steps:
        print(f"{config.out}: stopped after {outcome.steps} of {outcome.num_steps} steps; go on with --resume")
        return 130
    else:
        if outcome.steps > outcome.num_steps:
            _tell(f"{config.out}: {outcome.num_steps} steps were asked for, and more are done; nothing was trained")
        print(f"{config.out}: trained {outcome.steps} steps; try: recyclegan translate {config.out} INPUT OUTPUT")
    return 0


def _tell(note: str) -> None:
    print(f"note: {note}", file=sys.stderr)


def train_arguments(name: str, words: list[str]) -> tuple[dict[str, bool], dict[str, Any]]:
    """Return the flags of the command, and the fields of the training configuration."""
    preset, out, flow = (peek(words, option) for option in ("--preset", "--out", "--flow"))
    resumes = "--resume" in words and out is not None and _goes_on(Path(out), peek(words, "--data"))
    start = _stored(name, Path(str(out))) if resumes else _preset(name, preset)
    if flow is not None and not hasattr(start["method"], "flow"):
        raise InputError(f"train {name}: --flow {flow}: this method draws no synthetic motion; leave the option out")
    parsed: Any = parse(_train_options(name, start), words, f"train {name}")
    if flow is not None and resumes:
        print(f"note: --flow: {out} goes on with the motion that it was started with", file=sys.stderr)
    elif flow is not None:
        start["method"] = replace(start["method"], flow=_calibrated_flow(flow, parsed))
        parsed = parse(_train_options(name, start), words, f"train {name}")
    values = {f.name: getattr(parsed, f.name) for f in dataclasses.fields(TrainConfig)}
    return {"resume": parsed.resume, "dry_run": parsed.dry_run}, values


def _goes_on(out: Path, data: str | None) -> bool:
    """Return whether a run is to be gone on with: there is one, or a folder that should hold it."""
    from recyclegan.training.run_folder import holds_run

    return out.is_dir() and (data is None or holds_run(out))


def _calibrated_flow(flow: str, config: TrainConfig) -> FlowSynthesis:
    """Return the setting of a file, or, for ``auto``, that of the data folder or one fitted to its clips now.

    Raises:
        InputError: the file is no calibration, or the clips allow none.
    """
    from recyclegan.calibration import FLOW_FILE, footage_of, read_calibration
    from recyclegan.training.run_folder import check_run_folder

    file = config.data / FLOW_FILE if flow == "auto" else Path(flow)
    if flow != "auto" or file.exists():
        found, source = read_calibration(file), str(file)
    else:
        check_run_folder(config, resume=False)
        footage = footage_of(config.data, config.frames.triplets, config.frames.reading)
        found, source = calibrated(footage, view_of(config.frames)), f"fitted to {config.data}"
    print(f"flow: {told(found.flow)} ({source})")
    return found.flow


def _stored(name: str, run: Path) -> dict[str, Any]:
    """Return the fields of the configuration that a run was started with."""
    from recyclegan.training import read_config

    stored = read_config(run)
    if stored.method_name != name:
        raise InputError(f"{run}: was trained by {stored.method_name}, not {name}")
    return {f.name: getattr(stored, f.name) for f in dataclasses.fields(stored)}


def _preset(name: str, preset: str | None) -> dict[str, Any]:
    """Return the fields that a preset of the method sets; without one, the method's own defaults."""

    if preset is None:
        return {"method": config_of(name)()}
    known = _presets(name)
    if preset not in known:
        there_are = f"known: {', '.join(known)}" if known else "there is none for this method"
        raise InputError(f"--preset {preset}: unknown for {name}{nearest(preset, known)}; {there_are}")
    return {"method": known[preset].config, "frames": known[preset].frames, **known[preset].others}


def _presets(name: str) -> dict[str, Preset]:

    return {key: value for key, value in PRESETS.items() if value.method == name}


def options_of_method(name: str) -> type:
    """Return the options of ``train METHOD``, without a preset, as a dataclass."""
    return _train_options(name, {"method": config_of(name)()})


def _train_options(name: str, start: dict[str, Any]) -> type:
    """Return the options of ``train METHOD`` as a dataclass: the training configuration and the command's flags."""

    help_text = f"A recipe to start from; for this method: {', '.join(_presets(name)) or 'none'}."

    @dataclass(frozen=True)
    class Flags:
        preset: Annotated[str | None, tyro.conf.arg(help=help_text)] = None
        resume: bool = False
        """Continue the run in OUT exactly where it stopped; options given before need not be repeated."""
        dry_run: bool = False
        """Read the data, take one step, write nothing."""

    kinds = {f.name: config_of(name) if f.name == "method" else f.type for f in dataclasses.fields(TrainConfig)}
    fields: list[Any] = [(known, kinds[known], field(default=value)) for known, value in start.items()]
    if hasattr(start["method"], "flow"):
        fields.append(("flow", Annotated[str | None, tyro.conf.arg(help=FLOW_HELP)], None))
    return dataclasses.make_dataclass("Train", fields, bases=(Flags, TrainConfig), frozen=True, kw_only=True)
