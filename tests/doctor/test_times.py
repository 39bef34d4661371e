from fractions import Fraction
from pathlib import Path

import pytest

from recyclegan.doctor import clip_checks
from tests.doctor.world import film, only, scene, survey_of, write_frames
from tests.media import make_video


def world(root: Path, a: tuple[float, ...], b: tuple[float, ...]) -> Path:
    for seed, (domain, rates) in enumerate((("A", a), ("B", b))):
        for number, rate in enumerate(rates):
            film(root / "train" / domain / f"clip-{number}.mp4", scene(10 * seed + number), rate)
    return root


def test_rates_that_fit_together(tmp_path: Path) -> None:
    scan = survey_of(world(tmp_path, (24, 25, 30), (30, 30)))
    assert not list(clip_checks.different_rates(scan))
    assert not list(clip_checks.varying_rates(scan))


def test_rates_far_apart_within_a_domain(tmp_path: Path) -> None:
    messages = ("train/A", "15 (train/A/clip-1.mp4)", "30 (train/A/clip-0.mp4)")
    only(clip_checks.different_rates(survey_of(world(tmp_path, (30, 15, 30), (30,)))), "warning", *messages)


def test_rates_far_apart_between_the_domains(tmp_path: Path) -> None:
    messages = ("train/A has 60 frames a second and train/B 24", "2.5 times as far", "in train/B")
    only(clip_checks.different_rates(survey_of(world(tmp_path, (60, 60), (24,)))), "warning", *messages)


def test_folders_of_frames_have_no_rate(tmp_path: Path) -> None:
    world(tmp_path, (60,), ())
    write_frames(tmp_path / "train" / "B" / "clip", scene(5))
    assert not list(clip_checks.different_rates(survey_of(tmp_path)))


@pytest.mark.parametrize(("gaps", "found"), [((512, 512, 512, 1536), True), ((510, 514, 512, 513), False)])
def test_frames_at_uneven_times(tmp_path: Path, gaps: tuple[int, ...], found: bool) -> None:
    world(tmp_path, (30,), (30,))
    ticks = [sum((gaps * 5)[:number]) for number in range(20)]
    make_video(tmp_path / "train" / "B" / "phone.mp4", scene(6, 20), ticks, Fraction(1, 15360))
    findings = list(clip_checks.varying_rates(survey_of(tmp_path)))
    if found:
        only(findings, "warning", "1 video", "train/B/phone.mp4", "21%")
    else:
        assert not findings
