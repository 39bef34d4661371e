"""What is chosen to be shown, and how."""

import io

import av
import numpy as np

from recyclegan.evaluation.clip_measures import FlowSource, joined, measure_part
from recyclegan.evaluation.examples import example_of, heat_colours, worst_frames
from recyclegan.evaluation.frame_spans import in_parts
from recyclegan.evaluation.paired_clips import pair_clips
from tests.evaluation.world import HEIGHT, WIDTH, class_maps, pictures, write_clip, write_truth

NAN = float("nan")


def test_worst_frames_are_apart_and_in_order():
    flicker = [NAN, *np.zeros(15).tolist()]
    flicker[3], flicker[4], flicker[5], flicker[11] = 0.5, 0.9, 0.8, 0.7
    assert worst_frames(flicker, 2) == [4, 11]
    assert worst_frames([NAN, NAN], 2) == []
    assert worst_frames([], 2) == []


def test_heat_runs_from_dark_to_bright_and_saturates():
    ramp = heat_colours(np.linspace(0, 0.1, 50, dtype=np.float32)[None])[0].astype(int)
    luma = ramp @ [0.3, 0.59, 0.11]
    assert (np.diff(luma) > 0).all()
    np.testing.assert_array_equal(heat_colours(np.array([[0.5]], np.float32))[0, 0], ramp[-1])


def test_exhibit_shows_the_worst_moment(tmp_path):
    length = 14
    images = pictures(0, length)
    jolted = images.copy()
    jolted[9] = 255 - jolted[9]
    write_clip(tmp_path / "source" / "clip", images)
    write_clip(tmp_path / "fake" / "clip", jolted)
    write_truth(tmp_path / "truth" / "clip.npz", class_maps(0, length))
    clip = pair_clips(tmp_path / "fake", tmp_path / "source", tmp_path / "truth")[0]
    flow_source = FlowSource("exact", None)
    (whole,) = in_parts(clip.runs(), 1)
    measures = joined(clip, clip.runs(), [measure_part(clip, whole, flow_source, None, lambda: None)])
    shown = example_of(clip, measures, flow_source, num_frames=6, num_worst=1)
    assert shown.worst[0].index in (9, 10)
    assert shown.first <= 9 <= shown.last
    np.testing.assert_array_equal(shown.worst[0].current, jolted[shown.worst[0].index])
    np.testing.assert_array_equal(shown.before, images[(shown.first + shown.last) // 2])
    with av.open(io.BytesIO(shown.film)) as film:
        stream = film.streams.video[0]
        assert (stream.width, stream.height, stream.codec_context.name) == (3 * WIDTH, HEIGHT, "h264")
        assert sum(1 for _ in film.decode(video=0)) == 6
