"""Contact sheets and films show the source, every contender, and the true label maps where they are known."""

from dataclasses import replace

import numpy as np
import pytest

from recyclegan.checkpoint import save_translator
from recyclegan.evaluation.comparison.comparison_report import columns, contact_sheet, film
from recyclegan.evaluation.comparison.contender_run import ContenderRun, Measuring
from recyclegan.networks import make_generator
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.video import read_video
from tests.evaluation.world import HEIGHT, LENGTH, WIDTH, class_maps, label_maps, pictures, write_clip, write_world
from tests.small import PALETTE, small_card, small_config


@pytest.fixture
def entry(tmp_path):
    """Return a run that translated two clips of a small world into label maps, all alike."""
    world = write_world(tmp_path / "world")
    data = tmp_path / "data"
    (data / "val").mkdir(parents=True)
    (world / "source").rename(data / "val" / "A")
    (world / "truth").rename(tmp_path / "A")
    run = ContenderRun(
        "ours", 0, small_config(data, tmp_path / "ours" / "run"), Measuring(EvaluationConfig(labels="viper"), tmp_path)
    )
    for clip in range(2):
        write_clip(run.translated("ab") / f"clip{clip}", label_maps(class_maps(7)))
    save_translator(run.config.out / "ab.safetensors", make_generator("resnet-6", width=4), small_card(palette=PALETTE))
    return run


def test_truth_stands_to_the_right_of_all_contenders(entry):
    other = replace(entry, contender="theirs")
    shown = columns([entry, other], "ab")
    assert [column.heading for column in shown] == ["source", "ours", "theirs", "truth"]
    assert all(column.frames.keys() == {"clip0", "clip1"} for column in shown)
    for clip in range(2):
        np.testing.assert_array_equal(list(shown[0].frames[f"clip{clip}"]()), pictures(clip))
        np.testing.assert_array_equal(list(shown[3].frames[f"clip{clip}"]()), label_maps(class_maps(clip)))


def test_a_contender_is_shown_with_its_first_seed(entry):
    shown = columns([entry, replace(entry, seed=1)], "ab")
    assert [column.heading for column in shown] == ["source", "ours", "truth"]


@pytest.mark.parametrize("lacking", ["labels", "truth", "palette"])
def test_where_no_classes_are_known_there_is_no_truth_to_show(entry, lacking):
    measuring = entry.measuring
    if lacking == "labels":
        measuring = replace(measuring, evaluation=EvaluationConfig())
    elif lacking == "truth":
        measuring = replace(measuring, truth=None)
    else:
        save_translator(entry.config.out / "ab.safetensors", make_generator("resnet-6", width=4), small_card())
    shown = columns([replace(entry, measuring=measuring)], "ab")
    assert [column.heading for column in shown] == ["source", "ours"]


def test_sheet_and_film_show_every_column(entry, tmp_path):
    sheet = contact_sheet([entry], "ab")
    panel_height = round(HEIGHT * 256 / WIDTH / 2) * 2
    assert sheet.shape[1] == 3 * 256 + 2 * 4 + 2 * 8
    assert sheet.shape[0] > 2 * panel_height
    assert film([entry], "ab", tmp_path / "film.mp4") == ["source", "ours", "truth"]
    frames = [frame.image for frame in read_video(tmp_path / "film.mp4")]
    assert len(frames) == LENGTH
    assert frames[0].shape == (panel_height, 3 * 256, 3)
