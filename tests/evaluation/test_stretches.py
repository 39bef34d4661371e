"""Which frames are measured: few enough, evenly spread, in runs; and every one of them exactly once, however cut."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.evaluation.frame_spans import RUN_LENGTH, frames_in, in_parts, num_pairs, runs_of

lengths, mosts = st.integers(1, 3000), st.integers(2, 400)


@given(num_frames=lengths, most=mosts)
@settings(deadline=None)
def test_long_clips_are_measured_in_runs_that_are_evenly_spread(num_frames, most):
    runs = runs_of(num_frames, most)
    frames = frames_in(runs)
    assert len(set(frames)) == len(frames) <= most
    assert list(frames) == sorted(frames)
    if num_frames <= most:
        assert frames == tuple(range(num_frames))
        return
    assert frames[0] >= 0
    assert frames[-1] < num_frames
    assert len(frames) > most - RUN_LENGTH
    gaps = [after.start - before.stop for before, after in pairwise(runs)]
    assert all(gap > 0 for gap in gaps)
    assert abs(frames[0] - (num_frames - 1 - frames[-1])) <= 1
    assert num_pairs(runs) >= len(frames) - most // min(most, RUN_LENGTH)


@given(num_frames=lengths)
def test_all_frames_are_measured_where_no_limit_is_set(num_frames):
    assert runs_of(num_frames, None) == (range(num_frames),)


@given(num_frames=lengths, most=st.none() | mosts, count=st.integers(1, 40))
@settings(deadline=None)
def test_parts_hold_every_frame_once_and_know_their_neighbours(num_frames, most, count):
    runs = runs_of(num_frames, most)
    parts = in_parts(runs, count)
    assert len(parts) <= count
    assert tuple(frame for part in parts for frame in part.frames) == frames_in(runs)
    assert [part.is_last for part in parts] == [False] * (len(parts) - 1) + [True]
    pairs = {(run[i], run[i + 1]) for run in runs for i in range(len(run) - 1)}
    found = [pair for part in parts for pair in pairwise(part.looked_at)]
    assert {(a, b) for a, b in found if b == a + 1} == pairs
