"""``recyclegan evaluate`` on the command line."""

import json

import pytest

from recyclegan.cli import main
from tests.evaluation.world import write_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


def test_numbers_are_printed_with_their_intervals_and_written(world, tmp_path, capsys):
    words = ["evaluate", str(world / "labels"), str(world / "source"), "--out", str(tmp_path / "out")]
    words += ["--truth", str(world / "truth"), "--labels", "viper", "--num-draws", "20", "--num-shown", "0"]
    assert main(words) == 0
    told = capsys.readouterr().out
    lines = {line.split()[0]: line.split()[1:] for line in told.splitlines()}
    assert lines["mean_iou"][:4] == ["1", "(1", "to", "1)"]
    assert lines["mean_iou"][4:6] == ["colour", "alone"]
    assert lines["warping_error"][4] == "source"
    assert (
        json.loads((tmp_path / "out" / "metrics.json").read_text())["measures"]["mean_iou"]["translated"]["value"] == 1
    )


def test_mistakes_end_with_code_2_and_one_line(world, tmp_path, capsys):
    words = ["evaluate", str(world / "source"), str(world / "source"), "--out", str(tmp_path / "out")]
    assert main([*words, "--segmenter", str(tmp_path / "absent.onnx")]) == 2
    told = capsys.readouterr().err.strip()
    assert "give --labels and --truth" in told
    assert "\n" not in told
    assert not (tmp_path / "out").exists()
