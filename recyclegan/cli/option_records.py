"""What a command takes, read off its dataclass: one record an option, for help, messages and shell completion.

Where options stand in help, and what stands for their values: one table for all commands.

An option that is in no table stands under the heading of the dataclass that it is nested in, and its value is called
after its type or its name.
"""

import ast
import dataclasses
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Union

import tyro

FIRST = "What matters most"
OTHERS = "Options"

MOST_UNGROUPED = 12
"""Options of a command that need no headings."""

MAIN: dict[str, tuple[str, ...]] = {
    "train": (
        *("data", "out", "preset", "minutes", "steps", "size", "load_size", "flow", "labels", "width"),
        *("batch_size", "device", "resume", "dry_run"),
    ),
    "distill": (
        *("data", "out", "student", "budget", "target", "steps", "size", "width", "direction", "levels"),
        *("batch_size", "device", "resume"),
    ),
    "translate": ("direction", "start", "end", "max_side", "frames", "side_by_side", "strength", "existing", "device"),
    "live": ("direction", "strength", "late", "scale", "device"),
    "evaluate": ("out", "target", "truth", "labels", "segmenter", "flow", "frames"),
    "flow-preview": ("size", "num_frames", "flow"),
    "compare": ("out", "contenders", "sweep", "steps", "minutes", "seeds", "jobs", "baseline", "truth", "resume"),
}
"""By command: the options that come first, in this order."""

HEADINGS: dict[str, tuple[str, ...]] = {
    "Size": ("size", "load_size", "resize", "crop", "scale", "max_side"),
    "Data": (
        *(
            "labels",
            "channels",
            "triplets",
            "damaged",
            "deinterlace",
            "flip",
            "shuffle",
            "match",
            "neighbours",
            "cache",
            "cache_gb",
            "data_on_device",
        ),
        *("start", "end"),
    ),
    "Method": (),
    "Networks": (),
    "Adversary": (),
    "Labels of the source": (),
    "Further inputs": (),
    "Motion": ("flow", "raft_weights"),
    "Optimiser": (
        *("steps", "epochs", "minutes", "batch_size", "lr", "betas", "decay", "drop_every", "ramp_up"),
        *("progressive", "clip_gradients", "history", "ema", "seed"),
    ),
    "Machine": ("device", "devices", "precision", "compile", "engine", "max_memory", "deterministic", "jobs"),
    "Log and checkpoints": ("save_every", "save_epochs", "keep", "log_every", "sample_every"),
    "Classes": ("segmenter", "segmenter_input", "protocol"),
    "Use": ("downstream", "target_truth", "labelled"),
    "Distances and intervals": ("features", "deep_features", "num_samples", "perceptual", "num_draws"),
    "Output": (
        *("codec", "crf", "encoder_preset", "side_by_side", "frames", "existing"),
        *("num_shown", "film_frames", "num_worst", "host"),
    ),
    "Pipes": ("rate", "pixel_format", "pipe_format"),
    OTHERS: (),
}
"""Headings in their order, each with the fields that stand under it wherever they come from."""

OF_COMMANDS: dict[str, str] = {
    "translate.batch_size": "Machine",
    "translate.extra": "Data",
    "translate.size": "Pipes",
    "live.size": "Pipes",
    "evaluate.labels": "Classes",
    "compare.labels": "Classes",
    "evaluate.seed": "Distances and intervals",
    "compare.seed": "Distances and intervals",
}
"""Fields that stand elsewhere in some commands."""

METHOD = "method"
"""The field whose dataclass tells what stands below its heading."""
NESTS = {
    METHOD: "Method",
    "networks": "Networks",
    "adversary": "Adversary",
    "frames": "Data",
    "faithfulness": "Labels of the source",
    "extras": "Further inputs",
    "flow": "Motion",
    "synthesis": "Motion",
}
"""Headings by the name of the field whose dataclass an option stands in."""

