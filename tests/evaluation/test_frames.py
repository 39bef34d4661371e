"""Which frames of a source a translated clip holds, told by their names where it lacks the first."""

import numpy as np
import pytest

from recyclegan.data.index import Clip
from recyclegan.errors import InputError
from recyclegan.evaluation import evaluate
from recyclegan.evaluation.frame_spans import span_of
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.video import write_image, write_video
from tests.evaluation.world import class_maps, label_maps, pictures, write_clip, write_truth

CONFIG = EvaluationConfig(num_shown=1, num_draws=10)


def clip(tmp_path, *names):
    return Clip("drive", "frames", tuple(tmp_path / name for name in names))


def numbered(tmp_path, numbers, pattern="{:05d}.png"):
    return clip(tmp_path, *(pattern.format(number) for number in numbers))


@pytest.mark.parametrize("pattern", ["{:05d}.png", "frame_{}.jpg", "{:03d}_fake_B.png", "t{}.0_x.png"])
def test_the_first_frames_may_be_missing_where_numbers_tell_so(tmp_path, pattern):
    source = numbered(tmp_path, range(8))
    if "{}.0" in pattern:
        source = numbered(tmp_path, range(8), pattern.replace("_x", ""))
        pattern = pattern.replace("_x", "")
    span = span_of(numbered(tmp_path / "out", range(2, 8), pattern), source)
    assert span.source.files == source.files[2:]
    assert span.first == 2
    assert "number 3 of its source; the 2 before it were left out" in span.note


def test_whole_clips_belong_together_in_order_and_other_numbers_are_told(tmp_path):
    source = numbered(tmp_path, range(4))
    assert span_of(numbered(tmp_path, range(4), "x{}.png"), source).note == ""
    span = span_of(numbered(tmp_path, range(1, 5)), source)
    assert (span.first, span.source) == (0, source)
    assert "begins with frame 1, its source with 0" in span.note


@pytest.mark.parametrize("numbers", [range(6), (0, 2, 4), (2, 3, 5, 6, 7), (6, 7, 8), (2, 2, 3)])
def test_other_gaps_are_refused_with_what_to_do(tmp_path, numbers):
    files = tuple(tmp_path / str(place) / f"{number:05d}.png" for place, number in enumerate(numbers))
    with pytest.raises(InputError, match=r"its source has 8.* translate the whole clip again, or") as messages:
        span_of(Clip("drive", "frames", files), numbered(tmp_path, range(8)))
    assert "\n" not in str(messages.value)


def test_names_without_numbers_tell_by_themselves_and_videos_tell_nothing(tmp_path):
    source = clip(tmp_path, "a.png", "b.png", "c.png")
    assert span_of(clip(tmp_path / "out", "b.jpg", "c.jpg"), source).first == 1
    with pytest.raises(InputError, match="cut the source to the same frames"):
        span_of(clip(tmp_path / "out", "x.png", "y.png"), source)
    write_video(tmp_path / "short.mkv", pictures(0)[:5], 10)
    with pytest.raises(InputError, match="5 frames, its source has 3"):
        span_of(Clip("drive", "video", (tmp_path / "short.mkv",)), source)


@pytest.mark.parametrize("kind", ["arrays", "maps"])
def test_numbers_are_those_of_the_source_without_its_first_frames(tmp_path, kind):
    """A late output against the whole source and its truth gives what both give when cut by hand."""
    images, classes = pictures(0), class_maps(0)
    rng = np.random.default_rng(0)
    fake = label_maps(np.where(rng.random(classes.shape) < 0.2, 20, classes).astype(np.uint8))
    write_clip(tmp_path / "source" / "c", images)
    (tmp_path / "late" / "c").mkdir(parents=True)
    for number in range(3, 8):
        write_image(tmp_path / "late" / "c" / f"{number:03d}.png", fake[number])
    write_clip(tmp_path / "cut" / "c", images[3:])
    if kind == "arrays":
        write_truth(tmp_path / "truth" / "c.npz", classes)
        write_truth(tmp_path / "cut_truth" / "c.npz", classes[3:])
    else:
        write_clip(tmp_path / "truth" / "c", label_maps(classes))
        write_clip(tmp_path / "cut_truth" / "c", label_maps(classes[3:]))
    config = EvaluationConfig(num_shown=0, num_draws=10, labels="viper")
    late = evaluate(tmp_path / "late", tmp_path / "source", tmp_path / "a", truth=tmp_path / "truth", config=config)
    cut = evaluate(tmp_path / "late", tmp_path / "cut", tmp_path / "b", truth=tmp_path / "cut_truth", config=config)
    values = [{name: result.translated.value for name, result in found.results.items()} for found in (late, cut)]
    assert values[0] == values[1]
    assert any("the 3 before it were left out" in note for note in late.notes)
    assert "the 3 before it were left out" in (tmp_path / "a" / "report.html").read_text()
