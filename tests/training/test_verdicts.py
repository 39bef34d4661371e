"""What a run says of its samples: numbers in its log, and the verdict when it ends."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from recyclegan.cli import main
from recyclegan.distributed.processes import make_fabric
from recyclegan.logs import read_stats
from recyclegan.training import train
from recyclegan.training.training_data import Footage, load_footage
from recyclegan.training.validation import SampleJudge, spread_frames, verdict_lines
from recyclegan.verdict import NAMES, verdict_in
from recyclegan.video import write_image
from tests.small import SMALL_OPTIONS, label_map, make_data, small_config
from tests.verdict.outputs import frame

OF_LABELS = {"change", "contrast", "variety_kept"}


class By(nn.Module):
    """A generator that maps values by a function."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, frames: Tensor) -> Tensor:
        return self.function(frames)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Drives by day and in rain, with two held-out clips of each."""
    root = tmp_path_factory.mktemp("drives")
    for number, (split, domain) in enumerate((s, d) for s in ("train", "val") for d in ("A", "B")):
        for clip in range(2):
            for index in (0, 1, 19):
                image = frame(2 * number + clip, index, "day" if domain == "A" else "rain")
                write_image(root / "data" / split / domain / f"clip{clip}" / f"{index:02d}.png", image)
    config = small_config(root / "data", root / "run")
    return load_footage(config, 3, make_fabric(config), None)


def test_generators_that_are_known_are_judged_rightly(footage: Footage) -> None:
    generators = nn.ModuleDict({"ab": By(lambda x: 0.7 * x + 0.1), "ba": By(lambda x: -0.7 * x)})
    before = torch.get_rng_state()
    numbers = SampleJudge(footage).numbers(generators)
    assert torch.equal(torch.get_rng_state(), before), "nothing random is used up"
    assert {name.partition("/")[2] for name in numbers} <= set(NAMES)
    assert verdict_in(numbers, "ab").word == "usable"
    assert verdict_in(numbers, "ba").word == "not usable"
    assert numbers["ab/lightness_agreement"] > 0.95
    assert numbers["ba/lightness_agreement"] < -0.95


def test_numbers_are_the_same_each_time(footage: Footage) -> None:
    generators, judge = nn.ModuleDict({"ab": By(torch.tanh)}), SampleJudge(footage)
    assert judge.numbers(generators) == judge.numbers(generators) == SampleJudge(footage).numbers(generators)


def test_frames_of_the_target_are_spread_over_its_clips(footage: Footage) -> None:
    assert len(spread_frames(footage.cached["b"], 2)) == 2
    frames = spread_frames(footage.cached["b"])
    assert len(frames) == 6, "all there are"
    assert len(np.unique([image.mean() for image in frames])) == 6


@pytest.mark.parametrize("labels", [False, True])
def test_a_run_logs_its_numbers_and_ends_with_a_verdict(labels: bool, tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", make_b=label_map) if labels else make_data(tmp_path / "data")
    changes = {"frames": small_config(data, tmp_path).frames}
    if labels:
        changes = {"frames": type(changes["frames"])(size=(32, 48), labels="b")}
    config = small_config(data, tmp_path / "run", steps=2, sample_every=1, **changes)
    outcome = train(config)
    for entry in read_stats(config.out / "stats.jsonl"):
        for direction in ("ab", "ba"):
            found = {name.partition("/")[2] for name in entry if name.startswith(f"{direction}/")} & set(NAMES)
            assert found == OF_LABELS if labels else {"lightness_agreement", "holes", "edges_kept"} <= found
    assert [line.split()[0] for line in outcome.verdicts if line.split()[1] in ("usable", "usable:", "not")] == [
        "ab",
        "ba",
    ]
    assert train(config, resume=True).verdicts == outcome.verdicts, "a finished run says it again"


def test_the_command_prints_the_verdict_without_held_out_footage_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_data(tmp_path / "data")
    (data / "val").rename(tmp_path / "elsewhere")
    words = ["train", "cycle-gan", "--data", str(data), "--out", str(tmp_path / "run"), *SMALL_OPTIONS, "--steps", "1"]
    assert main(words) == 0
    messages = [line for line in capsys.readouterr().out.splitlines() if line.startswith("verdict: ")]
    assert messages[0].startswith("verdict: ab ")
    assert any(line.startswith("verdict: ba ") for line in messages)


def test_a_discriminator_that_has_won_is_told_at_the_end() -> None:
    entries = [{"step": step, "b/discriminator": 0.001} for step in range(20)]
    (line,) = verdict_lines(entries)
    assert line.startswith("b/discriminator: under 0.01 in steps 0-19")
    assert "--discriminator-width" in line
    assert verdict_lines([]) == ()


@pytest.mark.parametrize(("step", "word"), [(6, "not judged"), (99, "not judged"), (100, "usable")])
def test_few_steps_are_too_early_to_call_anything_usable(step: int, word: str) -> None:
    fine = {"lightness_agreement": 0.8, "edges_kept": 0.9, "holes": 0.0, "change": 20.0, "contrast": 30.0}
    entry = {"step": step, **{f"ab/{name}": value for name, value in fine.items()}}
    assert verdict_lines([entry])[0].startswith(f"ab {word}:")


def test_what_is_wrong_is_told_however_few_the_steps() -> None:
    entry = {"step": 6, "ab/lightness_agreement": -0.8, "ab/edges_kept": 0.9, "ab/change": 20.0, "ab/contrast": 30.0}
    assert verdict_lines([entry])[0].startswith("ab not usable:")
