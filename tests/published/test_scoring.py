import numpy as np
import pytest

from recyclegan.labels import VIPER, colourize
from recyclegan.published.score_commands import (
    BOAT,
    NUM_CLASSES,
    PLANE,
    TRAIN,
    VAN,
    class_ids,
    count,
    reference_scores,
    score,
    score_lines,
    standard_scores,
    weather_of,
)
from tests.golden.records import records

ROAD, SKY, CAR, BUILDING = (VIPER.names.index(name) for name in ("road", "sky", "car", "building"))


def column(*ids: int):
    return np.repeat(np.uint8(ids), 4)[:, None]


def test_reference_scores_are_the_published_ones() -> None:
    record = records()["segmentation"]
    maps = zip(np.uint8(record["pred"]), np.uint8(record["target"]), strict=True)
    scores = reference_scores(sum(count(predicted, true) for predicted, true in maps))
    assert scores.mean_iou == pytest.approx(record["miou"], rel=1e-9)
    assert scores.mean_accuracy == pytest.approx(record["mean_accuracy"], rel=1e-9)
    assert scores.pixel_accuracy == pytest.approx(record["pixel_accuracy"], rel=1e-9)
    np.testing.assert_allclose(scores.iou, record["iou"], rtol=1e-9, atol=1e-12)


def test_a_perfect_prediction_of_four_classes() -> None:
    four = column(ROAD, SKY, CAR, BUILDING)
    assert standard_scores(count(four, four)).mean_iou == 1
    assert reference_scores(count(four, four)).mean_iou == pytest.approx(4 / 31)


def test_van_and_train_are_one_class_of_colours() -> None:
    ids = class_ids(colourize(column(VAN, TRAIN, CAR), VIPER))
    np.testing.assert_array_equal(ids, column(TRAIN, TRAIN, CAR))


def test_a_boat_has_its_own_score_by_the_standard_alone() -> None:
    confusion = count(column(BOAT, PLANE, PLANE), column(BOAT, BOAT, PLANE))
    standard, reference = standard_scores(confusion), reference_scores(confusion)
    assert standard.iou[BOAT] == 1 / 2
    assert standard.iou[PLANE] == 1 / 2
    assert len(reference.iou) == NUM_CLASSES - 1
    assert reference.iou[PLANE] == pytest.approx(2 / (3 + 3 - 2))
    assert reference.pixel_accuracy == pytest.approx(2 / 3)


@pytest.mark.parametrize("protocol", ["standard", "reference"])
def test_every_class_keeps_its_name(protocol: str) -> None:
    after_van = [number for number in range(VAN + 1, len(VIPER.names)) if VIPER.names[number] not in ("plane", "boat")]
    for number in after_van:
        counts = np.zeros((len(VIPER.names), len(VIPER.names) + 1), np.int64)
        counts[number, number] = 5
        scores = score(counts, protocol)
        assert [name for name, iou in zip(scores.names, scores.iou, strict=True) if iou > 0] == [VIPER.names[number]]


def test_void_counts_by_the_reference_alone() -> None:
    confusion = count(column(SKY, ROAD), column(0, ROAD))
    assert standard_scores(confusion).pixel_accuracy == 1
    assert reference_scores(confusion).pixel_accuracy == 1 / 2


def test_classes_that_the_truth_never_shows() -> None:
    confusion = count(column(ROAD, CAR), column(ROAD, ROAD))
    assert np.isnan(standard_scores(confusion).iou[CAR])
    assert reference_scores(confusion).iou[CAR] == 0
    assert standard_scores(confusion).mean_iou == 1 / 2


def test_weather_follows_from_the_clip() -> None:
    frames = ["065_00001", "077_1", "025_00001_x", "043_00001", "063_00009", "001_00001", "frame_066", "0655_1"]
    found = [weather_of(frame) for frame in frames]
    assert found == ["Day", "Night", "Sunset", "Snow", "Rain", None, None, None]


def test_every_line_names_its_protocol() -> None:
    confusion = count(column(ROAD, CAR), column(ROAD, ROAD))
    for scores in (standard_scores(confusion), reference_scores(confusion)):
        lines = list(score_lines(scores, details=True))
        assert all(f"({scores.protocol})" in line for line in lines)
        assert sum("name: road." in line for line in lines) == 1
        assert list(score_lines(scores, details=False)) == lines[:1]
