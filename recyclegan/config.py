"""Strict conversion between frozen dataclasses and plain dictionaries, so that a configuration survives as JSON."""

import dataclasses
import types
import typing
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

from recyclegan.errors import InputError, nearest

T = TypeVar("T")


def to_dict(config: Any) -> dict[str, Any]:
    """Return the fields of a dataclass, nested ones included, as values that JSON can hold."""
    return {field.name: _plain(getattr(config, field.name)) for field in dataclasses.fields(config)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_dict(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return str(value) if isinstance(value, Path) else value


def from_dict(kind: type[T], values: Any, name: str = "") -> T:
    """Return a ``kind`` made of ``values``; every field must be known and of the annotated type.

    Raises:
        InputError: an unknown field (the nearest one is named), a missing field, or a value of the wrong type.
    """
    name = name or kind.__name__
    if not isinstance(values, dict):
        raise InputError(f"{name}: found {values!r}, expected a table of fields")
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in values:
        if key not in fields:
            raise InputError(f"{name}: unknown field {key!r}{nearest(key, fields)}; known: {', '.join(fields)}")
    hints = typing.get_type_hints(kind)
    try:
        return kind(**{key: _typed(hints[key], value, f"{name}.{key}") for key, value in values.items()})
    except TypeError as error:
        raise InputError(f"{name}: {error}") from error


def _typed(hint: Any, value: Any, name: str) -> Any:
    """Return ``value`` as the type ``hint`` says, or raise an InputError that names the field."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        return from_dict(hint, value, name)  # type: ignore[arg-type]
    if origin in (Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        return _typed(next(arg for arg in args if arg is not type(None)), value, name)
    if origin is tuple and isinstance(value, list | tuple):
        return _typed_tuple(args, value, name)
    if origin is dict and isinstance(value, dict):
        return {key: _typed(args[1], item, f"{name}.{key}") for key, item in value.items()}
    if origin is Literal and value in args:
        return value
    if hint is Path and isinstance(value, str | Path):
        return Path(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    expected = ", ".join(map(repr, args)) if origin is Literal else getattr(hint, "__name__", hint)
    raise InputError(f"{name}: found {value!r}, expected {expected}")


def _typed_tuple(args: tuple[Any, ...], value: list[Any] | tuple[Any, ...], name: str) -> tuple[Any, ...]:
    if len(args) == 2 and args[1] is Ellipsis:
        args = (args[0],) * len(value)
    if len(args) != len(value):
        raise InputError(f"{name}: found {len(value)} values, expected {len(args)}")
    return tuple(_typed(arg, item, name) for arg, item in zip(args, value, strict=True))
