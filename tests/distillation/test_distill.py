"""A student learns from a translator, goes on with the same bits, and says in its card how far from it it is."""

import math
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

from recyclegan.checkpoint import load_card
from recyclegan.cli import main
from recyclegan.data import find_clips
from recyclegan.distillation import Distilled, News, learn_from, open_teacher, resume_distilling
from recyclegan.errors import InputError
from recyclegan.training.extra_frames import TEACHER
from recyclegan.translation import Translator
from tests.distillation.small_students import save_teacher, small_student
from tests.small import PALETTE, label_map, make_data, make_frames, picture


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("footage"))


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_teacher(tmp_path_factory.mktemp("teacher") / "ab.safetensors")


@pytest.fixture(scope="module")
def student(data: Path, teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Distilled]:
    out, opened = tmp_path_factory.mktemp("runs") / "student", open_teacher(teacher, device="cpu")
    return out, learn_from(opened, small_student(opened, data, out))


def interrupted(done: int, total: int, losses: dict[str, float]) -> None:
    if done == 1:
        signal.raise_signal(signal.SIGINT)


def test_a_student_is_a_translator_of_its_own_kind(student: tuple[Path, Distilled]) -> None:
    translator = Translator.from_pretrained(student[0], device="cpu")
    assert (translator.card.method, translator.card.generator, translator.card.width) == ("distill", "light-unet", 4)
    assert translator.translate_images(picture(1)[None]).shape == (1, 36, 54, 3)


def test_the_card_states_the_distance_to_the_teacher_and_the_warping_error_of_both(
    student: tuple[Path, Distilled],
) -> None:
    metrics = load_card(student[0] / "ab.safetensors").metrics
    assert {"teacher_psnr", "warping_error", "teacher_warping_error", "sharpness", "teacher_sharpness"} <= set(metrics)
    assert all(map(math.isfinite, metrics.values()))
    likeness = student[1].likeness
    assert likeness is not None
    assert likeness.lines()[-1].startswith("warping error: teacher ")


def test_what_the_student_learns_from_is_what_the_teacher_makes_of_the_frames(
    student: tuple[Path, Distilled], data: Path, teacher: Path
) -> None:
    (source,), (made,) = find_clips(data / "train" / "A"), find_clips(student[0] / "pairs" / "train" / TEACHER)
    translator = Translator.from_pretrained(teacher, device="cpu")
    for image, found in zip(source.images(), made.images(), strict=True):
        size = translator.card.scale.whole.size(*image.shape[:2])
        alone = translator.translate_images(image[None], size)[0]
        assert np.abs(alone.astype(int) - found).max() <= 1, "frames are made in batches, which may round otherwise"


def test_going_on_gives_the_same_bits_and_needs_no_teacher(data: Path, tmp_path: Path) -> None:
    place, out = save_teacher(tmp_path / "ab.safetensors"), tmp_path / "student"
    opened = open_teacher(place, device="cpu")
    stopped = learn_from(opened, small_student(opened, data, out), news=News(report=interrupted))
    assert (stopped.outcome.steps, stopped.likeness) == (2, None)
    whole = tmp_path / "whole"
    learn_from(opened, small_student(opened, data, whole))
    place.unlink()
    resume_distilling(out)
    assert (out / "ab.safetensors").read_bytes() == (whole / "ab.safetensors").read_bytes()


def test_without_footage_of_the_target_no_adversary_is_trained(teacher: Path, tmp_path: Path) -> None:
    make_frames(tmp_path / "clips" / "drive")
    opened = open_teacher(teacher, device="cpu")
    out = tmp_path / "student"
    learn_from(opened, small_student(opened, tmp_path / "clips", out))
    stats = (out / "stats.jsonl").read_text()
    assert "ab/imitation" in stats
    assert "ab/adversarial" not in stats


def test_label_maps_stay_label_maps(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", make_b=label_map)
    place = save_teacher(tmp_path / "ab.safetensors", palette=PALETTE, generator="classes-6")
    opened = open_teacher(place, device="cpu")
    distilled = learn_from(opened, small_student(opened, data, tmp_path / "student"))
    assert distilled.likeness is not None
    assert 0 <= distilled.likeness.shared["class_agreement"] <= 1
    translated = Translator.from_pretrained(tmp_path / "student", device="cpu").translate_images(picture(1)[None])
    assert {tuple(colour) for colour in translated.reshape(-1, 3).tolist()} <= set(PALETTE)


def test_the_other_direction_translates_b(data: Path, tmp_path: Path) -> None:
    place = save_teacher(tmp_path / "ba.safetensors", direction="ba")
    opened = open_teacher(place, device="cpu")
    learn_from(opened, small_student(opened, data, tmp_path / "student", steps=1))
    assert [clip.name for clip in find_clips(tmp_path / "student" / "pairs" / "train" / "A")] == ["walk"]


def test_a_folder_begun_with_another_teacher_is_refused(data: Path, teacher: Path, tmp_path: Path) -> None:
    out = tmp_path / "student"
    opened = open_teacher(teacher, device="cpu")
    learn_from(opened, small_student(opened, data, out, steps=1))
    with pytest.raises(InputError, match="holds a run already"):
        learn_from(opened, small_student(opened, data, out))
    (out / "config.json").unlink()
    shutil.rmtree(out / "step-00000001")
    other = open_teacher(save_teacher(tmp_path / "other.safetensors"), device="cpu")
    with pytest.raises(InputError, match="was begun with another teacher"):
        learn_from(other, small_student(other, data, out))


def test_the_command_says_what_came_out_and_goes_on(
    data: Path, teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "student"
    quick = ["--steps", "1", "--width", "4", "--batch-size", "1", "--device", "cpu"]
    assert main(["distill", str(teacher), "--data", str(data), "--out", str(out), *quick]) == 0
    told = capsys.readouterr().out
    assert "student: light-unet of width 4" in told
    assert "warping error: teacher" in told
    assert f"recyclegan translate {out}" in told
    assert main(["distill", "--out", str(out), "--resume", "--steps", "2"]) == 0
    assert "trained 2 steps" in capsys.readouterr().out


def test_what_cannot_be_gone_on_with_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run of distill"):
        resume_distilling(tmp_path)
    (tmp_path / "distill.json").write_text("{}")
    with pytest.raises(InputError, match="give the first command again without --resume"):
        resume_distilling(tmp_path)
