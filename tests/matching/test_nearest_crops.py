"""Crops of one layout from both domains: pairs are mutual, draws are balanced, and all follows from the position."""

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.data import Crop, DomainFrames, UnpairedClips
from recyclegan.data.staging import Staging, keep
from recyclegan.domains import DOMAINS
from recyclegan.matching import NearestCrops, SameBand, match_crops, matching, mutual_neighbours
from recyclegan.matching.candidates import MOST_CROPS, candidates_of
from recyclegan.matching.layouts import Layouts, known_layouts, simple_map
from recyclegan.matching.nearest_crops import Pairs, distances
from recyclegan.settings.frames import DataConfig, Match
from tests.two_looks import scenes

SIMPLE = Layouts("simple", simple_map)
HALF = Crop("rectangle", 16, 24)


@pytest.fixture
def _without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "known_layouts", lambda: SIMPLE)


@cache
def two_looks(count: int = 12) -> dict[str, DomainFrames]:
    found = {}
    for domain in DOMAINS:
        frames = np.stack([frame for frame, _ in scenes(domain, count, 1)])
        found[domain] = DomainFrames(("one", "two"), (frames[: count // 3], frames[count // 3 :]))
    return found


def sampler(match: Match, crop: Crop = HALF, clip_length: int = 1, seed: int = 0, **changes: Any) -> UnpairedClips:
    frames = two_looks()
    clips = UnpairedClips(frames["a"], frames["b"], clip_length, crop, flip=True, batch_size=2, seed=seed, **changes)
    match_crops(clips, clips.frames, DataConfig(match=match, neighbours=4), clip_length, crop, seed, cache=None)
    return clips


def layouts(seed: int, count: int, numbers: int = 5) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(-9, 10, (count, numbers)).astype(np.int8))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), a=st.integers(1, 40), b=st.integers(1, 40), neighbours=st.integers(1, 9))
def test_pairs_are_near_each_other_both_ways_and_no_crop_has_many(seed: int, a: int, b: int, neighbours: int) -> None:
    ours, theirs = layouts(seed, a), layouts(seed + 1000, b)
    pairs, apart = mutual_neighbours(ours, theirs, neighbours), distances(ours.double(), theirs.double())
    assert any(len(partners) for partners in pairs.a), "the nearest two of all are a pair"
    for one, partners in enumerate(pairs.a):
        for other in partners:
            assert one in pairs.b[other]
            assert int((apart[one] < apart[one, other]).sum()) < neighbours
            assert int((apart[:, other] < apart[one, other]).sum()) < neighbours
    assert max(len(partners) for domain in DOMAINS for partners in pairs.partners(domain)) <= neighbours


def test_distances_are_exact_and_equally_near_crops_come_in_their_order() -> None:
    same = torch.full((5, 2688), 127, dtype=torch.int8)
    assert float(distances(same.double(), -same.double())[0, 0]) == 2688 * 254**2
    assert [list(partners) for partners in mutual_neighbours(same, same, 2).a] == [[0, 1], [0, 1], [], [], []]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 99), epoch=st.integers(0, 5))
def test_each_matched_crop_has_its_turn_once_an_epoch_and_none_is_drawn_far_too_often(seed: int, epoch: int) -> None:
    pairs = mutual_neighbours(layouts(seed, 60), layouts(seed + 1000, 30), 4)
    drawing = NearestCrops({"a": [], "b": []}, pairs, 1, seed)
    for side, domain in enumerate(DOMAINS):
        matched = pairs.matched(domain)
        turns = range(epoch * len(matched), (epoch + 1) * len(matched))
        drawn = [drawing.numbers(2 * turn + side, np.random.default_rng(turn)) for turn in turns]
        assert Counter(numbers[domain] for numbers in drawn) == Counter(matched.tolist())
        other = DOMAINS[1 - side]
        partners = Counter(numbers[other] for numbers in drawn)
        assert max(partners.values()) <= 4
        assert all(numbers["b"] in pairs.a[numbers["a"]] for numbers in drawn)


@pytest.mark.usefixtures("_without_weights")
def test_a_matched_batch_depends_on_seed_and_step_alone_and_on_nothing_before() -> None:
    clips, again, other = sampler("nearest"), sampler("nearest"), sampler("nearest", seed=1)
    for step in (7, 0, 3, 400):
        again.batch(step + 1)
        for domain, batch in clips.batch(step).items():
            assert torch.equal(batch, again.batch(step)[domain])
    assert any(clips.cuts(step) != other.cuts(step) for step in range(4))


@pytest.mark.usefixtures("_without_weights")
@pytest.mark.parametrize("match", ["bands", "nearest"])
def test_ranks_deal_out_the_batch_of_one_process(match: Match) -> None:
    alone, ranks = sampler(match), [sampler(match, rank=rank, world_size=2) for rank in (0, 1)]
    for step in range(3):
        dealt = [rank.cuts(step)["b"] for rank in ranks]
        assert [*dealt[0], *dealt[1]] == [*alone.cuts(2 * step)["b"], *alone.cuts(2 * step + 1)["b"]]


