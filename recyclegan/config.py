"""Configurations: frozen dataclasses that survive as JSON, every field of the type and in the range that it states."""

import dataclasses
import math
import reprlib
import types
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union

from recyclegan.errors import InputError, nearest
from recyclegan.paths import as_path

T = TypeVar("T")

_LARGEST = 2**1023
"""Whole numbers from here on are no floating point."""


@dataclasses.dataclass(frozen=True)
class Within:
    """The range of a number, beside its type: ``Annotated[int, Within(1)]``. Both ends belong to it unless excluded."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False
    """Leave the low end out."""
    below: bool = False
    """Leave the high end out."""

    def __contains__(self, value: float) -> bool:
        """Return whether a number is finite and in the range."""
        over_low = value > self.low if self.above else value >= self.low
        under_high = value < self.high if self.below else value <= self.high
        return (isinstance(value, int) or math.isfinite(value)) and over_low and under_high

    def __str__(self) -> str:
        """Return the range in words."""
        low = f"above {self.low:g}" if self.above else f"at least {self.low:g}"
        high = f"below {self.high:g}" if self.below else f"at most {self.high:g}"
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"{low} and {high}" if self.above or self.below else f"{self.low:g} to {self.high:g}"
        ends = [low] * math.isfinite(self.low) + [high] * math.isfinite(self.high)
        return ends[0] if ends else "a finite number"


Count = Annotated[int, Within(1, 10**9)]
CountOrNone = Annotated[int, Within(0, 10**9)]
"""A number of things of which there may be none."""
Seed = Annotated[int, Within(0, 2**32 - 1)]
Share = Annotated[float, Within(0, 1)]
Weight = Annotated[float, Within(0, 1e9)]
"""What a loss term is multiplied by."""
PerDomain = tuple[Weight, Weight]
"""A weight for domain a, or the direction that starts there, and one for b."""


def check_numbers(config: Any, prefix: str = "") -> None:
    """Refuse numbers that are not finite, or outside of the range that stands beside their field's type.

    Strings in fields of paths become paths. To be called by the ``__post_init__`` of every configuration. ``prefix``
    stands before the field's name.

    Raises:
        InputError: there is one; the field, its value and the range are named. Or a path is none.
    """
    _settle_paths(config)
    for name, hint in _hints(config.__class__).items():
        found = getattr(config, name)
        for number, within in _numbers(hint, found):
            if number not in within:
                shown = " ".join(map(str, found)) if isinstance(found, tuple) else found
                raise InputError(f"{prefix}{name}: found {shown}, expected {within}")


def _settle_paths(config: Any) -> None:
    """Turn the strings of a frozen dataclass into paths where its fields are paths."""
    for name, hint in _hints(config.__class__).items():
        found = getattr(config, name)
        is_union = typing.get_origin(hint) in (Union, types.UnionType)
        if found is not None and (hint is Path or (is_union and Path in typing.get_args(hint))):
            object.__setattr__(config, name, as_path(found))


def fields_of(kind: type, value: Any) -> dict[str, Any]:
    """Return those attributes of a value that are fields of a dataclass."""
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(kind)}


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _numbers(hint: Any, value: Any) -> Iterator[tuple[float, Within]]:
    """Yield each number of a field with the range that its type states; without one, any finite number will do."""
    if typing.get_origin(hint) in (Union, types.UnionType):
        hint = next(option for option in typing.get_args(hint) if option is not type(None))
    ranges = [extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, Within)]
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield value, next(iter(ranges), Within())
    elif isinstance(value, tuple):
        for item, part in zip(value, _item_hints(hint, len(value)), strict=False):
            yield from _numbers(part, item)


def _item_hints(hint: Any, length: int) -> tuple[Any, ...]:
    """Return the types of a tuple's items."""
    args = typing.get_args(hint)
    return (args[0],) * length if len(args) == 2 and args[1] is Ellipsis else args or (Any,) * length


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
    if hint is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST:
        return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    expected = ", ".join(map(repr, args)) if origin is Literal else getattr(hint, "__name__", hint)
    raise InputError(f"{name}: found {reprlib.repr(value)}, expected {expected}")


def _typed_tuple(args: tuple[Any, ...], value: list[Any] | tuple[Any, ...], name: str) -> tuple[Any, ...]:
    if len(args) == 2 and args[1] is Ellipsis:
        args = (args[0],) * len(value)
    if len(args) != len(value):
        raise InputError(f"{name}: found {len(value)} values, expected {len(args)}")
    return tuple(_typed(arg, item, name) for arg, item in zip(args, value, strict=True))
