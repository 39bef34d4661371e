"""The verdict on clips: on hand-made outputs as files, in the numbers, the report and on the command line."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recyclegan.arrays import Image
from recyclegan.cli import main
from recyclegan.evaluation import compare, evaluate
from recyclegan.evaluation.appraisal import Appraisal
from recyclegan.evaluation.measure_catalogue import PICTURES
from recyclegan.evaluation.results import SOURCE, Result, Results
from recyclegan.metrics.intervals import Interval
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.verdict import NAMES
from tests.evaluation.world import label_maps, write_clip
from tests.verdict.outputs import OUTPUTS, frame

CONFIG = EvaluationConfig(num_shown=0, num_draws=20, num_samples=4)


def drive(seed: int, look: str, output: str = "perfect") -> list[Image]:
    return [OUTPUTS[output](frame(seed, index, look), seed) for index in (0, 1, 19)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("drives")
    for seed in range(2):
        write_clip(root / "source" / f"clip{seed}", drive(seed, "day"))
        write_clip(root / "target" / f"other{seed}", drive(seed + 4, "night"))
        for output in OUTPUTS:
            write_clip(root / output / f"clip{seed}", drive(seed, "night", output))
    return root


@pytest.fixture(scope="module")
def measured(world: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Results]:
    out = tmp_path_factory.mktemp("measured")
    return {
        output: evaluate(world / output, world / "source", out / output, world / "target", config=CONFIG)
        for output in ("perfect", "inverted", "holed", "mushy")
    }


@pytest.mark.parametrize(
    ("output", "word", "fault"),
    [
        ("perfect", "usable", None),
        ("inverted", "not usable", "inversion"),
        ("holed", "usable with reservations", "holes"),
        ("mushy", "not usable", "mush"),
    ],
)
def test_the_verdict_on_clips_is_right(measured: dict[str, Results], output: str, word: str, fault: str | None) -> None:
    verdict = measured[output].verdict
    assert verdict is not None
    assert verdict.word == word, verdict.sentence
    assert fault is None or fault in {finding.name for finding in verdict.findings}


def test_its_numbers_are_rows_with_intervals_and_what_the_source_has(measured: dict[str, Results]) -> None:
    assert {measure.name for measure in PICTURES} == set(NAMES)
    results = measured["holed"].results
    for name in ("lightness_agreement", "swapped_area", "edges_kept", "detail_kept", "holes", "checkerboard"):
        assert results[name].translated.num_clips == 2
        assert results[name].translated.low <= results[name].translated.value <= results[name].translated.high
        assert results[name].stated["samples"] == "6 frames of 2 clips; target 6 frames"
    untouched = {name: results[name].references["source"].value for name in ("lightness_agreement", "holes")}
    assert untouched == {"lightness_agreement": 1.0, "holes": 0.0}
    assert 0.02 < results["holes"].translated.value < 0.06


def test_blur_that_buys_calm_is_told(measured: dict[str, Results]) -> None:
    verdict = measured["mushy"].verdict
    assert verdict is not None
    error = measured["mushy"].results["warping_error"]
    assert error.translated.value < error.references[SOURCE].value
    (messages,) = [finding for finding in verdict.findings if finding.name == "bought"]
    assert "warping error" in messages.sentence
    assert "bought with blur" in messages.sentence


def appraised(others: dict[str, Result], has_labels: bool = False) -> str:
    return Appraisal({}, has_labels).verdict({"sharpness": number(1.0, 1.0), **others}).sentence


def number(value: float, source: float, low: float = float("nan")) -> Result:
    return Result(Interval(value, low, value, 2), {SOURCE: Interval(source, source, source, 2)})


def test_a_distance_beyond_the_source_is_told_and_whether_it_may_be_chance() -> None:
    assert appraised({"patches_coarse": number(0.4, 0.5)}) == "not judged"
    farther = appraised({"patches_coarse": number(0.7, 0.5, 0.6)})
    assert "farther from the target than the untouched source" in farther
    assert "chance" not in farther
    assert "may be chance" in appraised({"patches_coarse": number(0.7, 0.5, 0.4)})
    assert appraised({"patches_coarse": number(0.7, 0.5)}, has_labels=True) == "not judged"


def test_label_maps_are_not_judged_by_brightness(world: Path, tmp_path: Path) -> None:
    for seed in range(2):
        classes = (np.array(drive(seed, "day")).mean(-1) // 86 + 2).astype(np.uint8)
        write_clip(tmp_path / "maps" / f"clip{seed}", label_maps(classes))
    results = evaluate(tmp_path / "maps", world / "source", tmp_path / "out", config=CONFIG)
    assert results.verdict is not None
    assert (results.verdict.word, results.verdict.findings) == ("not judged", ())
    assert not {"lightness_agreement", "holes", "tint"} & set(results.results)


def test_label_maps_that_a_lossy_video_has_blurred_are_not_judged_either(world: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for seed in range(2):
        classes = (np.array(drive(seed, "day")).mean(-1) // 86 + 2).astype(np.uint8)
        maps = label_maps(classes)
        write_clip(tmp_path / "truth" / f"clip{seed}", maps)
        noisy = np.clip(maps + rng.integers(-9, 10, maps.shape), 0, 255).astype(np.uint8)
        write_clip(tmp_path / "maps" / f"clip{seed}", noisy)
    scored = replace(CONFIG, labels="viper")
    results = evaluate(tmp_path / "maps", world / "source", tmp_path / "out", truth=tmp_path / "truth", config=scored)
    assert results.verdict is not None
    assert (results.verdict.word, results.verdict.findings) == ("not judged", ())


def test_footage_that_begins_in_black_is_no_label_map(world: Path, tmp_path: Path) -> None:
    for place, look in (("source", "day"), ("made", "rain")):
        first = np.zeros((64, 128, 3), np.uint8)
        write_clip(tmp_path / place / "clip", [first, *drive(0, look)])
    results = evaluate(tmp_path / "made", tmp_path / "source", tmp_path / "out", config=CONFIG)
    assert "lightness_agreement" in results.results


def test_it_stands_at_the_top_of_the_report_in_the_numbers_and_at_the_end_of_the_command(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", str(world / "inverted"), str(world / "source"), "--out", str(tmp_path / "out")]
    assert main([*words, "--num-shown", "0", "--num-draws", "10"]) == 0
    *_, messages, remedy, written = capsys.readouterr().out.splitlines()
    assert messages.startswith("verdict: not usable: light and dark are swapped in ")
    assert remedy.startswith("verdict: inversion: train anew with --preset steady-footage")
    assert written.endswith("report.html: written; open it in a browser")
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.index("Not usable: light and dark are swapped") < page.index(">Summary</h2>")
    content = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert content["verdict"]["word"] == "not usable"
    assert content["verdict"]["findings"][0]["name"] == "inversion"
    compare({"one": tmp_path / "out"}, tmp_path / "both.html")
    assert "not usable" in (tmp_path / "both.html").read_text()
