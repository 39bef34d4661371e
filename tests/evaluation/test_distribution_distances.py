"""Samples of footage: which frames they hold, and how sure their distances are."""

import numpy as np
import pytest
import torch

from recyclegan.data.index import Clip
from recyclegan.evaluation.clip_measures import as_frames
from recyclegan.evaluation.distribution_distances import distances, sample_footage
from recyclegan.metrics.intervals import Draws
from recyclegan.metrics.temporal import sharpness
from recyclegan.video import write_image, write_video
from tests.media import number_of, numbered

SIZE = (32, 48)


def only(samples):
    (sample,) = samples
    return sample


def frames_clip(folder, images):
    files = [folder / f"{index:03d}.png" for index in range(len(images))]
    for file, image in zip(files, images, strict=True):
        write_image(file, image)
    return Clip(folder.name, "frames", tuple(files))


def textured(seed, count=4):
    """Footage whose contrast differs from clip to clip."""
    rng = np.random.default_rng(seed)
    return list((128 + (60 + 8 * (seed % 7)) * (rng.random((count, *SIZE, 3)) - 0.5)).astype(np.uint8))


def clips(tmp_path, name, seeds):
    return [frames_clip(tmp_path / f"{name}{seed}", textured(seed)) for seed in seeds]


def numbers_seen(footage, num_frames):
    """Return the numbers of the frames that a sample looks at, by the brightness that is their feature."""
    shown = []
    sample_footage(
        footage, SIZE, (0,), lambda frames: shown.append(frames) or frames.mean(dim=(2, 3)), num_frames=num_frames
    )
    return [number_of(frames[0].permute(1, 2, 0).add(1).mul(127.5).numpy()) for frames in shown]


def test_frames_are_spread_evenly_over_clips_of_any_kind(tmp_path):
    """Frames 0 to 9 in a folder, 10 to 16 in a video, 17 to 24 in a folder."""
    first = frames_clip(tmp_path / "first", [numbered(i, *SIZE) for i in range(10)])
    write_video(tmp_path / "video.mkv", (numbered(i, *SIZE) for i in range(10, 17)), 15)
    third = frames_clip(tmp_path / "third", [numbered(i, *SIZE) for i in range(17, 25)])
    footage = [first, Clip("video", "video", (tmp_path / "video.mkv",)), third]
    assert numbers_seen(footage, 25) == list(range(25))
    assert numbers_seen(footage, 12) == [1, 4, 7, 10, 13, 16, 19, 22]
    assert numbers_seen(footage, 100) == list(range(25))


def test_clip_that_is_passed_over_does_not_count(tmp_path):
    long, short = frames_clip(tmp_path / "long", textured(0, 9)), frames_clip(tmp_path / "short", textured(1, 1))
    sample = only(sample_footage([short, long], SIZE, (0,), None, num_frames=3))
    assert sample.clip_of == [0, 0]
    assert (sample.num_clips, sample.num_frames) == (1, 2)


def test_many_frames_give_fewer_patches_each(tmp_path):
    footage = clips(tmp_path, "clip", range(2))
    assert len(only(sample_footage(footage, SIZE, (0,), None, num_frames=8)).patches[0]) == 8 * 64
    sample = only(sample_footage([footage[0]] * 60, SIZE, (0,), None, num_frames=240))
    assert len(sample.patches[0]) == 240 * 34


def test_sharpness_is_the_mean_over_clips(tmp_path):
    footage = clips(tmp_path, "clip", (1, 5))
    found = only(sample_footage(footage, SIZE, (0,), None, num_frames=8)).mean_sharpness(Draws(50))
    expected = [np.mean([sharpness(as_frames(image)).item() for image in clip.images()]) for clip in footage]
    assert found.value == pytest.approx(np.mean(expected))
    assert found.low == pytest.approx(min(expected))
    assert found.num_clips == 2


def features(frames):
    """Four numbers a frame: mean and deviation by halves."""
    halves = torch.stack([frames[..., :24], frames[..., 24:]], dim=1).flatten(2)
    return torch.cat([halves.mean(dim=2), halves.std(dim=2)], dim=1)


def test_every_distance_has_an_interval_around_it(tmp_path):
    ours = only(sample_footage(clips(tmp_path, "a", range(8)), SIZE, (0,), features, num_frames=40))
    target = only(sample_footage(clips(tmp_path, "b", range(20, 26)), SIZE, (1,), features, num_frames=40))
    found = distances(ours, target, Draws(60))
    assert set(found) == {"patches_fine", "patches_middle", "patches_coarse", "fid", "kid"}
    for name, interval in found.items():
        assert interval.low < interval.value < interval.high or interval.value == interval.low == 0, name
        assert len(interval.draws) == 60
        assert interval.num_clips == 8
    assert found == distances(ours, target, Draws(60))
    alone = only(sample_footage(clips(tmp_path, "c", [0]), SIZE, (0,), features, num_frames=40))
    assert all(np.isnan(interval.low) for interval in distances(alone, target, Draws(60)).values())


def test_intervals_are_narrower_for_more_clips_and_for_the_same_ones(tmp_path):
    few, many = (
        only(sample_footage(clips(tmp_path, f"n{count}-", range(count)), SIZE, (0,), None, num_frames=200))
        for count in (4, 28)
    )
    target = only(sample_footage(clips(tmp_path, "t", range(28)), SIZE, (1,), None, num_frames=200))
    again = only(sample_footage(clips(tmp_path, "u", range(28)), SIZE, (2,), None, num_frames=200))

    def width(sample, **options):
        found = distances(sample, target, Draws(60), **options)["patches_fine"]
        return found.high - found.low

    assert width(many) < 0.7 * width(few)
    assert width(again, alike=True) < width(again)


def test_samples_of_several_seeds_are_those_of_each_alone(tmp_path):
    footage = clips(tmp_path, "clip", range(3))
    both = sample_footage(footage, SIZE, (3, 4), features, num_frames=6)
    alone = [only(sample_footage(footage, SIZE, (seed,), features, num_frames=6)) for seed in (3, 4)]
    for one, two in zip(both, alone, strict=True):
        assert all(torch.equal(*bands) for bands in zip(one.patches, two.patches, strict=True))
        assert (one.clip_of, one.sharpness) == (two.clip_of, two.sharpness)
    assert torch.equal(both[0].features, alone[0].features)
    assert both[1].features is None
