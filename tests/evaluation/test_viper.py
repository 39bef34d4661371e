"""VIPER's folders give the exact flow and classes of a small world, frame by frame, with gaps and unknown pixels."""

import numpy as np
import pytest
from PIL import Image

from recyclegan.data.index import find_clips
from recyclegan.errors import InputError
from recyclegan.evaluation import evaluate
from recyclegan.evaluation.truth import ViperTruth
from recyclegan.metrics.flow_estimation import BACKWARD_MASK, BOTH_WAYS_MASK, FORWARD_MASK
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.video import write_image, write_video
from tests.evaluation.world import HEIGHT, LENGTH, STEP, WIDTH, class_maps, label_maps, pictures

SIZE = (HEIGHT, WIDTH)
SEEN = np.zeros(SIZE, bool)
SEEN[: HEIGHT + STEP[1], STEP[0] :] = True
"""Pixels that the frame before showed."""


def write_flow(path, flow):
    path.parent.mkdir(parents=True, exist_ok=True)
    u, v = np.moveaxis(flow.astype(np.float16), -1, 0)
    np.savez(path, u=u, v=v)


def toward(sign, size=SIZE):
    """Return a displacement by the step of the world, unknown where it leaves the frame."""
    flow = np.empty((*size, 2), np.float32)
    flow[:] = np.array(STEP) * sign
    y, x = np.mgrid[: size[0], : size[1]]
    leaves = (
        (x + flow[..., 0] < 0) | (x + flow[..., 0] >= size[1]) | (y + flow[..., 1] < 0) | (y + flow[..., 1] >= size[0])
    )
    flow[leaves] = np.nan
    return flow


@pytest.fixture
def world(tmp_path):
    """Two sequences as VIPER's download holds them."""
    for clip, name in enumerate(("001", "002")):
        for t in range(LENGTH):
            frame = f"{name}/{name}_{t + 1:05d}"
            write_image(tmp_path / "val" / "img" / f"{frame}.png", pictures(clip)[t])
            write_image(tmp_path / "labels" / f"{frame}.png", label_maps(class_maps(clip)[t]))
            classes = tmp_path / "val" / "cls" / f"{frame}.png"
            classes.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(class_maps(clip)[t]).save(classes)
            if t < LENGTH - 1:
                write_flow(tmp_path / "val" / "flow" / f"{frame}.npz", toward(1))
            if t > 0:
                write_flow(tmp_path / "val" / "flowbw" / f"{frame}.npz", toward(-1))
    return tmp_path


def remove(folder):
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def read(world):
    clip = find_clips(world / "val" / "img")[0]
    return ViperTruth(world / "val", clip)


@pytest.mark.parametrize(
    ("without", "mask"), [((), BOTH_WAYS_MASK), (("flow",), BACKWARD_MASK), (("flowbw",), FORWARD_MASK)]
)
def test_flow_is_exact_from_either_side(world, without, mask):
    for kind in without:
        remove(world / "val" / kind)
    truth = read(world)
    first, *others = truth.frames(SIZE)
    assert truth.mask == mask
    assert not first.visible.any()
    for number, frame in enumerate(others, 1):
        np.testing.assert_array_equal(frame.visible, SEEN)
        np.testing.assert_array_equal(frame.flow[SEEN], np.broadcast_to(STEP, frame.flow[SEEN].shape))
        np.testing.assert_array_equal(frame.classes, class_maps(0)[number])
        assert np.isfinite(frame.flow).all()


def test_disagreement_and_infinity_are_not_trusted(world):
    path = world / "val" / "flowbw" / "001" / "001_00003.npz"
    flow = toward(-1)
    flow[10:20, 10:20] += 4
    flow[30, 30] = np.inf
    write_flow(path, flow)
    frame = list(read(world).frames(SIZE))[2]
    assert not frame.visible[10:20, 10:20].any()
    assert not frame.visible[30, 30]
    assert frame.visible.sum() == SEEN.sum() - 101


def test_flow_does_not_lead_over_a_gap(world):
    (world / "val" / "img" / "001" / "001_00004.png").unlink()
    seen = [frame.visible.any() for frame in read(world).frames(SIZE)]
    assert seen == [False, True, True, False, True, True, True]


def test_missing_files_are_void_or_not_seen(world):
    (world / "val" / "cls" / "001" / "001_00002.png").unlink()
    (world / "val" / "flowbw" / "001" / "001_00005.npz").unlink()
    frames = list(read(world).frames(SIZE))
    assert (frames[1].classes == 255).all()
    assert not frames[4].visible.any()


def test_larger_truth_is_brought_to_size(world):
    frame = list(read(world).frames((HEIGHT // 2, WIDTH // 2)))[1]
    np.testing.assert_allclose(frame.flow[frame.visible][0], np.array(STEP) / 2)


def test_footage_is_measured_against_it(world):
    config = EvaluationConfig(labels="viper", num_shown=0, num_draws=20)
    results = evaluate(world / "labels", world / "val" / "img", world / "out", truth=world / "val", config=config)
    assert results.protocol["flow"].startswith("exact")
    assert results.protocol["mask"] == BOTH_WAYS_MASK
    assert results.results["mean_iou"].translated.value == 1
    assert results.results["class_flips"].translated.value == 0
    assert results.results["warping_error"].translated.value == pytest.approx(0, abs=1e-9)


def test_what_does_not_fit_is_refused(world):
    write_video(world / "001.mp4", pictures(0), 15)
    remove(world / "val" / "cls")
    clip = EvaluationConfig(num_shown=0)
    cases = {
        "goes by the names of frames": (world / "001.mp4", clip),
        "tells nothing about 001": (world / "labels", clip),
        "tells no classes": (world / "val" / "img", EvaluationConfig(labels="viper")),
        "found labels cityscapes": (world / "val" / "img", EvaluationConfig(labels="cityscapes")),
    }
    for path in (world / "labels" / "001").iterdir():
        path.rename(path.with_name(f"other_{path.name}"))
    for words, (source, config) in cases.items():
        with pytest.raises(InputError, match=words):
            evaluate(source, source, world / "out", truth=world / "val", config=config)
    broken = world / "val" / "flow" / "001" / "001_00002.npz"
    np.savez(broken, u=np.zeros((2, 3)), v=np.zeros((3, 2)))
    with pytest.raises(InputError, match="expected \\(height, width\\) for both"):
        list(read(world).frames(SIZE))
