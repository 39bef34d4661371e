"""Translator files under attack: any card and any bytes are a translator, or are refused in one line and at once."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors.torch import save
from torch import Tensor

from recyclegan.checkpoint import CARD_KEY, LONGEST_CARD, load_card, load_translator
from recyclegan.config import to_dict
from recyclegan.errors import InputError
from recyclegan.networks import make_generator
from tests.robustness.ends import LONGEST, check_end, run, within
from tests.small import PALETTE, make_frames, small_card

CARD = to_dict(small_card())
WEIGHTS = make_generator("resnet-6", width=4).state_dict()
WHOLE = save(WEIGHTS, metadata={CARD_KEY: json.dumps(CARD)})
HEADER = struct.unpack("<Q", WHOLE[:8])[0]
QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]

NUMBERS = st.sampled_from([-4, -1, 0, 1, 2, 3, 4, 4097, 60_000, 100_000, 10**9, 2**63, 10**400]) | st.integers()
SCALARS = st.none() | st.booleans() | NUMBERS | st.floats() | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS, lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=3), values), max_leaves=5
)
FIELDS = st.sampled_from([*CARD, "unknown", ""])


def saved(path: Path, weights: dict[str, Tensor] = WEIGHTS, text: str = json.dumps(CARD)) -> Path:
    path.write_bytes(save({name: value.contiguous() for name, value in weights.items()}, metadata={CARD_KEY: text}))
    return path


def refusal(path: Path) -> str | None:
    """Return the one line that a file is refused with, or None where it is a translator."""
    try:
        with within(LONGEST):
            load_card(path)
            generator, card = load_translator(path)
    except InputError as error:
        return one_line(error, path)
    shown = generator(torch.zeros(1, card.channels_in, 32, 32))
    assert shown.shape == (1, card.channels_out, 32, 32)
    return None


def one_line(error: InputError, path: Path) -> str:
    message = str(error)
    assert "\n" not in message
    assert message.startswith(str(path))
    assert len(message) < len(str(path)) + 500
    return message


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("width", 100_000, "card.width: found 100000, expected 1 to 65536"),
        ("width", -4, "card.width: found -4"),
        ("width", 60_000, "differs in shapes: model.1.weight is 4x3x7x7, not 60000x3x7x7"),
        ("size", [10**9, 10**9], "card.size: found"),
        ("size", [1, 1], "card.size: found"),
        ("load_size", [0, 0], "card.load_size: found"),
        ("channels_in", 0, "card.channels_in: found 0"),
        ("channels_out", 2, "card.channels: expected 1 or 3"),
        ("palette", [[0, 0, 256]], "card.palette: found"),
        ("palette", [[0, -1, 0]], "card.palette: found"),
        ("palette", [[1, 2, 3]] * 257, "card.palette: expected at most 256 colours"),
        ("palette", [[1, 2, 3]] * 10**6, f"characters, expected at most {LONGEST_CARD}"),
        ("metrics", {"miou": float("nan")}, "card.metrics: expected finite numbers"),
        ("metrics", {str(n): 1.0 for n in range(2000)}, "card.metrics: expected at most 1000"),
        ("metrics", {"miou": 10**400}, "card.metrics.miou: found 1000"),
        ("steps", -1, "card.steps: found -1"),
        ("stpes", 7, "unknown field 'stpes' (did you mean 'steps'?)"),
        ("dropout", "no", "card.dropout: found 'no', expected bool"),
        ("generator", "resnet-7", "card.generator: found 'resnet-7'"),
        ("resize", "square", "card.resize: expected equal sides"),
    ],
    ids=range(20),
)
def test_a_card_that_no_translator_has_is_refused(tmp_path: Path, field: str, value: Any, expected: str) -> None:
    assert expected in (refusal(saved(tmp_path / "ab.safetensors", text=json.dumps({**CARD, field: value}))) or "")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"method":' * 50_000, "x" * (LONGEST_CARD + 1), "null", "NaN", ""], ids=range(6)
)
def test_a_card_that_is_no_table_is_refused(tmp_path: Path, text: str) -> None:
    assert refusal(saved(tmp_path / "ab.safetensors", text=text))


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value[:1],
        lambda value: value.reshape(-1),
        lambda value: value.to(torch.complex64),
        lambda value: value.to(torch.float8_e4m3fn),
        lambda value: value.to(torch.int8),
        lambda value: value > 0,
        lambda value: value * float("nan"),
    ],
)
def test_weights_of_another_kind_are_refused(tmp_path: Path, change: Callable[[Tensor], Tensor]) -> None:
    first = "model.1.weight"
    message = refusal(saved(tmp_path / "ab.safetensors", {**WEIGHTS, first: change(WEIGHTS[first])}))
    assert first in (message or "")


def test_no_tensor_is_read_before_its_shape_is_known(tmp_path: Path) -> None:
    body = 1 << 26
    tensor = {"dtype": "F32", "shape": [body // 4], "data_offsets": [0, body]}
    header = json.dumps({"__metadata__": {CARD_KEY: json.dumps(CARD)}, "model.1.weight": tensor}).encode()
    with (tmp_path / "ab.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + body)
    assert "lacks model.1.bias" in (refusal(tmp_path / "ab.safetensors") or "")


def attack_card(path: Path, changes: dict[str, Any]) -> None:
    refusal(saved(path, text=json.dumps({**CARD, **changes})))


def attack_bytes(path: Path, edits: list[tuple[int, int]], length: int) -> None:
    data = bytearray(WHOLE)
    for place, byte in edits:
        data[place % len(data)] = byte
    path.write_bytes(data[: max(0, len(data) - length)])
    refusal(path)


PLACES = st.integers(0, HEADER + 200) | st.integers(0, len(WHOLE) - 1)
EDITS = st.lists(st.tuples(PLACES, st.integers(0, 255)), max_size=6)
CUTS = st.just(0) | st.integers(0, len(WHOLE))
CHANGES = st.dictionaries(FIELDS, VALUES, min_size=1, max_size=3)


@given(CHANGES)
@example({"palette": [list(colour) for colour in PALETTE], "generator": "classes-6"})
@settings(deadline=None, max_examples=150, derandomize=True, suppress_health_check=QUIET)
def test_any_card_is_a_translators_or_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    attack_card(tmp_path / "ab.safetensors", changes)


@given(EDITS, CUTS)
@settings(deadline=None, max_examples=150, derandomize=True, suppress_health_check=QUIET)
def test_any_bytes_are_a_translator_or_refused(tmp_path: Path, edits: list[tuple[int, int]], cut: int) -> None:
    attack_bytes(tmp_path / "ab.safetensors", edits, cut)


@pytest.mark.slow
@given(CHANGES)
@settings(deadline=None, max_examples=3000, suppress_health_check=QUIET)
def test_any_card_is_a_translators_or_refused_at_length(tmp_path: Path, changes: dict[str, Any]) -> None:
    attack_card(tmp_path / "ab.safetensors", changes)


@pytest.mark.slow
@given(EDITS, CUTS)
@settings(deadline=None, max_examples=5000, suppress_health_check=QUIET)
def test_any_bytes_are_a_translator_or_refused_at_length(
    tmp_path: Path, edits: list[tuple[int, int]], cut: int
) -> None:
    attack_bytes(tmp_path / "ab.safetensors", edits, cut)


def test_a_damaged_translator_ends_the_command_in_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    source = make_frames(tmp_path / "in", 1)
    path = saved(tmp_path / "ab.safetensors", {**WEIGHTS, "model.1.weight": WEIGHTS["model.1.weight"] * float("inf")})
    end = run(["translate", path, source, tmp_path / "out"])
    check_end(end)
    assert end.code == 2
    assert not (tmp_path / "out").exists()
