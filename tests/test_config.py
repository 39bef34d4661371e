"""A configuration survives as JSON, and every mistake in one is named."""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.config import Within, check_numbers, from_dict, to_dict
from recyclegan.errors import InputError


@dataclass(frozen=True)
class Inner:
    rate: float = 0.5
    name: str = "x"


@dataclass(frozen=True)
class Outer:
    count: int
    on: bool = False
    mode: Literal["fast", "slow"] = "fast"
    pair: tuple[int, int] = (1, 2)
    many: tuple[tuple[int, int, int], ...] = ()
    file: Path | None = None
    size: tuple[int, int] | None = None
    scores: dict[str, float] = field(default_factory=dict)
    inner: Inner = field(default_factory=Inner)
    anything: Any = None

    def __post_init__(self) -> None:
        if self.count < 0:
            raise InputError("count: found a negative one")


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
PAIRS = st.tuples(st.integers(), st.integers())
OUTERS = st.builds(
    Outer,
    count=st.integers(0),
    on=st.booleans(),
    mode=st.sampled_from(["fast", "slow"]),
    pair=PAIRS,
    many=st.lists(st.tuples(*[st.integers(0, 255)] * 3), max_size=3).map(tuple),
    file=st.none() | st.sampled_from([Path("a/b.txt"), Path("/c")]),
    size=st.none() | PAIRS,
    scores=st.dictionaries(st.text(max_size=3), FLOATS, max_size=3),
    inner=st.builds(Inner, rate=FLOATS, name=st.text(max_size=5)),
)


@given(OUTERS)
@settings(deadline=None, max_examples=60)
def test_a_configuration_comes_back_through_json(config: Outer) -> None:
    assert from_dict(Outer, json.loads(json.dumps(to_dict(config)))) == config


def test_defaults_fill_what_is_not_given_and_whole_numbers_become_floats() -> None:
    config = from_dict(Outer, {"count": 3, "inner": {"rate": 2}})
    assert config == Outer(3, inner=Inner(rate=2.0))
    assert isinstance(config.inner.rate, float)


WRONG = {
    "count": [1.5, "3", True, None, [1]],
    "on": [1, "yes", None],
    "mode": ["quick", 1, None],
    "pair": [[1], [1, 2, 3], "12", 5, [1, "2"], [1.0, 2.0]],
    "many": [[[1, 2]], [1, 2, 3], "x"],
    "file": [3, ["a"]],
    "size": [[1], 3],
    "scores": [[1.0], {"a": "b"}, 3],
    "inner": [3, "x", {"rate": "high"}, {"rate": True}, {"speed": 1}, None],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_value_of_the_wrong_type_is_named(name: str, value: Any) -> None:
    with pytest.raises(InputError) as caught:
        from_dict(Outer, {"count": 1, name: value}, "run.json")
    message = str(caught.value)
    assert message.startswith(f"run.json.{name}")
    assert "expected" in message or "unknown field 'speed'" in message
    assert "\n" not in message


def test_wrong_types_cover_every_typed_field() -> None:
    assert set(WRONG) == {known.name for known in fields(Outer)} - {"anything"}


def test_an_unknown_field_names_the_nearest_and_all_known() -> None:
    with pytest.raises(InputError, match=r"Outer: unknown field 'cout' \(did you mean 'count'\?\); known: count, on"):
        from_dict(Outer, {"cout": 1})
    with pytest.raises(InputError, match=r"Outer.inner: unknown field 'rates' \(did you mean 'rate'"):
        from_dict(Outer, {"count": 1, "inner": {"rates": 1.0}})


def test_a_missing_field_is_named() -> None:
    with pytest.raises(InputError, match=r"run.json: .*count"):
        from_dict(Outer, {}, "run.json")


@pytest.mark.parametrize("values", [[], "text", 3, None])
def test_what_is_no_table_is_refused(values: Any) -> None:
    with pytest.raises(InputError, match="expected a table of fields"):
        from_dict(Outer, values)


def test_the_allowed_words_are_listed() -> None:
    with pytest.raises(InputError, match=r"Outer.mode: found 'quick', expected 'fast', 'slow'"):
        from_dict(Outer, {"count": 1, "mode": "quick"})


def test_what_the_configuration_itself_refuses_keeps_its_message() -> None:
    with pytest.raises(InputError, match=r"^count: found a negative one$"):
        from_dict(Outer, {"count": -1})


@dataclass(frozen=True)
class Ranged:
    share: Annotated[float, Within(0, 1)] = 0.5
    rate: Annotated[float, Within(0, above=True)] = 1.0
    decay: Annotated[float, Within(0, 1, below=True)] = 0.0
    count: Annotated[int, Within(1)] | None = None
    pair: tuple[Annotated[float, Within(0)], Annotated[float, Within(0)]] = (0.0, 1.0)
    sizes: tuple[Annotated[int, Within(1, 9)], ...] = ()
    free: float = 0.0
    on: bool = True

    def __post_init__(self) -> None:
        check_numbers(self, "some ")


def test_numbers_within_their_ranges_are_taken() -> None:
    Ranged(1, 1e-9, 0.999, 10**400, (0, 5.5), (1, 9), -1e300)
    Ranged(0.0, 1e300, 0, 1, (0.0, 0.0), (), 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"share": 1.01}, "some share: found 1.01, expected 0 to 1"),
        ({"share": float("nan")}, "some share: found nan, expected 0 to 1"),
        ({"rate": 0.0}, "some rate: found 0.0, expected above 0"),
        ({"rate": float("inf")}, "some rate: found inf, expected above 0"),
        ({"decay": 1.0}, "some decay: found 1.0, expected at least 0 and below 1"),
        ({"count": 0}, "some count: found 0, expected at least 1"),
        ({"pair": (1.0, -0.5)}, "some pair: found 1.0 -0.5, expected at least 0"),
        ({"pair": (float("nan"), 1.0)}, "some pair: found nan 1.0, expected at least 0"),
        ({"sizes": (1, 2, 10)}, "some sizes: found 1 2 10, expected 1 to 9"),
        ({"free": float("-inf")}, "some free: found -inf, expected a finite number"),
    ],
)
def test_numbers_outside_their_ranges_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        Ranged(**change)


@given(st.floats())
def test_no_number_that_is_not_finite_passes(value: float) -> None:
    assert (value in Within()) == (abs(value) < float("inf"))
