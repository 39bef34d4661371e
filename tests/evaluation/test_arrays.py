"""Arrays of a truth that are odd are refused in one line; a flow that is not known makes its pixels unseen."""

import numpy as np
import pytest

from recyclegan.errors import InputError
from recyclegan.evaluation import evaluate
from recyclegan.evaluation.truth import ArrayTruth
from recyclegan.metrics.segmentation import class_flips
from recyclegan.settings.evaluation import EvaluationConfig
from tests.evaluation.world import HEIGHT, WIDTH, class_maps, pictures, truth, write_clip

SHAPE = (8, HEIGHT, WIDTH)
ODD = {
    "classes of fractions": {"classes": np.full(SHAPE, 3.7)},
    "classes of words": {"classes": np.full(SHAPE, "3")},
    "complex flow": {"flow_backward": np.zeros((*SHAPE, 2), complex)},
    "flow of words": {"flow_backward": np.full((*SHAPE, 2), "x")},
    "visibility of words": {"visible_backward": np.full(SHAPE, "")},
    "scalars": {"classes": np.array(3), "flow_backward": np.array(3.0), "visible_backward": np.array(True)},
    "no pixels": {
        "classes": np.zeros((8, 0, 0), np.uint8),
        "flow_backward": np.zeros((8, 0, 0, 2), np.float32),
        "visible_backward": np.zeros((8, 0, 0), bool),
    },
    "no frames": {
        "classes": np.zeros((0, 4, 4), np.uint8),
        "flow_backward": np.zeros((0, 4, 4, 2), np.float32),
        "visible_backward": np.zeros((0, 4, 4), bool),
    },
}


@pytest.mark.parametrize("changes", ODD.values(), ids=ODD)
def test_odd_arrays_are_one_line(tmp_path, changes):
    np.savez(tmp_path / "c.npz", **(truth(class_maps(0)) | changes))
    with pytest.raises(InputError, match=r"c\.npz: .*; write it anew") as messages:
        list(ArrayTruth(tmp_path / "c.npz", 8).frames((HEIGHT, WIDTH)))
    assert "\n" not in str(messages.value)


def test_an_unknown_flow_counts_as_not_seen(tmp_path):
    write_clip(tmp_path / "clips" / "c", pictures(0))
    holes, unseen = truth(class_maps(0)), truth(class_maps(0))
    holes["flow_backward"][:, 10:20, 10:20] = (np.nan, np.inf)
    unseen["visible_backward"][:, 10:20, 10:20] = False
    found = []
    for name, arrays in (("holes", holes), ("unseen", unseen)):
        (tmp_path / name).mkdir()
        np.savez(tmp_path / name / "c.npz", **arrays)
        config = EvaluationConfig(num_shown=0, num_draws=5)
        clips = tmp_path / "clips"
        results = evaluate(clips, clips, tmp_path / f"{name}-out", truth=tmp_path / name, config=config)
        found.append(results.results["warping_error"].translated.value)
    assert found[0] == found[1]


def test_a_flow_that_leads_far_outside_counts_nowhere():
    classes, far = class_maps(0)[0], np.full((HEIGHT, WIDTH, 2), 1e30, np.float32)
    flips = class_flips(classes, classes, classes, classes, far, np.ones((HEIGHT, WIDTH), bool))
    assert flips.counted == 0