@pytest.mark.usefixtures("_without_weights")
@pytest.mark.parametrize("match", ["bands", "nearest"])
@pytest.mark.parametrize("clip_length", [1, 3])
def test_frames_kept_on_a_device_give_the_same_windows(match: Match, clip_length: int) -> None:
    clips, cpu = sampler(match, clip_length=clip_length), torch.device("cpu")
    kept, copied = Staging(clips, cpu, keep(clips, cpu)), Staging(clips, cpu)
    for step in range(6):
        for domain, wanted in clips.batch(step).items():
            assert wanted.shape == (2, clip_length, 3, 16, 24)
            assert torch.equal(kept.stage(step).take()[domain], wanted)
            assert torch.equal(copied.stage(step).take()[domain], wanted)


@pytest.mark.usefixtures("_without_weights")
def test_both_crops_of_a_pair_are_mirrored_or_none() -> None:
    cuts = [sampler("nearest").cuts(step) for step in range(20)]
    flips = [[cut.flips for cut in step["a"]] for step in cuts]
    assert flips == [[cut.flips for cut in step["b"]] for step in cuts]
    assert len({flip for step in flips for flip in step}) == 2


def test_without_matching_windows_are_drawn_as_ever() -> None:
    frames = two_looks()
    plain = UnpairedClips(frames["a"], frames["b"], 1, HALF, flip=True, batch_size=2)
    clips = sampler("none")
    assert clips.matching is None
    assert all(clips.cuts(step) == plain.cuts(step) for step in range(20))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), height=st.integers(16, 60), step=st.integers(0, 99))
def test_bands_move_the_crop_of_b_to_the_height_of_that_of_a_and_nothing_else(
    seed: int, height: int, step: int
) -> None:
    frames = two_looks()
    taller = DomainFrames(("tall",), (np.zeros((5, height, 48, 3), np.uint8),))
    clips = UnpairedClips(frames["a"], taller, 1, HALF, flip=True, seed=seed)
    plain = clips.cuts(step)
    clips.matching = SameBand(clips.frames)
    found = clips.cuts(step)
    assert found["a"] == plain["a"]
    (b,), (before,), (a,) = found["b"], plain["b"], found["a"]
    assert (b.clip, b.frames, b.columns, b.flips) == (before.clip, before.frames, before.columns, before.flips)
    assert b.rows.stop - b.rows.start == 16
    assert abs(b.rows.start - a.rows.start / 16 * (height - 16)) <= 0.5


def test_the_crops_that_may_be_matched_are_spread_over_all_clips_and_stay_inside() -> None:
    clips = tuple(np.broadcast_to(np.uint8(0), (length, 40, 60, 3)) for length in (3, 9000, 700))
    frames = DomainFrames(("x", "y", "z"), clips)
    found = candidates_of(frames, 3, Crop("rectangle", 32, 48))
    assert found == candidates_of(frames, 3, Crop("rectangle", 32, 48))
    assert len(found) <= MOST_CROPS + 16
    assert {one.clip for one in found} == {0, 1, 2}
    for one in found:
        assert one.start - one.reach >= 0
        assert one.start + one.reach + 3 <= len(clips[one.clip])
    assert len({one.rows.start for one in found}) == 9
    whole = candidates_of(DomainFrames(("x",), clips[:1]), 1, Crop("none"))
    assert len(whole) == 3, "a frame that is cut nowhere is one crop"


def agreement(clips: UnpairedClips, classes: dict[str, list[np.ndarray]], steps: int) -> float:
    """Return the share of pixels of the crops beside each other that show one class."""
    same = []
    for step in range(steps):
        shown = {
            domain: np.concatenate([cut.of(classes[domain][cut.clip][..., None]) for cut in cuts])
            for domain, cuts in clips.cuts(step).items()
        }
        same.append((shown["a"] == shown["b"]).mean())
    return float(np.mean(same))


def classes_of(count: int = 12) -> dict[str, list[np.ndarray]]:
    found = {
        domain: np.stack([classes for _, classes in scenes(domain, count, 1)]).astype(np.uint8) for domain in DOMAINS
    }
    return {domain: [one[: count // 3], one[count // 3 :]] for domain, one in found.items()}


@pytest.mark.parametrize("deep", [False, True])
def test_crops_beside_each_other_show_the_same_more_often_than_by_chance(
    deep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if deep and known_layouts().map is simple_map:
        pytest.skip("needs the weights of the extra features")
    if not deep:
        monkeypatch.setattr(matching, "known_layouts", lambda: SIMPLE)
    classes = classes_of()
    chance, found = (agreement(sampler(match), classes, 40) for match in ("none", "nearest"))
    assert found > chance + 0.1


def test_pairs_know_what_has_no_counterpart() -> None:
    pairs = Pairs([np.array([0]), np.array([], int)], [np.array([0]), np.array([], int), np.array([], int)])
    assert (pairs.share("a"), round(pairs.share("b"), 2)) == (0.5, 0.33)
    words = NearestCrops({"a": [], "b": []}, pairs, 1, 0).in_words
    assert "50% of those of A and 33% of those of B" in words