PLACEHOLDERS: dict[str, str] = {
    "model": "RUN",
    "run": "RUN",
    "train.out": "RUN",
    "distill.out": "RUN",
    "teacher": "TEACHER",
    "out": "DIR",
    "data": "DIR",
    "folder": "FOLDER",
    "viper": "DIR",
    "cityscapes": "DIR",
    "cache": "DIR",
    "prepare videos.out": "DATA",
    "prepare roadworld.out": "DATA",
    "prepare viper.out": "DATA",
    "prepare cityscapes.out": "DATA",
    "prepare crops.data": "DATA",
    "compare.data": "DATA",
    "calibrate.data": "DATA",
    "calibrate.out": "FILE",
    "flow-preview.out": "OUTPUT",
    "export.model": "MODEL",
    "export.out": "OUTPUT",
    "export.int8": "FOOTAGE",
    "a": "FOOTAGE ...",
    "b": "FOOTAGE ...",
    "val_a": "FOOTAGE ...",
    "val_b": "FOOTAGE ...",
    "target": "FOOTAGE",
    "truth": "DIR",
    "target_truth": "DIR",
    "labelled": "FOOTAGE",
    "picture": "FILE",
    "vgg": "FILE",
    "efficientnet": "FILE",
    "segmenter": "FILE",
    "raft_weights": "FILE",
    "features": "FILE|inception",
    "perceptual": "FILE|lpips",
    "train.flow": "FILE|auto",
    "flow-preview.flow": "FILE|auto",
    "size": "HEIGHT WIDTH",
    "load_size": "HEIGHT WIDTH",
    "max_side": "PIXELS",
    "start": "SECONDS",
    "end": "SECONDS",
    "translate.size": "WIDTHxHEIGHT",
    "live.size": "WIDTHxHEIGHT",
    "rate": "FPS",
    "strength": "SHARE",
    "minutes": "MINUTES",
    "cache_gb": "GB",
    "max_memory": "GB",
    "channels": "A B",
    "betas": "FIRST SECOND",
    "lr": "RATE",
    "val": "SHARE",
    "decay": "SHARE",
    "drop_every": "SHARE",
    "ramp_up": "SHARE",
    "labels_warm_up": "SHARE",
    "progressive": "DIVISOR ... 1",
    "ema": "SHARE",
    "preset": "NAME",
    "codec": "NAME",
    "baseline": "NAME",
    "evaluate.labels": "SET",
    "compare.labels": "SET",
    "contenders": '"METHOD OPTIONS" ...',
    "sweep": '"OPTION VALUE ..."',
    "looks": "A,B",
    "budget": "FPS@WxH",
    "train.extra": "NAME ...",
    "prepare roadworld.extra": "NAME ...",
    "translate.extra": "FOLDER",
    "translate.places": "INPUT ... OUTPUT",
    "live.model": "MODEL",
    "live.device": "{auto,cpu,cuda,mps}",
    "translate.device": "{auto,cpu,cuda,mps}",
}
"""What stands for a value, by field or by command and field."""


def heading(name: str, command: str, nest: str) -> str:
    """Return the heading that a field of a command stands under; ``nest`` is the field that it is nested in."""
    if stated := OF_COMMANDS.get(f"{command.split()[0]}.{name}"):
        return stated
    listed = next((title for title, names in HEADINGS.items() if name in names), None)
    return listed or NESTS.get(nest, OTHERS)


def placeholder(name: str, command: str) -> str:
    """Return what stands for the value of a field, empty where the table does not say."""
    of_command = PLACEHOLDERS.get(f"{command}.{name}") or PLACEHOLDERS.get(f"{command.split()[0]}.{name}")
    return of_command or PLACEHOLDERS.get(name, "")


WIDEST_CHOICES = 36
"""Letters of choices that stand beside an option; longer ones stand in its text."""


@dataclasses.dataclass(frozen=True)
class Option:
    """An option of a command, or one of the words that it takes in order."""

    name: str
    """The name of its field."""
    flags: tuple[str, ...]
    """``("--size",)``, or ``("--flip", "--no-flip")``; none for what is given by its place."""
    value: str
    """What stands for its value, such as ``HEIGHT WIDTH``; empty for a switch."""
    text: str
    """What it is for, in a sentence or two."""
    default: str
    """Its default in words; empty where there is none, or the text says it."""
    heading: str
    """The heading that it stands under."""
    required: bool
    choices: tuple[str, ...] = ()
    """The values that it takes, where they are few."""

    def __str__(self) -> str:
        """Return how it is written on the command line."""
        return " ".join(filter(None, (", ".join(self.flags), self.value)))


def options_of(kind: type, command: str) -> list[Option]:
    """Return the options that ``kind``, the dataclass of a command, stands for, those of nested ones included."""
    return list(_options(kind, command, None, ""))


def notes_of(kind: type) -> dict[str, str]:
    """Return what stands below headings: for the settings of a method, what their class says of them."""
    nested = {field.name: _bare(hint)[0] for field, hint in _fields(kind) if field.name == METHOD}
    return {NESTS[name]: _plain((settings.__doc__ or "").split("\n\n")[-1]) for name, settings in nested.items()}


