"""The reference protocol gives the reference implementation's numbers; sizes and values come from the record."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from recyclegan.metrics.segmentation import confusion_matrix, segmentation_scores

RECORD = json.loads(Path(os.environ.get("GOLDEN", Path(__file__).with_name("reference.json"))).read_text())[
    "segmentation"
]


def scores(protocol):
    maps = zip(np.array(RECORD["pred"], np.uint8), np.array(RECORD["target"], np.uint8), strict=True)
    return segmentation_scores(
        sum(confusion_matrix(pred, truth, RECORD["classes"], RECORD["ignore_index"]) for pred, truth in maps), protocol
    )


@pytest.mark.parametrize(
    ("ours", "theirs"), [("mean_iou", "miou"), ("mean_accuracy",) * 2, ("pixel_accuracy",) * 2, ("iou",) * 2]
)
def test_reference_protocol(ours, theirs):
    np.testing.assert_allclose(getattr(scores("reference"), ours), RECORD[theirs], rtol=1e-9, atol=1e-12)


def test_standard_protocol_differs_only_in_the_means():
    reference, standard = scores("reference"), scores("standard")
    assert standard.pixel_accuracy == reference.pixel_accuracy
    present = ~np.isnan(standard.iou)
    np.testing.assert_array_equal(standard.iou[present], reference.iou[present])
    np.testing.assert_allclose(standard.mean_iou * present.mean(), reference.mean_iou)
