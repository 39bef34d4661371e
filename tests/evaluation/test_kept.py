"""Frames are decoded once as far as there is room, and are the same either way."""

from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from recyclegan.data import index
from recyclegan.data.index import Clip
from recyclegan.evaluation import evaluate, memory
from recyclegan.evaluation.memory import Store
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.video import read_image, read_video, write_video
from tests.evaluation.world import pictures, write_clip, write_world

FRAME = pictures(0)[0].nbytes


@pytest.fixture
def decoded(monkeypatch):
    """Count how often each file is decoded."""
    counts = Counter()

    def count(read):
        return lambda path, *more: counts.update([Path(path).name]) or read(path, *more)

    for module in (index, memory):
        monkeypatch.setattr(module, "read_image", count(read_image))
    monkeypatch.setattr(index, "read_video", count(read_video))
    return counts


def frames_of(clip):
    return np.stack(list(clip.images()))


def make(tmp_path, kind):
    if kind == "frames":
        folder = write_clip(tmp_path / "clip", pictures(0))
        return Clip("clip", "frames", tuple(sorted(folder.iterdir())))
    write_video(tmp_path / "clip.mkv", pictures(0), 10, codec="ffv1")
    return Clip("clip", "video", (tmp_path / "clip.mkv",))


@pytest.mark.parametrize("kind", ["frames", "video"])
@pytest.mark.parametrize("room", [100 * FRAME, 3 * FRAME, 0])
def test_frames_are_the_same_and_room_is_never_exceeded(tmp_path, decoded, kind, room):
    clip, store = make(tmp_path, kind), Store(room)
    held = memory.kept(clip, store)
    for _ in range(3):
        np.testing.assert_array_equal(frames_of(held), frames_of(clip))
        list(islice(held.images(), 2))
        taken = [*store.images.values(), *(image for video in store.videos.values() for image in video)]
        assert sum(image.nbytes for image in taken) == room - store.room
        assert store.room >= 0
    assert (held.num_frames, held.size) == (clip.num_frames, clip.size)


def test_two_videos_at_once_share_the_room(tmp_path):
    write_video(tmp_path / "a.mkv", pictures(0), 10, codec="ffv1")
    write_video(tmp_path / "b.mkv", pictures(1), 10, codec="ffv1")
    store = Store(10 * FRAME)
    clips = [memory.kept(Clip(name, "video", (tmp_path / f"{name}.mkv",)), store) for name in "ab"]
    for left, right in zip(*(clip.images() for clip in clips), strict=True):
        assert left.shape == right.shape
    assert store.room in {2 * FRAME, 10 * FRAME}
    assert len(store.videos) == (store.room == 2 * FRAME)


def test_an_evaluation_decodes_each_frame_once_and_gives_the_same_numbers(tmp_path, decoded, monkeypatch):
    root = write_world(tmp_path / "world")
    arguments = {"target": root / "source", "truth": root / "truth"}
    config = EvaluationConfig(labels="viper", num_draws=20)
    many = evaluate(root / "labels", root / "source", tmp_path / "once", config=config, **arguments)
    once = decoded.total()
    decoded.clear()
    monkeypatch.setattr("recyclegan.evaluation.evaluating.Store", lambda: Store(0))
    again = evaluate(root / "labels", root / "source", tmp_path / "many", config=config, **arguments)
    assert many.to_json() == again.to_json()
    # 16 frames of source, of labels and of the target, and the first of two clips each for their size
    assert once <= 3 * 16 + 4
    assert decoded.total() > 2 * once
