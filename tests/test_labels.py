"""Label sets, and the way from classes to colours and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.arrays import Image, Palette
from recyclegan.errors import InputError
from recyclegan.labels import CITYSCAPES, LABEL_SETS, VIPER, LabelSet, colourize, nearest_class, snap

SEEDS = st.integers(0, 2**32 - 1)


def random_image(seed: int, height: int = 9, width: int = 13) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def brute_force(image: Image, palette: Palette) -> np.ndarray:
    distance = np.square(image[:, :, None].astype(int) - palette.astype(int)).sum(axis=-1)
    return distance.argmin(axis=-1)


@pytest.mark.parametrize("labels", LABEL_SETS.values(), ids=LABEL_SETS)
def test_a_label_set_has_one_name_and_colour_per_id(labels: LabelSet) -> None:
    assert len(labels.ids) == len(set(labels.ids)) == len(labels.names) == len(set(labels.names)) == len(labels.colours)


def test_viper_has_32_classes_in_31_colours() -> None:
    assert VIPER.ids == tuple(range(32))
    assert len(np.unique(VIPER.colours, axis=0)) == 31
    assert (VIPER.colours[VIPER.names.index("van")] == VIPER.colours[VIPER.names.index("train")]).all()
    assert VIPER.names[14] == "traffic sign"
    assert VIPER.colours[14].tolist() == [220, 220, 0]


def test_cityscapes_has_19_classes_in_19_colours() -> None:
    assert CITYSCAPES.ids == tuple(range(19))
    assert len(np.unique(CITYSCAPES.colours, axis=0)) == 19


def test_classes_that_both_sets_name_have_one_colour_except_vegetation() -> None:
    shared = set(VIPER.names) & set(CITYSCAPES.names) - {"vegetation"}
    assert len(shared) >= 10
    for name in shared:
        viper, cityscapes = VIPER.colours[VIPER.names.index(name)], CITYSCAPES.colours[CITYSCAPES.names.index(name)]
        assert (viper == cityscapes).all(), name


@pytest.mark.parametrize("labels", LABEL_SETS.values(), ids=LABEL_SETS)
def test_colourizing_and_back_returns_the_classes(labels: LabelSet) -> None:
    classes = np.random.default_rng(0).choice(labels.ids, (32, 24)).astype(np.uint8)
    back = nearest_class(colourize(classes, labels), labels)
    if labels is VIPER:
        classes[classes == 29] = 25
    assert (back == classes).all()


def test_van_and_train_become_van() -> None:
    classes = np.array([[25, 29]], np.uint8)
    assert nearest_class(colourize(classes, VIPER), VIPER).tolist() == [[25, 25]]


def test_ignored_ids_are_black() -> None:
    assert colourize(np.full((2, 2), 255, np.uint8), CITYSCAPES).max() == 0


def test_an_unknown_id_is_named() -> None:
    with pytest.raises(InputError, match="class id 19: not among the classes of cityscapes"):
        colourize(np.array([[0, 19, 30]], np.uint8), CITYSCAPES)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, num_colours=st.integers(1, 256))
def test_the_nearest_class_is_the_first_of_the_nearest_colours(seed: int, num_colours: int) -> None:
    palette = np.random.default_rng(seed).integers(0, 256, (num_colours, 3))
    image = random_image(seed)
    assert (nearest_class(image, palette) == brute_force(image, palette)).all()


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_the_nearest_class_of_a_label_set_is_exact(seed: int) -> None:
    image = random_image(seed, 40, 50)
    assert (nearest_class(image, VIPER) == brute_force(image, VIPER.colours)).all()


def test_ties_go_to_the_lowest_id_whatever_the_order_of_the_rows() -> None:
    labels = LabelSet("two", (7, 3), ("later", "earlier"), np.array([[0, 0, 0], [2, 0, 0]], np.uint8))
    assert nearest_class(np.array([[[1, 0, 0]]], np.uint8), labels).tolist() == [[3]]
    assert nearest_class(np.array([[[1, 0, 0]]], np.uint8), labels.colours.astype(int)).tolist() == [[0]]


def test_images_larger_than_a_chunk_are_whole() -> None:
    image = random_image(1, 150, 160)
    assert (nearest_class(image, VIPER) == brute_force(image, VIPER.colours)).all()


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_snapping_is_idempotent_and_leaves_only_the_palettes_colours(seed: int) -> None:
    palette = np.random.default_rng(seed).integers(0, 256, (12, 3))
    once = snap(random_image(seed), palette)
    assert (snap(once, palette) == once).all()
    assert {tuple(c) for c in once.reshape(-1, 3).tolist()} <= {tuple(c) for c in palette.tolist()}


def test_grey_images_are_refused_by_name() -> None:
    grey = np.zeros((4, 4, 1), np.uint8)
    with pytest.raises(InputError, match="1 channels"):
        nearest_class(grey, VIPER)


def test_too_large_a_palette_is_refused() -> None:
    with pytest.raises(InputError, match="palette of 257 colours"):
        snap(random_image(0), np.zeros((257, 3), int))
