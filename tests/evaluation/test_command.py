"""``recyclegan evaluate`` on the command line."""

import json

import pytest

from recyclegan.cli import main
from recyclegan.cli.score_table import score_table
from recyclegan.evaluation.results import Result
from recyclegan.metrics.intervals import Interval
from tests.evaluation.world import write_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


def test_numbers_are_printed_with_their_intervals_and_written(world, tmp_path, capsys):
    words = ["evaluate", str(world / "labels"), str(world / "source"), "--out", str(tmp_path / "out")]
    words += ["--truth", str(world / "truth"), "--labels", "viper", "--num-draws", "20", "--num-shown", "0"]
    assert main(words) == 0
    messages, said = capsys.readouterr()
    assert said.startswith("measuring steadiness (flow: exact), classes of 2 clips; frames: all 16\n")
    assert not any("\x1b" in text for text in (messages, said))
    lines = {line.split()[0]: line.split()[1:] for line in messages.splitlines()}
    assert lines["mean_iou"][:4] == ["1", "(1", "to", "1)"]
    assert lines["mean_iou"][5:] == ["↑", "higher"]
    assert lines["warping_error"][5:] == ["↓", "lower"]
    *table, last = [line for line in messages.splitlines() if not line.startswith("verdict: ")]
    assert table[1].split() == ["measure", "translated", "(95", "%", "range)", "source", "alone", "better"]
    assert all(len(line) <= 80 for line in table)
    assert {line.index("↓") for line in table if "↓" in line} == {line.index("↑") for line in table if "↑" in line}
    assert last == f"{tmp_path / 'out' / 'report.html'}: written; open it in a browser"
    assert (
        json.loads((tmp_path / "out" / "metrics.json").read_text())["measures"]["mean_iou"]["translated"]["value"] == 1
    )


def test_mistakes_end_with_code_2_and_one_line(world, tmp_path, capsys):
    words = ["evaluate", str(world / "source"), str(world / "source"), "--out", str(tmp_path / "out")]
    assert main([*words, "--segmenter", str(tmp_path / "absent.onnx")]) == 2
    messages = capsys.readouterr().err.strip()
    assert "give --labels and --truth" in messages
    assert "\n" not in messages
    assert not (tmp_path / "out").exists()


def test_a_table_is_told_without_what_an_encoding_does_not_know():
    interval = Interval(0.25, 0.2, 0.3, 4)
    results = {"warping_error": Result(interval, {"source": interval, "target": Interval(1.0, 1.0, 1.0, 4)})}
    messages = score_table(results, "ascii")
    assert messages.isascii()
    assert messages.splitlines()[1].split() == ["warping_error", "0.25", "(0.2", "to", "0.3)", "0.25", "1", "lower"]
