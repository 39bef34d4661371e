"""Measures without a finite number are told as such, never printed as plain scores."""

import json
import math

import numpy as np
import pytest
import torch

from recyclegan.cli import main
from recyclegan.evaluation import evaluate
from recyclegan.settings.evaluation import EvaluationConfig
from tests.evaluation.world import pictures, write_clip, write_world

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


class Broken(torch.nn.Module):
    """Gives NaN for bright frames."""

    def forward(self, frames):
        return torch.where(frames.mean() > -0.1, torch.full((1, 2), float("nan")), torch.ones(1, 2))


class BrokenDistance(torch.nn.Module):
    """Gives an infinite distance to a frame that is black."""

    def forward(self, left, right):
        return (left - right).abs().mean(dim=(1, 2, 3)) / (right + 1).abs().mean(dim=(1, 2, 3)).sign()


def script(module, path):
    torch.jit.script(module).save(path)
    return str(path)


def plain(value):
    return isinstance(value, float) and math.isfinite(value)


def test_a_target_without_contrast_gives_no_distance_and_no_crash(tmp_path):
    write_clip(tmp_path / "black" / "c", np.zeros_like(pictures(0)))
    root = write_world(tmp_path / "world")
    results = evaluate(
        root / "source", root / "source", tmp_path / "out", target=tmp_path / "black", config=EvaluationConfig()
    )
    for name in ("patches_fine", "patches_middle", "patches_coarse"):
        assert any(note.startswith(f"{name}: no number for") for note in results.notes)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "patches_fine: no number for" in page
    assert "NaN" not in (tmp_path / "out" / "metrics.json").read_text()


def test_black_footage_throughout_is_measured_or_told(tmp_path):
    black = write_clip(tmp_path / "black" / "c", np.zeros_like(pictures(0))).parent
    results = evaluate(black, black, tmp_path / "out", target=black, config=EvaluationConfig())
    messages = " ".join(results.notes)
    for name, result in results.results.items():
        assert plain(result.translated.value) or f"{name}: no number" in messages


def test_features_that_are_not_finite_are_told(tmp_path):
    root = write_world(tmp_path / "world")
    config = EvaluationConfig(num_shown=0, num_draws=10, features=script(Broken(), tmp_path / "broken.pt"))
    results = evaluate(root / "source", root / "source", tmp_path / "out", target=root / "labels", config=config)
    assert any(note.startswith("fid: no number for the translated footage") for note in results.notes)
    assert any(note.startswith("kid: no number for") for note in results.notes)


def test_pairs_that_are_left_out_are_counted(tmp_path):
    images = pictures(0)
    images[3] = 0
    write_clip(tmp_path / "c", images)
    distance = script(BrokenDistance(), tmp_path / "distance.pt")
    config = EvaluationConfig(num_shown=0, num_draws=10, perceptual=distance)
    results = evaluate(tmp_path / "c", tmp_path / "c", tmp_path / "out", config=config)
    assert any(note.startswith("perceptual_change_difference: left out at 1 of 7 pairs") for note in results.notes)
    assert plain(results.results["perceptual_change_difference"].translated.value)


def test_the_command_prints_no_nan(tmp_path, capsys):
    write_clip(tmp_path / "black" / "c", np.zeros_like(pictures(0)))
    write_clip(tmp_path / "source" / "c", pictures(0))
    words = ["evaluate", str(tmp_path / "source"), str(tmp_path / "source"), "--out", str(tmp_path / "out")]
    assert main([*words, "--target", str(tmp_path / "black"), "--num-shown", "0", "--num-draws", "5"]) == 0
    messages = capsys.readouterr()
    assert " nan" not in messages.out
    assert "no number" in messages.out
    assert "note: patches_fine: no number" in messages.err
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["notes"]


def test_sources_that_were_not_translated_are_told(tmp_path):
    root = write_world(tmp_path / "world", num_clips=3)
    for number in (0, 2):
        write_clip(tmp_path / "some" / f"clip{number}", pictures(number))
    results = evaluate(tmp_path / "some", root / "source", tmp_path / "out", config=EvaluationConfig(num_shown=0))
    assert results.notes == ["1 of 3 clips of the source were not translated and are not measured: clip1"]
