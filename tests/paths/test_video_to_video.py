"""From video files to a video file: prepared as users have them, trained, translated, all kept but the look."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from recyclegan.cli import main
from recyclegan.video import VideoWriter, probe, read_video
from tests.media import bars, make_video, sound_packets, times_of
from tests.small import SMALL_OPTIONS, picture

VARYING = [0, 7, 20, 21, 50, 80, 81, 95]
"""Ticks of a thirtieth of a second at which frames come."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run that was trained on videos of two domains that differ in number, size and rate."""
    root = tmp_path_factory.mktemp("path")
    for split in ("train", "val"):
        for domain, (clips, size) in {"A": (1, (48, 64)), "B": (2, (40, 60))}.items():
            (root / "data" / split / domain).mkdir(parents=True)
            for clip in range(clips):
                images = [picture(10 * clip + n, *size) if domain == "A" else bars(*size, n) for n in range(4)]
                make_video(root / "data" / split / domain / f"{split}{clip}.mp4", images, sound="aac")
    words = ["train", "unsup-recycle-gan", "--data", str(root / "data"), "--out", str(root / "run"), *SMALL_OPTIONS]
    assert main(words) == 0
    return root / "run"


def translated(run: Path, source: Path, target: Path, *options: str) -> Path:
    assert main(["translate", str(run), str(source), str(target), "--device", "cpu", *options]) == 0
    return target


def test_frames_size_rate_times_and_sound_are_kept(run: Path, tmp_path: Path) -> None:
    source = make_video(tmp_path / "in.mp4", [picture(n, 48, 64) for n in range(12)], sound="aac")
    target = translated(run, source, tmp_path / "out.mp4")
    before, after = probe(source), probe(target)
    assert (after.width, after.height, after.rate, after.num_frames) == (64, 48, before.rate, 12)
    assert after.has_audio
    assert times_of(target) == times_of(source)
    sound, kept = sound_packets(source), sound_packets(target)
    assert [packet for _, packet in kept] == [packet for _, packet in sound]
    for (early, _), (late, _) in zip(kept, sound, strict=True):
        assert abs(early - late) <= Fraction(1, 1000)


def test_varying_times_are_kept(run: Path, tmp_path: Path) -> None:
    ticks = [512 * tick for tick in VARYING]
    source = make_video(tmp_path / "in.mp4", [picture(n, 48, 64) for n in range(8)], ticks=ticks)
    target = translated(run, source, tmp_path / "out.mp4")
    assert times_of(target) == times_of(source)
    assert np.diff(times_of(target)).tolist() == [Fraction(b - a, 30) for a, b in pairwise(VARYING)]


@pytest.mark.parametrize(("width", "height"), [(61, 45), (64, 45), (33, 90)])
def test_odd_sizes_are_kept(run: Path, tmp_path: Path, width: int, height: int) -> None:
    with VideoWriter(tmp_path / "in.mkv", width, height, rate=Fraction(24), codec="ffv1") as writer:
        for number in range(3):
            writer.write(picture(number, height, width))
    target = translated(run, tmp_path / "in.mkv", tmp_path / "out.mp4")
    assert [frame.image.shape for frame in read_video(target)] == [(height, width, 3)] * 3


def test_the_translation_is_that_of_the_run_and_not_the_source(run: Path, tmp_path: Path) -> None:
    source = make_video(tmp_path / "in.mp4", [picture(n, 48, 64) for n in range(4)])
    directions = {
        direction: translated(run, source, tmp_path / f"{direction}.mp4", "--direction", direction)
        for direction in ("ab", "ba")
    }
    default = translated(run, source, tmp_path / "out.mp4")
    frames = {
        name: np.stack([f.image for f in read_video(path)]) for name, path in {**directions, "in": source}.items()
    }
    assert np.abs(frames["in"].astype(int) - frames["ab"]).mean() > 5
    assert not np.array_equal(frames["ab"], frames["ba"])
    assert default.read_bytes() == directions["ab"].read_bytes()


def test_many_videos_at_once_and_side_by_side(run: Path, tmp_path: Path) -> None:
    for name in ("one.mp4", "deep/two.mov"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        make_video(tmp_path / "in" / name, [picture(n, 48, 64) for n in range(3)], sound="aac")
    translated(run, tmp_path / "in", tmp_path / "out", "--side-by-side")
    for name in ("one.mp4", "deep/two.mov"):
        info = probe(tmp_path / "out" / name)
        assert (info.width, info.height, info.num_frames, info.has_audio) == (128, 48, 3, True)
        shown = next(read_video(tmp_path / "out" / name)).image
        source = next(read_video(tmp_path / "in" / name)).image
        assert np.abs(shown[:, :64].astype(int) - source).mean() < 4


def test_a_quarter_turned_video_is_translated_upright(run: Path, tmp_path: Path) -> None:
    source = make_video(tmp_path / "in.mp4", [picture(n, 48, 64) for n in range(3)], quarter_turns=1)
    target = translated(run, source, tmp_path / "out.mp4")
    assert [frame.image.shape for frame in read_video(target)] == [(64, 48, 3)] * 3
