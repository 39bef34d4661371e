import json
import re
import signal
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from recyclegan.checkpoint import load_card
from recyclegan.data import find_clips
from recyclegan.demo import DemoConfig, run_demo
from recyclegan.errors import InputError
from recyclegan.video import probe, read_image
from tests.pages.test_grids import places_of

TINY = DemoConfig(size=(32, 48), clips=1, val_clips=1, frames=4, steps=2, width=4)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[str]]:
    out, shown = tmp_path_factory.mktemp("demo") / "out", []
    lines = run_demo(out, TINY, lambda _done, _total, what: shown.append(what))
    return out, lines, list(dict.fromkeys(shown))


def test_it_ends_with_six_lines_of_measured_numbers(made: tuple[Path, list[str], list[str]]) -> None:
    out, lines, _ = made
    measures = json.loads((out / "evaluation" / "run-ab" / "metrics.json").read_text())["measures"]
    assert len(lines) == 6
    assert f"{measures['mean_iou']['translated']['value']:.3f}" in lines[0]
    assert str(out / "report.html") in lines[-1]


def test_the_report_is_one_page_that_loads_nothing(made: tuple[Path, list[str], list[str]]) -> None:
    page = (made[0] / "report.html").read_text()
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)[^"']+""", page)
    assert page.count("<video") == 2
    assert "Untrained" in page
    assert "Your own videos" in page


def test_translators_carry_their_scores(made: tuple[Path, list[str], list[str]]) -> None:
    trained, untrained = (load_card(made[0] / model / "ab.safetensors") for model in ("run", "untrained"))
    assert trained.steps == TINY.steps
    assert untrained.steps == 0
    assert 0 <= trained.metrics["mean_iou"] <= 1


def test_films_show_source_translation_and_truth(made: tuple[Path, list[str], list[str]]) -> None:
    film = probe(next((made[0] / "films").glob("ab-*.mp4")))
    assert (film.width, film.height, film.num_frames) == (2 * 3 * TINY.size[1], 2 * TINY.size[0], TINY.frames)


def test_a_sheet_shows_frames_of_each_held_out_drive_with_translation_and_truth(
    made: tuple[Path, list[str], list[str]],
) -> None:
    out, shown = made[0], read_image(made[0] / "demo.png")
    (clip,) = (out / "data" / "val" / "A").iterdir()
    for index in (1, 2):
        source = next(islice(find_clips(out / "data" / "val" / "A")[0].images(), index, None))
        translated = read_image(sorted((out / "translated" / "run-ab" / clip.stem).iterdir())[index])
        for picture in (source, translated):
            assert places_of(picture.repeat(5, 0).repeat(5, 1), shown)


def test_curves_are_charts_that_follow_dark_mode(made: tuple[Path, list[str], list[str]]) -> None:
    page = (made[0] / "report.html").read_text()
    assert "Equivariance error" in page
    assert "Learning rate" in page


def test_the_way_back_is_shown_small_and_below_with_what_it_is_worth(made: tuple[Path, list[str], list[str]]) -> None:
    (film,) = (made[0] / "films").glob("ba-*.mp4")
    shown = probe(film)
    assert (shown.width, shown.height) == (2 * TINY.size[1], TINY.size[0])
    page = (made[0] / "report.html").read_text()
    headings = re.findall("<h2>(.*?)</h2>", page)
    assert headings.index("The way back: label maps to video") > headings.index("Your own videos")
    measures = json.loads((made[0] / "evaluation" / "run-ba" / "metrics.json").read_text())["measures"]
    assert f"coarse distance {measures['patches_coarse']['translated']['value']:.2f}" in page
    assert "a by-product, not a result" in page


def test_the_numbers_in_front_are_those_of_the_way_to_label_maps(made: tuple[Path, list[str], list[str]]) -> None:
    summary = (made[0] / "report.html").read_text().split("<h2>Video to label maps</h2>")[0]
    assert "Mean IoU" in summary
    assert "Added flicker" not in summary


def test_all_long_work_is_shown(made: tuple[Path, list[str], list[str]]) -> None:
    assert [what.split()[0] for what in made[2]] == ["footage", "training", *["translating"] * 4]


def test_a_signal_during_training_ends_it_without_a_report_of_half_a_training(tmp_path: Path) -> None:
    def show(done: int, _total: int | None, what: str) -> None:
        if (done, what) == (1, "training"):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run_demo(tmp_path / "out", replace(TINY, steps=50), show)
    assert list((tmp_path / "out" / "run").glob("step-*"))
    assert not (tmp_path / "out" / "report.html").exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(InputError, match="is there already"):
        run_demo(tmp_path, TINY, lambda *_: None)
    assert (tmp_path / "mine.txt").read_text() == "kept"
