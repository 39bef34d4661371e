"""Truth in each of its forms is read as what it says, or refused."""

import numpy as np
import pytest
from PIL import Image

from recyclegan.data.label_maps import read_class_map
from recyclegan.errors import InputError
from recyclegan.evaluation import evaluate
from recyclegan.evaluation.truth import ArrayTruth, nearest, scaled_flow
from recyclegan.labels import CITYSCAPES, VIPER, colourize
from recyclegan.settings.evaluation import EvaluationConfig
from tests.evaluation.world import HEIGHT, LENGTH, WIDTH, class_maps, label_maps, truth, write_clip

SIZE = (HEIGHT, WIDTH)


def palette_image(classes, colours):
    image = Image.fromarray(classes, "P")
    image.putpalette(np.concatenate([colours, np.zeros((256 - len(colours), 3), np.uint8)]).tobytes())
    return image


def test_label_maps_are_read_by_colour_or_as_ids(tmp_path):
    classes = class_maps(0, 1)[0]
    shuffled = np.random.default_rng(0).permutation(32).astype(np.uint8)
    images = {
        "colours": Image.fromarray(label_maps(classes)),
        "ids": Image.fromarray(classes),
        "sixteen": Image.fromarray(classes.astype(np.uint16)),
        "palette of the set": palette_image(classes, VIPER.colours),
        "palette of the set, in another order": palette_image(shuffled[classes], VIPER.colours[np.argsort(shuffled)]),
        "palette of greys": palette_image(classes, np.arange(96, dtype=np.uint8).reshape(32, 3)),
    }
    for name, image in images.items():
        image.save(tmp_path / f"{name}.png")
        np.testing.assert_array_equal(read_class_map(tmp_path / f"{name}.png", VIPER), classes, name)


def test_void_of_ids_stays(tmp_path):
    Image.fromarray(np.full((4, 4), 255, np.uint8)).save(tmp_path / "void.png")
    assert (read_class_map(tmp_path / "void.png", CITYSCAPES) == 255).all()


def test_flow_keeps_its_meaning_at_another_size():
    flow = np.broadcast_to(np.array([4, -6], np.float32), (20, 30, 2))
    small = scaled_flow(flow, (10, 10))
    np.testing.assert_allclose(small, np.broadcast_to([4 / 3, -3], (10, 10, 2)), rtol=1e-6)
    assert nearest(np.arange(6).reshape(2, 3), (4, 3)).tolist() == [[0, 1, 2], [0, 1, 2], [3, 4, 5], [3, 4, 5]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda arrays: arrays | {"flow_backward": arrays["flow_backward"].transpose(0, 3, 1, 2)},
            "and 2 more for flow",
        ),
        (lambda arrays: arrays | {"classes": arrays["classes"][..., None]}, "expected \\(time, height, width\\)"),
        (lambda arrays: arrays | {"classes": np.array([{}] * LENGTH)}, "cannot be read"),
        (lambda arrays: {"classes": arrays["classes"]}, "holds no flow_backward, visible_backward"),
        (lambda arrays: {name: array[:3] for name, array in arrays.items()}, "tells 3 frames"),
    ],
)
def test_other_arrays_are_refused(tmp_path, change, words):
    path = tmp_path / "truth.npz"
    np.savez(path, **change(truth(class_maps(0))))
    with pytest.raises(InputError, match=words):
        list(ArrayTruth(path, LENGTH).frames(SIZE))


def test_damaged_file_is_refused(tmp_path):
    path = tmp_path / "truth.npz"
    np.savez_compressed(path, **truth(class_maps(0)))
    content = bytearray(path.read_bytes())
    content[200:400] = bytes(200)
    path.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read"):
        list(ArrayTruth(path, LENGTH).frames(SIZE))


@pytest.mark.parametrize(
    ("classes", "labels", "words"),
    [
        (np.full((LENGTH, HEIGHT, WIDTH), 266, np.int64), VIPER, "class id 266: not among the classes of viper"),
        (np.full((LENGTH, HEIGHT, WIDTH), 266, np.int64), None, "holds class id 266; expected 0 to 255"),
        (np.full((LENGTH, HEIGHT, WIDTH), -1, np.int8), None, "holds class id -1; expected 0 to 255"),
        (np.full((LENGTH, HEIGHT, WIDTH), 33, np.uint8), VIPER, "class id 33: not among the classes of viper"),
        (
            np.full((LENGTH, HEIGHT, WIDTH), 2.5, np.float32),
            None,
            "classes holds values of type float32, expected whole numbers",
        ),
        (np.full((LENGTH, HEIGHT, WIDTH), "road"), None, "classes holds values of type <U4, expected whole numbers"),
        (np.full((LENGTH, HEIGHT, WIDTH), 1j), None, "classes holds values of type complex128, expected whole numbers"),
    ],
)
def test_classes_that_are_no_ids_are_refused_by_value_and_file(tmp_path, classes, labels, words):
    path = tmp_path / "truth.npz"
    np.savez(path, **(truth(class_maps(0)) | {"classes": classes}))
    with pytest.raises(InputError, match=words) as caught:
        list(ArrayTruth(path, LENGTH, labels).frames(SIZE))
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("void", [(0, 0, 0), (111, 74, 0), (81, 0, 81), (250, 170, 160), (0, 0, 110)])
def test_void_of_colours_does_not_count(tmp_path, void):
    ids = np.zeros((32, 64), np.uint8)
    ids[:, 32:] = 10
    painted = colourize(ids, CITYSCAPES)
    known = painted.copy()
    known[24:] = void
    for name, image in {"out": painted, "source": painted, "truth": known}.items():
        write_clip(tmp_path / name / "c", [image] * 2)
    config = EvaluationConfig(labels="cityscapes", num_shown=0, num_draws=10)
    found = evaluate(
        tmp_path / "out", tmp_path / "source", tmp_path / "report", truth=tmp_path / "truth", config=config
    ).results
    assert found["mean_iou"].translated.value == found["pixel_accuracy"].translated.value == 1
