"""What a command takes, read off its dataclass: one record an option, for help, messages and shell completion."""

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

from recyclegan.cli.option_tables import METHOD, NESTS, heading, placeholder

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
        parts = (first, *others)
        return "A B" if parts == (float, float) else " ".join(_value(name, part) for part in parts)
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
