"""``recyclegan train METHOD``."""

import dataclasses
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from recyclegan.cli.calibrate import flow_for
from recyclegan.cli.next_step import next_step, to_translate
from recyclegan.cli.parsing import (
    DEFAULT_METHOD,
    HELP,
    NO_PRESET,
    Chosen,
    choice,
    default_preset,
    is_named,
    parse,
    peek,
)
from recyclegan.cli.progress import counter, progress_bars, say_note, say_notes, training_bars
from recyclegan.config import Within, fields_of
from recyclegan.errors import InputError, nearest
from recyclegan.notes import notify
from recyclegan.settings.methods import METHODS, config_of, summary_of
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import NetworkConfig
from recyclegan.settings.presets import PRESETS, Preset
from recyclegan.settings.training import TrainConfig, default_run, parts_within, smallest_frame

if TYPE_CHECKING:
    from recyclegan.training import Outcome

FLOW_HELP = (
    "Synthetic motion fitted to footage: a file that calibrate wrote, or auto for DATA/flow.json, which is fitted to "
    "DATA now where there is none. Options of the motion that are given besides override it."
)


@dataclass(frozen=True)
class Flags:
    """What the command takes beside the configuration."""

    minutes: Annotated[float, Within(0, 1e6, above=True)] | None = None
    """Train for so many minutes: size, width and steps are chosen for this machine by timing a few steps, as far as
    they are not given."""
    resume: bool = False
    """Continue the run in OUT exactly where it stopped; options given before need not be repeated."""
    dry_run: bool = False
    """Read the data, take one step, write nothing."""


def train(words: list[str]) -> int:
    """Train a method on two folders of footage."""
    name, words = method_of(words)
    preset = None if _run_to_resume(words, name) else default_preset(name, words)
    flags, values = train_arguments(name, words, preset)
    config = TrainConfig(**values)
    if peek(words, "--out") is None:
        notify(f"no --out is given; the run is written to {config.out}")
    say_notes(_notes_on_machine(config))
    config = _started(config, flags, words, preset)
    outcome, has_trained = _trained(config, flags)
    if not outcome.is_first_process:
        return 0
    say_notes(outcome.notes)
    return _end(config, flags, outcome, has_trained)


def _notes_on_machine(config: TrainConfig) -> list[str]:
    from recyclegan.distributed.processes import is_first_process
    from recyclegan.planning.step_time import notes_on_busy_cores

    return notes_on_busy_cores(config.device) if is_first_process() else []


def _trained(config: TrainConfig, flags: Flags) -> "tuple[Outcome, bool]":
    """Train; return how it ended, and whether any step was taken."""
    from recyclegan.training import train as run_training

    steps: list[int] = []
    with training_bars() as (bars, training, waited):

        def report(done: int, total: int, terms: dict[str, float]) -> None:
            steps.append(done)
            training(done, total, terms)

        outcome = run_training(config, flags.resume, flags.dry_run, report, counter(bars), say_note, waited)
    return outcome, bool(steps)


def _end(config: TrainConfig, flags: Flags, outcome: "Outcome", has_trained: bool) -> int:
    """Say how training ended and what comes next; return the exit code."""
    out, done, wanted = config.out, outcome.steps, outcome.num_steps
    if flags.dry_run:
        print(f"dry run: the data and one step are fine; {wanted} steps would be trained")
        return 0
    if done < wanted:
        print(f"{out}: stopped after {done} of {wanted} steps; go on with --resume")
        _judge(out, outcome)
        print(next_step("train", "--out", out, "--resume"))
        return 130
    if has_trained:
        print(f"{out}: trained {done} steps")
        _judge(out, outcome)
    else:
        print(f"{out}: {done} steps are done, {wanted} were asked for; nothing was done")
    print(to_translate(out, config.data))
    return 0


def _judge(out: Path, outcome: "Outcome") -> None:
    """Say what there is to say of the translations, and where to look at them."""
    for verdict in outcome.verdicts:
        print(f"verdict: {verdict}")
    print(f"page: {out / 'index.html'}; open it in a browser")


