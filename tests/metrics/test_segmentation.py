"""Segmentation scores, class flips and the colour baseline against cases whose answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.errors import InputError
from recyclegan.metrics.segmentation import ColourLookup, class_flips, confusion_matrix, segmentation_scores

SIZE = (40, 50)
seeds = st.integers(0, 2**32 - 1)


def class_map(seed, classes=4, size=SIZE):
    return np.random.default_rng(seed).integers(0, classes, size, dtype=np.uint8)


def scores(pred, truth, classes=4, protocol="standard", ignore=255):
    return segmentation_scores(confusion_matrix(pred, truth, classes, ignore), protocol)


@pytest.mark.parametrize(("protocol", "expected"), [("standard", 1), ("reference", 4 / 31)])
def test_perfect_prediction_of_four_classes(protocol, expected):
    truth = class_map(0)
    found = scores(truth, truth, 31, protocol)
    assert found.mean_iou == pytest.approx(expected)
    assert found.mean_accuracy == pytest.approx(expected)
    assert found.pixel_accuracy == 1
    assert found.protocol == protocol
    assert found.num_pixels == truth.size


@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_scores_follow_their_definition(seed):
    truth, pred = class_map(seed), class_map(seed + 1, 6)
    found = scores(pred, truth)
    for c in range(4):
        overlap, union = ((pred == c) & (truth == c)).sum(), ((pred == c) | (truth == c)).sum()
        assert found.iou[c] == pytest.approx(overlap / union)
    assert found.mean_iou == pytest.approx(found.iou.mean())
    assert found.pixel_accuracy == pytest.approx((pred == truth).mean())
    assert found.mean_accuracy == pytest.approx(np.mean([(pred[truth == c] == c).mean() for c in range(4)]))


@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_ignored_pixels_change_nothing(seed):
    truth, pred = class_map(seed), class_map(seed + 1)
    hidden = truth.copy()
    hidden[::3] = 255
    other = np.where(hidden == 255, 3 - pred, pred)
    assert scores(pred, hidden).mean_iou == scores(other, hidden).mean_iou
    assert scores(pred, hidden).num_pixels == (hidden != 255).sum()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(3))
def test_scores_agree_with_torchmetrics(seed):
    from torchmetrics.functional import classification

    truth, pred = class_map(seed), class_map(seed + 1)
    hidden = np.where(class_map(seed + 2, 9) == 0, 255, truth).astype(np.int64)
    pair = (torch.from_numpy(pred.astype(np.int64)), torch.from_numpy(hidden))
    found = scores(pred, hidden.astype(np.uint8))

    def theirs(score, average):
        return getattr(classification, score)(*pair, num_classes=4, average=average, ignore_index=255).item()

    assert found.mean_iou == pytest.approx(theirs("multiclass_jaccard_index", "macro"), rel=1e-5)
    assert found.mean_accuracy == pytest.approx(theirs("multiclass_accuracy", "macro"), rel=1e-5)
    assert found.pixel_accuracy == pytest.approx(theirs("multiclass_accuracy", "micro"), rel=1e-5)


def test_several_classes_can_be_ignored():
    truth = class_map(0)
    assert scores(truth, truth, ignore=(0, 1)).num_pixels == (truth > 1).sum()


def test_matrices_add_up():
    maps = [(class_map(i), class_map(i + 9)) for i in range(3)]
    summed = sum(confusion_matrix(*pair, 4) for pair in maps)
    whole = confusion_matrix(*(np.concatenate(side) for side in zip(*maps, strict=True)), 4)
    np.testing.assert_array_equal(summed, whole)


def test_class_absent_from_the_truth_has_no_score_and_costs_the_true_one():
    truth = np.zeros((10, 10), np.uint8)
    pred = truth.copy()
    pred[:5] = 2
    found = scores(pred, truth, 3)
    assert found.mean_iou == 0.5
    np.testing.assert_array_equal(np.isnan(found.iou), [False, True, True])
    assert scores(pred, truth, 3, "reference").mean_iou == pytest.approx(0.5 / 3)


def test_nothing_counted_is_nan():
    found = scores(class_map(0), np.full(SIZE, 255, np.uint8))
    assert np.isnan([found.mean_iou, found.mean_accuracy, found.pixel_accuracy]).all()


def test_truth_outside_the_classes_is_refused():
    with pytest.raises(InputError, match="class 9"):
        confusion_matrix(class_map(0), np.full(SIZE, 9, np.uint8), 4)


@given(seed=seeds, share=st.floats(0, 1), dx=st.integers(-5, 5), dy=st.integers(-5, 5))
@settings(max_examples=20, deadline=None)
def test_known_share_of_flips_is_measured_to_one_percent(seed, share, dx, dy):
    """The scene moves by whole pixels; a known share of the later prediction is set to another class."""
    truth_prev = class_map(seed, size=(128, 160))
    flow = np.broadcast_to(np.array([dx, dy], np.float32), (128, 160, 2)).copy()
    visible = np.ones((128, 160), bool)
    truth = np.roll(truth_prev, (dy, dx), (0, 1))
    flipped = np.random.default_rng(seed).permutation(truth.size).reshape(truth.shape) < share * truth.size
    pred = np.where(flipped, (truth + 1) % 4, truth).astype(np.uint8)
    found = class_flips(truth_prev, pred, truth_prev, truth, flow, visible)
    assert found.share == pytest.approx(share, abs=0.01)
    assert found.counted == (128 - abs(dy)) * (160 - abs(dx))


def test_true_changes_hidden_and_ignored_pixels_are_no_flips():
    truth_prev, still = class_map(0), np.zeros((*SIZE, 2), np.float32)
    truth = (truth_prev + 1) % 4
    all_visible, none_visible = np.ones(SIZE, bool), np.zeros(SIZE, bool)
    for flips in (
        class_flips(truth_prev, truth, truth_prev, truth, still, all_visible),
        class_flips(truth_prev, truth, truth_prev, truth_prev, still, none_visible),
        class_flips(truth_prev, truth, *[np.full(SIZE, 255, np.uint8)] * 2, still, all_visible),
    ):
        assert flips == (0, 0)
        assert np.isnan(flips.share)


def test_colour_lookup_solves_what_colour_decides():
    truth = class_map(0)
    colours = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0], [128, 128, 255]], np.uint8)
    lookup = ColourLookup.fit([colours[truth]], [truth])
    other = class_map(1)
    np.testing.assert_array_equal(lookup.predict(colours[other]), other)


def test_colour_lookup_answers_the_most_frequent_class_of_a_shared_colour():
    grey = np.full((10, 10, 3), 100, np.uint8)
    truth = np.full((10, 10), 7, np.uint8)
    truth[:4], truth[9] = 2, 255
    assert (ColourLookup.fit([grey], [truth]).predict(grey) == 7).all()


def test_colour_lookup_answers_unseen_colours_by_the_nearest_seen():
    lookup = ColourLookup.fit([np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)], [np.array([[1, 2]], np.uint8)])
    np.testing.assert_array_equal(lookup.predict(np.array([[[50, 60, 40], [200, 250, 220]]], np.uint8)), [[1, 2]])


def test_colour_lookup_needs_labels():
    with pytest.raises(InputError, match="no labelled pixel"):
        ColourLookup.fit([np.zeros((2, 2, 3), np.uint8)], [np.full((2, 2), 255, np.uint8)])
