"""Any value for any published option: the command does its work, or refuses it in one line."""

import os
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recyclegan import published
from recyclegan.errors import InputError
from recyclegan.published.command_line import choose_devices, parse
from recyclegan.published.exchange import Architecture
from recyclegan.published.layout import network_file
from recyclegan.published.published_options import TEST, TRAIN, Option
from recyclegan.published.train_command import train_config
from tests.published.commands import SMALL, world
from tests.robustness.ends import within

QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
NUMBERS = ("nan", "inf", "-inf", "-1", "0", "1", "2", "1.5", "1e30", "1e-30", "1e400", "9" * 30, "9" * 5000, "²")
WORDS = st.sampled_from([*NUMBERS, "", " ", "x", "a/b", "..", "é\u202e", "\udce9", "x" * 3000, "--", "True"])
VALUES = WORDS | st.text(max_size=4) | st.integers().map(str) | st.floats().map(str)
SIZES = {f"{kind}Size{side}" for kind in ("load", "fine") for side in ("", "H", "W")}
TAKES_MUCH = {"name", "results_dir", "checkpoints_dir", "aspect_ratio", *SIZES}
"""Options whose large values are honest requests for more than a test has, and those that name where to write."""


def choices_for(option: Option) -> st.SearchStrategy[str]:
    small = st.sampled_from(["nan", "-1", "0", "1", "40", "9" * 30, "x"])
    values = small if option.name in TAKES_MUCH else VALUES
    return st.sampled_from(option.choices) | values if option.choices else values


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with frames and an experiment, which is the current one."""
    root = tmp_path_factory.mktemp("published")
    world(root / "data", 1, 1)
    (root / "x").mkdir()
    network = Architecture("resnet-6", 3, 3, 4, "instance").build()
    torch.save(network.state_dict(), network_file(root / "x", "latest", "G_A"))
    return root


def words_of(place: Path, draw: Callable, table: tuple[Option, ...]) -> list[str]:
    option = draw(st.sampled_from(table))
    value = [] if option.is_flag else [f"--{option.name}={draw(choices_for(option))}"]
    base = ["--dataroot", str(place / "data"), "--checkpoints_dir", str(place), "--name", "x", *SMALL]
    return [*base, *(value or [f"--{option.name}"])]


def attack_training(place: Path, draw: Callable) -> None:
    words = words_of(place, draw, TRAIN)
    try:
        with within(10), redirect_stdout(StringIO()):
            options = parse("train.py", TRAIN, words)
            train_config(options, place / "new", place / "data", choose_devices(options))
    except InputError as error:
        check_one_line(str(error))


def check_one_line(message: str) -> None:
    assert len(" ".join(message.split()).splitlines()) == 1, message


def attack_testing(place: Path, draw: Callable) -> None:
    words = [*words_of(place, draw, TEST), "--phase", "val"]
    errors = StringIO()
    with within(20), redirect_stdout(StringIO()), redirect_stderr(errors):
        code = published.run(published.test, words)
    assert code in (0, 2), (words, errors.getvalue())
    assert len(errors.getvalue().splitlines()) == (1 if code == 2 else 0), errors.getvalue()


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CUDA_VISIBLE_DEVICES", "RECYCLEGAN_GPUS_CHOSEN"):  # what the choice of GPUs sets is taken back
        monkeypatch.setenv(name, os.environ.get(name, ""))
        if not os.environ[name]:
            monkeypatch.delenv(name)


@given(st.data())
@settings(deadline=None, max_examples=150, derandomize=True, suppress_health_check=QUIET)
def test_any_value_of_a_training_option_is_a_configuration_or_refused(place: Path, data: st.DataObject) -> None:
    attack_training(place, data.draw)


@given(st.data())
@settings(deadline=None, max_examples=60, derandomize=True, suppress_health_check=QUIET)
def test_any_value_of_a_test_option_is_a_test_or_refused(place: Path, data: st.DataObject) -> None:
    attack_testing(place, data.draw)


@pytest.mark.slow
@given(st.data())
@settings(deadline=None, max_examples=2000, suppress_health_check=QUIET)
def test_any_value_of_a_training_option_is_a_configuration_or_refused_at_length(
    place: Path, data: st.DataObject
) -> None:
    attack_training(place, data.draw)


@pytest.mark.slow
@given(st.data())
@settings(deadline=None, max_examples=1000, suppress_health_check=QUIET)
def test_any_value_of_a_test_option_is_a_test_or_refused_at_length(place: Path, data: st.DataObject) -> None:
    attack_testing(place, data.draw)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--loadSizeW", "999999999"], "--loadSizeW: found 999999999, expected 1 to 16384"),
        (["--ngf", "100000"], "--ngf: found 100000, expected 1 to 1024"),
        (["--lambda_A", "nan"], "--lambda_A: found nan, expected 0 to 1e+09"),
        (["--shift_level", "inf"], "--shift_level: found inf"),
        (["--seed", "-1"], "--seed: found -1"),
        (["--batchSize", "1000000000"], "--batchSize: found 1000000000, expected 1 to 65536"),
        (["--epoch_count", "0"], "--epoch_count: found 0, expected at least 1"),
        (["--max_dataset_size", "-3"], "--max_dataset_size: found -3"),
    ],
)
def test_numbers_out_of_range_are_named(words: list[str], expected: str) -> None:
    with pytest.raises(InputError, match=expected.replace("+", r"\+")):
        parse("train.py", TRAIN, ["--dataroot", "d", *words])