def method_of(words: list[str]) -> tuple[str, list[str]]:
    """Return the method and the options after it; without one, that of the run to resume, or the default one."""
    if words and words[0].startswith("--") and words[0] != "--help":
        run = _run_to_resume(words)
        return (_stored(run).method_name if run else DEFAULT_METHOD), words
    ours = " (the default)"
    name = choice(words, "train", lambda: {n: summary_of(n) + ours * (n == DEFAULT_METHOD) for n in METHODS})
    return name, words[1:]


def _started(config: TrainConfig, flags: Flags, words: list[str], preset: Chosen | None) -> TrainConfig:
    """Return the configuration to train with, after saying what is chosen and what becomes of the footage."""
    if _run_to_resume(words, config.method_name):
        if flags.minutes is not None:
            say_note(f"--minutes: {config.out} goes on with the size, width and steps that it was started with")
        return config
    from recyclegan.distributed.processes import is_first_process
    from recyclegan.planning.sizes import notes_on_sizes, shapes_of
    from recyclegan.runs.run_folder import check_run_folder

    check_run_folder(config, flags.resume)
    if not is_first_process():
        return config
    if preset:
        print(preset.reason)
    if flags.minutes is not None:
        config = _planned(config, flags.minutes, words)
    say_notes(notes_on_sizes(shapes_of(config), config.frames))
    return config


def _planned(config: TrainConfig, minutes: float, words: list[str]) -> TrainConfig:
    """Return the configuration with what fits into so many minutes; what was chosen is told."""
    from recyclegan.planning.minutes import plan

    options = {"size", "load_size", "resize", "width", "discriminator_width", "steps", "sample_every", "progressive"}
    given = {name for name in options if is_named(words, f"--{name.replace('_', '-')}")}
    with progress_bars() as bars:
        planned = plan(config, minutes, given, counter(bars), counter(bars))
    print(planned.summary)
    return planned.config


def train_arguments(name: str, words: list[str], preset: Chosen | None = None) -> tuple[Flags, dict[str, Any]]:
    """Return the flags of the command, and the fields of the training configuration.

    ``preset`` is the one to start from where the words name none; without it, the method's own weights are.
    """
    flow, run = peek(words, "--flow"), _run_to_resume(words, name)
    named = peek(words, "--preset") or (preset.name if preset else NO_PRESET)
    start = fields_of(TrainConfig, _stored(run, name)) if run else _preset(name, named, words)
    if flow is not None and not hasattr(start["method"], "flow"):
        raise InputError(f"train {name}: --flow {flow}: this method draws no synthetic motion; leave the option out")
    parsed = _parsed(name, start, words)
    if flow is not None and run:
        say_note(f"--flow: {run} goes on with the motion that it was started with")
    elif flow is not None:
        start["method"] = replace(start["method"], flow=_calibrated_flow(flow, parsed))
        parsed = _parsed(name, start, words)
    return Flags(**fields_of(Flags, parsed)), fields_of(TrainConfig, parsed)


def _parsed(name: str, start: dict[str, Any], words: list[str]) -> Any:
    """Return the options; scales and small frames of a start follow the frames and networks that words ask for."""
    what = f"train {name}"
    fits = start.keys() & {"networks", "progressive"}
    if fits and not any(word in HELP for word in words):  # which shows what the start has
        with_any_frames = {**start, "progressive": (), "networks": _of_one_scale(start)}
        start = _fitted(start, parse(_train_options(name, with_any_frames), words, what), words)
    return parse(_train_options(name, start), words, what)


def _of_one_scale(start: dict[str, Any]) -> NetworkConfig:
    networks = start.get("networks", NetworkConfig())
    return replace(networks, adversary=replace(networks.adversary, scales=1))