def _fields(kind: type) -> list[tuple[dataclasses.Field[Any], Any]]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return [(field, hints[field.name]) for field in dataclasses.fields(kind)]


def _options(kind: type, command: str, instance: Any, nest: str) -> Iterator[Option]:
    texts = _texts(kind)
    for field, stated in _fields(kind):
        default = _default(field) if instance is None else getattr(instance, field.name)
        hint, extras = _bare(stated)
        if dataclasses.is_dataclass(hint):
            yield from _options(typing.cast(type, hint), command, None if _is_open(default) else default, field.name)
        else:
            yield _option(field.name, hint, extras, texts.get(field.name, ""), default, command, nest)


def _option(name: str, hint: Any, extras: list[Any], text: str, default: Any, command: str, nest: str) -> Option:
    stated = [extra for extra in extras if hasattr(extra, "metavar") and hasattr(extra, "help")]
    flag = f"--{next((extra.name for extra in stated if extra.name), name).replace('_', '-')}"
    text = _plain(next((extra.help for extra in stated if extra.help), text))
    flags: tuple[str, ...] = (flag, f"--no-{flag[2:]}") if hint is bool else (flag,)
    value = "" if hint is bool else placeholder(name, command) or _value(name, hint)
    choices = _choices(hint)
    if len(_braced(choices)) > WIDEST_CHOICES:
        value, text = "NAME", f"{text} One of {', '.join(choices)}."
    if tyro.conf.Positional in extras:
        flags, value = (), placeholder(name, command) or name.upper()
    shown = "" if "by default" in text.lower() else _shown(default)
    return Option(name, flags, value, text, shown, heading(name, command, nest), _is_open(default), choices)


def _bare(hint: Any) -> tuple[Any, list[Any]]:
    """Return a type without what is annotated to it and without None, and what was annotated."""
    extras: list[Any] = []
    while True:
        if typing.get_origin(hint) is typing.Annotated:
            extras += hint.__metadata__
            hint = hint.__origin__
        elif typing.get_origin(hint) in (Union, types.UnionType):
            hint = next(option for option in typing.get_args(hint) if option is not type(None))
        else:
            return hint, extras


def _value(name: str, hint: Any) -> str:
    """Return what stands for a value of a type, where the table has nothing better."""
    if choices := _choices(hint):
        return _braced(choices)
    if typing.get_origin(hint) is tuple:
        first, *others = (_bare(part)[0] for part in typing.get_args(hint))
        if others == [Ellipsis]:
            return f"{_value(name, first)} ..."
        return (
            "A B" if (first, *others) == (float, float) else " ".join(_value(name, part) for part in (first, *others))
        )
    return {int: "N", float: "X"}.get(hint, name.upper().replace("_", "-"))


def _choices(hint: Any) -> tuple[str, ...]:
    """Return the values that a type allows; none where it allows many."""
    return tuple(map(str, typing.get_args(hint))) if typing.get_origin(hint) is Literal else ()


def _braced(choices: tuple[str, ...]) -> str:
    return "{" + ",".join(choices) + "}"


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _is_open(default: Any) -> bool:
    """Return whether there is no default, so that a value has to be given."""
    return default is dataclasses.MISSING


def _shown(default: Any) -> str:
    """Return a default in words; nothing for one that is none."""
    if default is True:
        return "on"
    if _is_open(default) or default is None or default is False:
        return ""
    if isinstance(default, tuple):
        return " ".join(map(_shown, default))
    if isinstance(default, float):
        return f"{default:g}"
    return str(default) if isinstance(default, int | str | Path) else ""


def _plain(text: str) -> str:
    """Return a docstring as running text that ends with a full stop."""
    text = " ".join(re.sub(r"``?", "", text).split())
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


@cache
def _texts(kind: type) -> dict[str, str]:
    """Return the docstring of each field of a dataclass, those of its bases included."""
    texts: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        texts |= _own_texts(base) if dataclasses.is_dataclass(base) else {}
    return texts


def _own_texts(kind: type) -> dict[str, str]:
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except (OSError, TypeError):  # a class that was put together has no source
        return {}
    texts = {}
    for field, comment in pairwise(tree.body if isinstance(tree, ast.ClassDef) else ()):
        match field, comment:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                texts[name] = text
    return texts
