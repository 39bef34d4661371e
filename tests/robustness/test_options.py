"""Any value for any option: the command does its work, or refuses in one line and leaves nothing that is in the way."""

import re
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recyclegan.checkpoint import save_translator
from recyclegan.networks import make_generator
from recyclegan.settings.methods import METHODS
from recyclegan.video import write_video
from tests.robustness.ends import check_end, run
from tests.small import SMALL_OPTIONS, make_data, picture, small_card

NUMBERS = ("nan", "inf", "-inf", "-1", "0", "0.0", "1", "2", "1.5", "-0.5", "1e30", "1e-30", "1e400", "9" * 30, "0x10")
WORDS = (
    "",
    " ",
    "x",
    "None",
    "True",
    "auto",
    "ab",
    "é\u202e",
    "x" * 3000,
    "-",
    "--",
    "..",
    "a b",
    "\udce9",
    "1,2",
    "%d",
)
VALUES = st.sampled_from(NUMBERS + WORDS) | st.text(max_size=4) | st.integers().map(str) | st.floats().map(str)
TAKES_MUCH = {"width", "discriminator-width", "embedding", "places", "predictor-width", "devices", "size", "load-size"}
"""Options whose large values are honest requests for more than a test has."""
SMALL_VALUES = st.sampled_from(("nan", "-1", "0", "1", "1.5", "9" * 30, "x", ""))


class World:
    """Something for every command to work on."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.data = make_data(root / "data", num_frames=3)
        self.video, self.model = root / "in.mp4", root / "ab.safetensors"
        write_video(self.video, [picture(n) for n in range(3)], rate=10)
        save_translator(self.model, make_generator("resnet-6", width=4), small_card())

    def words(self, command: str) -> list[object]:
        """Return words that let a command do its work into a new place."""
        out = self.root / "out"
        shutil.rmtree(out, ignore_errors=True)
        name, *method = command.split()
        rest = {
            "train": ["--data", self.data, "--out", out / "run", *SMALL_OPTIONS, "--dry-run"],
            "translate": [self.model, self.video, out / "out.mp4", "--device", "cpu"],
            "evaluate": [self.video, self.video, "--out", out, "--num-draws", "3", "--num-shown", "0"],
            "prepare": [out, "--a", self.data / "train/A", "--b", self.data / "train/B"],
            "doctor": [self.data, "--size", "32", "48"],
            "flow-preview": [self.video, out, "--num-frames", "1"],
            "calibrate": [self.data, "--size", "32", "48", "--pairs", "2"],
        }
        return [name, *method, *rest[name]]


COMMANDS = [
    *(f"train {name}" for name in METHODS),
    *("translate", "evaluate", "prepare videos", "doctor", "flow-preview", "calibrate"),
]


@cache
def options_of(command: str) -> tuple[str, ...]:
    """Return the options that a command's help names."""
    found = set(re.findall(r"--([a-z][a-z-]+)", run([*command.split(), "--help"], seconds=60).output))
    return tuple(sorted(found - {"help", "debug", "out", "data", "a", "b"}))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("here"))
        yield World(tmp_path_factory.mktemp("world"))


def attack(world: World, draw: Callable) -> None:
    """Give one command one option with one to three values of any kind."""
    command = draw(st.sampled_from(COMMANDS))
    option = draw(st.sampled_from(options_of(command)))
    values = SMALL_VALUES if option in TAKES_MUCH else VALUES
    given_values = draw(st.lists(values, max_size=3))
    words = world.words(command)
    end = run([*words, f"--{option}", *given_values], seconds=30)
    check_end(end)
    if end.code == 2:
        left = [path for path in (world.root / "out").rglob("*") if path.is_file()]
        assert left == [], (words, option, given_values)


QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


@given(st.data())
@settings(deadline=None, max_examples=60, derandomize=True, suppress_health_check=QUIET)
def test_any_value_of_any_option_is_taken_or_refused_in_one_line(world: World, data: st.DataObject) -> None:
    attack(world, data.draw)


@pytest.mark.slow
@given(st.data())
@settings(deadline=None, max_examples=2000, suppress_health_check=QUIET)
def test_any_value_of_any_option_is_taken_or_refused_in_one_line_at_length(world: World, data: st.DataObject) -> None:
    attack(world, data.draw)


def test_sizes_beyond_any_frame_are_refused_in_one_line(world: World) -> None:
    end = run([*world.words("flow-preview"), "--size", "1", "9" * 30], seconds=30)
    check_end(end)
    assert "flow-preview: size: found 1 " in end.errors
