"""Going on: the newest good checkpoint is taken and what is lost is told; what belongs to no run is one line."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.errors import InputError
from recyclegan.settings.training import TrainConfig
from recyclegan.states import DIGESTS_FILE, STATE_FILE, checkpoints, load_checkpoint, save_checkpoint
from recyclegan.steps import TrainState, train_step
from recyclegan.training import train
from recyclegan.training.restoring import MisfitError, check_state, read_state, restore
from tests.small import make_data, small_config, small_state
from tests.steps.test_step import batch_of, config_with, same


def damage(folder: Path) -> None:
    data = bytearray((folder / STATE_FILE).read_bytes())
    data[len(data) // 2] ^= 4
    (folder / STATE_FILE).write_bytes(data)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """Return the configuration of a run of 4 steps, each of which left a checkpoint."""
    root = tmp_path_factory.mktemp("runs")
    config = small_config(make_data(root / "data"), root / "whole", steps=4, save_every=1, keep=9, history=1)
    train(config)
    return config


@pytest.fixture
def run(whole: TrainConfig, tmp_path: Path) -> Path:
    """Return a copy of the run's checkpoints and configuration."""
    for folder in checkpoints(whole.out):
        (tmp_path / "run" / folder.name).mkdir(parents=True)
        for file in folder.iterdir():
            (tmp_path / "run" / folder.name / file.name).write_bytes(file.read_bytes())
    return tmp_path / "run"


def restored(whole: TrainConfig, run: Path) -> tuple[int, list[str], TrainState]:
    state, messages = small_state(replace(whole, out=run), num_steps=4), list[str]()
    return restore(state, messages.append), messages, state


def test_a_good_checkpoint_is_taken_without_a_word(whole: TrainConfig, run: Path) -> None:
    done, messages, state = restored(whole, run)
    assert (done, messages) == (4, [])
    assert same({"step": 4, **state.state_dict()}, load_checkpoint(run / "step-00000004"))


@pytest.mark.parametrize("num_damaged", [1, 3])
def test_the_newest_that_is_intact_is_taken_and_what_is_lost_is_told(
    whole: TrainConfig, run: Path, num_damaged: int
) -> None:
    for folder in checkpoints(run)[-num_damaged:]:
        damage(folder)
    done, messages, _ = restored(whole, run)
    assert done == 4 - num_damaged
    assert len(messages) == num_damaged
    assert messages[0] == (
        f"{run / 'step-00000004' / STATE_FILE}: is damaged or no training state; goes on with step-0000000{done}, "
        f"and the {num_damaged} steps after it are trained again"
    )


def test_where_none_is_intact_one_line_names_all(whole: TrainConfig, run: Path) -> None:
    for folder in checkpoints(run):
        damage(folder)
    with pytest.raises(InputError) as caught:
        restored(whole, run)
    message = str(caught.value)
    assert message.startswith(f"{run / 'step-00000004' / STATE_FILE}: is damaged")
    assert "step-00000001, step-00000002, step-00000003" in message
    assert "\n" not in message


def test_a_run_goes_on_from_the_checkpoint_before_a_damaged_one_with_the_same_bits(
    whole: TrainConfig, tmp_path: Path
) -> None:
    config = replace(whole, out=tmp_path / "run", keep=2)
    train(config)
    damage(config.out / "step-00000004")
    messages: list[str] = []
    assert train(config, resume=True, notify=messages.append).steps == 4
    assert "goes on with step-00000003" in messages[0]
    assert same(load_checkpoint(config.out / "step-00000004"), load_checkpoint(whole.out / "step-00000004"))
    for name in ("ab.safetensors", "ba.safetensors", "stats.jsonl"):
        assert (config.out / name).read_bytes() == (whole.out / name).read_bytes()


def test_a_checkpoint_without_digests_is_taken_and_told(whole: TrainConfig, run: Path) -> None:
    (run / "step-00000004" / DIGESTS_FILE).unlink()
    done, messages, _ = restored(whole, run)
    assert done == 4
    assert [note.split(": ")[1].split(",")[0] for note in messages] == ["was written by an earlier version"]


def test_other_numbers_of_processes_are_told(whole: TrainConfig, run: Path) -> None:
    saved = load_checkpoint(run / "step-00000004")
    save_checkpoint(run, 4, {**saved, "processes": saved["processes"] * 2}, keep=9)
    assert "was trained on 2 devices and goes on on 1" in restored(whole, run)[1][0]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("part", ["networks", "average"])