def _fitted(start: dict[str, Any], asked: TrainConfig, words: list[str]) -> dict[str, Any]:
    """Return a start with as many scales, and with parts of small frames, as what is asked for allows."""
    own, networks, size = start.get("networks", NetworkConfig()), asked.networks, asked.frames.size
    if not is_named(words, "--scales"):
        networks = replace(networks, adversary=replace(networks.adversary, scales=own.adversary.scales))
        networks = networks.within(smallest_frame(asked.progressive or (1,), size))
        own = replace(own, adversary=replace(own.adversary, scales=networks.adversary.scales))
    return {**start, "networks": own, "progressive": parts_within(start.get("progressive", ()), size, networks)}


def _run_to_resume(words: list[str], name: str = DEFAULT_METHOD) -> Path | None:
    """Return the run of method ``name`` that is to be gone on with; None where a new one is to be started."""
    out, data = peek(words, "--out"), peek(words, "--data")
    run = Path(out) if out else default_run(Path(data), name) if data else None
    return run if "--resume" in words and run is not None and _goes_on(run, data) else None


def _goes_on(out: Path, data: str | None) -> bool:
    """Return whether a run is to be gone on with: there is one, or a folder that should hold it."""
    from recyclegan.runs.run_folder import holds_run

    return out.is_dir() and (data is None or holds_run(out))


def _calibrated_flow(flow: str, config: TrainConfig) -> FlowSynthesis:
    """Return the setting of a file, or, for ``auto``, that of the data folder or one fitted to its clips now.

    Raises:
        InputError: the file is no calibration, or the clips allow none.
    """
    from recyclegan.calibration import FLOW_FILE
    from recyclegan.runs.run_folder import check_run_folder

    file = config.data / FLOW_FILE if flow == "auto" else Path(flow)
    if flow != "auto" or file.exists():
        return flow_for(file, config.data, config.frames)
    check_run_folder(config, resume=False)
    return flow_for(None, config.data, config.frames)


def _stored(run: Path, name: str | None = None) -> TrainConfig:
    """Return the configuration that a run was started with; it must be of the method ``name``, where one is given."""
    from recyclegan.runs import read_config

    stored = read_config(run)
    if name is not None and stored.method_name != name:
        raise InputError(f"{run}: was trained by {stored.method_name}, not {name}")
    return stored


def _preset(name: str, preset: str, words: list[str]) -> dict[str, Any]:
    """Return the fields that a preset of the method sets; what goes with a size follows one that is given besides."""
    if preset == NO_PRESET:
        return {"method": config_of(name)()}
    known = _presets(name)
    if preset not in known:
        there_are = f"known: {', '.join([*known, NO_PRESET])}" if known else "there is none for this method"
        raise InputError(f"--preset {preset}: unknown for {name}{nearest(preset, known)}; {there_are}")
    frames = known[preset].frames
    if is_named(words, "--size"):
        frames = replace(frames, load_size=None)
    return {"method": known[preset].config, "frames": frames, **known[preset].others}


def _presets(name: str) -> dict[str, Preset]:
    return {key: value for key, value in PRESETS.items() if value.method == name}


def options_of_method(name: str) -> type:
    """Return the options of ``train METHOD``, without a preset, as a dataclass."""
    return _train_options(name, {"method": config_of(name)()})


def _train_options(name: str, start: dict[str, Any]) -> type:
    """Return the options of ``train METHOD`` as a dataclass: the training configuration and the command's flags."""
    known_presets = ", ".join([*_presets(name), f"{NO_PRESET} (the method's own weights)"])
    preset_help = f"A recipe to start from; for this method: {known_presets}."
    kinds = {f.name: config_of(name) if f.name == "method" else f.type for f in dataclasses.fields(TrainConfig)}
    fields: list[Any] = [(known, kinds[known], field(default=value)) for known, value in start.items()]
    fields.append(("preset", Annotated[str | None, tyro.conf.arg(help=preset_help)], None))
    if hasattr(start["method"], "flow"):
        fields.append(("flow", Annotated[str | None, tyro.conf.arg(help=FLOW_HELP)], None))
    return dataclasses.make_dataclass("Train", fields, bases=(Flags, TrainConfig), frozen=True, kw_only=True)