def test_weights_that_are_not_finite_are_not_gone_on_with(
    whole: TrainConfig, run: Path, part: str, value: float
) -> None:
    saved = load_checkpoint(run / "step-00000004")
    next(iter(saved[part].values())).view(-1)[0] = value
    save_checkpoint(run, 4, saved, keep=9)
    done, messages, _ = restored(whole, run)
    assert done == 3
    assert "not finite; goes on with step-00000003" in messages[0]
    save_checkpoint(run, 4, saved, keep=1)
    with pytest.raises(InputError, match=r"weights of .* are not finite; delete the folder to resume before it"):
        restored(whole, run)


def trained_state() -> tuple[TrainState, dict[str, Any]]:
    """Return a fresh state, and what one of the same run saved after three steps."""
    config = config_with(history=2)
    state = small_state(config)
    for step in range(3):
        train_step(state, batch_of(step), step)
    return small_state(config), {"step": 3, **state.state_dict()}


FRESH, SAVED = trained_state()


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value in a state; optimizers' settings are those of the configuration and not read."""
    if place and "param_groups" not in place:
        yield place
    if isinstance(value, dict | list):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(item, (*place, name))


PLACES = list(places(SAVED))
ODD = st.sampled_from(
    [
        None,
        "text",
        b"bytes",
        -1,
        2**70,
        [],
        {},
        {"unknown": 1},
        [1, "a"],
        True,
        1 + 2j,
        torch.zeros(0),
        torch.ones(7, 5),
        torch.ones(3, dtype=torch.int64),
        torch.ones(2, 2).to_sparse(),
        torch.zeros(1).expand(10**9),
    ]
)


def replaced(place: tuple[Any, ...], odd: Any) -> dict[str, Any]:
    spoiled = copy.deepcopy(SAVED)
    inside: Any = spoiled
    for name in place[:-1]:
        inside = inside[name]
    inside[place[-1]] = odd
    return spoiled


def misfit(saved: dict[str, Any]) -> str | None:
    try:
        check_state(saved, FRESH, 3)
    except MisfitError as error:
        return str(error)
    return None


EMPTY_MAY_BE = {"last", "due", "sums", "state", "a", "b"}
"""Tables and lists that a state may have empty, and lines that may hold any names."""


@given(st.sampled_from(PLACES), ODD)
@settings(max_examples=150, deadline=None)
def test_whatever_stands_in_a_place_of_a_state_fits_or_is_one_line_that_names_it(
    place: tuple[Any, ...], odd: Any
) -> None:
    spoiled = replaced(place, odd)
    if (messages := misfit(spoiled)) is not None:
        assert messages.split(".")[0] == place[0]
        return
    harmless = place[-1] in EMPTY_MAY_BE and odd in ([], {}, {"unknown": 1})
    a_number = "log" in place and type(odd) is int
    assert harmless or a_number, "an odd value was taken"
    state = small_state(config_with(history=2))
    state.load_state_dict(spoiled)
    train_step(state, batch_of(), 3)


@given(st.sampled_from([place for place in PLACES if isinstance(place[-1], str)]))
@settings(max_examples=60, deadline=None)
def test_a_value_that_is_missing_or_too_many_is_one_line(place: tuple[Any, ...]) -> None:
    for change in ("missing", "unknown"):
        spoiled = copy.deepcopy(SAVED)
        inside: Any = spoiled
        for name in place[:-1]:
            inside = inside[name]
        if change == "missing":
            del inside[place[-1]]
        else:
            inside["unknown"] = "text"
        if "log" in place and change == "missing":
            continue  # lines hold what they hold
        with pytest.raises(MisfitError):
            check_state(spoiled, FRESH, 3)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.int32])
def test_weights_of_another_type_are_refused(kind: torch.dtype) -> None:
    name = next(iter(SAVED["networks"]))
    with pytest.raises(MisfitError, match=f"networks.{name}"):
        check_state(replaced(("networks", name), SAVED["networks"][name].to(kind)), FRESH, 3)


def test_a_state_of_another_step_than_its_folder_is_refused(tmp_path: Path) -> None:
    state = small_state(small_config(tmp_path, tmp_path, history=2))
    folder = save_checkpoint(tmp_path, 5, SAVED, keep=1)
    with pytest.raises(InputError, match=r"step-00000005: does not fit .* \(look at step\)") as caught:
        read_state(folder, state)
    assert "\n" not in str(caught.value)
