"""Segmenters of every kind of file read the classes that they must, from what they are said to read."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from recyclegan.errors import InputError
from recyclegan.evaluation import evaluate
from recyclegan.evaluation.segmenters import LEVELS, load_segmenter
from recyclegan.features.pretrained import FCN8s
from recyclegan.labels import CITYSCAPES, VIPER
from recyclegan.settings.evaluation import EvaluationConfig
from tests.evaluation.world import HEIGHT, WIDTH, class_maps, label_maps, pictures, write_clip, write_world

SIZE = (HEIGHT, WIDTH)
SCALES = {"signed": (0.5, 0.5), "unit": (0.0, 1.0), "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))}

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")


class NearestColour(torch.nn.Module):
    """Scores each class by how near its colour is: ``2 c . x - c . c`` is the negative distance, but for x . x."""

    def __init__(self, levels="signed"):
        super().__init__()
        mean, deviation = (torch.tensor(part).expand(3) for part in SCALES[levels])
        colours = torch.from_numpy(VIPER.colours / 255).float()
        self.layer = torch.nn.Conv2d(3, 32, 1)
        with torch.no_grad():
            self.layer.weight[:] = (2 * colours * deviation)[..., None, None]
            self.layer.bias[:] = 2 * colours @ mean - colours.square().sum(dim=1)

    def forward(self, x):
        return self.layer(x)


class Named(NearestColour):
    def forward(self, x):
        return {"out": self.layer(x)[..., ::2, ::2]}


class Ids(NearestColour):
    def forward(self, x):
        return self.layer(x).argmax(dim=1)


def script(path, network):
    torch.jit.script(network).save(path)
    return path


def exported(path):
    torch.export.save(torch.export.export(NearestColour(), (torch.zeros(1, 3, *SIZE),)), path)
    return path


def onnx_file(path, height="height", width="width"):
    layer = NearestColour().layer
    arrays = {"weight": layer.weight, "bias": layer.bias}
    graph = helper.make_graph(
        [helper.make_node("Conv", ["frame", "weight", "bias"], ["scores"])],
        "segmenter",
        [helper.make_tensor_value_info("frame", TensorProto.FLOAT, [1, 3, height, width])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 32, height, width])],
        [onnx.numpy_helper.from_array(array.detach().numpy(), name) for name, array in arrays.items()],
    )
    onnx.save(helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 18)]), path)
    return path


def kinds(folder):
    return {
        "TorchScript": script(folder / "a.pt", NearestColour()),
        "class ids": script(folder / "b.pt", Ids()),
        "torch.export": exported(folder / "c.pt2"),
        "ONNX": onnx_file(folder / "d.onnx"),
    }


def test_every_kind_of_file_reads_the_classes(tmp_path):
    classes = class_maps(0, 1)[0]
    for path in kinds(tmp_path).values():
        np.testing.assert_array_equal(load_segmenter(path, VIPER, SIZE)(label_maps(classes)), classes)


@pytest.mark.parametrize("levels", LEVELS)
def test_pictures_come_in_the_levels_that_are_asked_for(tmp_path, levels):
    segmenter = load_segmenter(script(tmp_path / "a.pt", NearestColour(levels)), VIPER, SIZE, levels)
    classes = class_maps(0, 1)[0]
    np.testing.assert_array_equal(segmenter(label_maps(classes)), classes)
    assert levels in segmenter.about


def test_smaller_scores_are_enlarged(tmp_path):
    """Half the resolution costs pixels at the borders of blocks only."""
    classes = class_maps(0, 1)[0]
    found = load_segmenter(script(tmp_path / "a.pt", Named()), VIPER, SIZE)(label_maps(classes))
    assert found.shape == SIZE
    assert 0.7 < (found == classes).mean() < 1


def test_network_of_one_size_gets_that_size(tmp_path):
    path = onnx_file(tmp_path / "a.onnx", 2 * HEIGHT, 2 * WIDTH)
    classes = class_maps(0, 1)[0]
    found = load_segmenter(path, VIPER, SIZE)(label_maps(classes))
    assert (found == classes).mean() > 0.7


def fcn8s(num_classes=32):
    torch.manual_seed(0)
    return FCN8s(num_classes, width=2, hidden=4).eval()


def test_fcn8s_reads_bgr_levels_less_their_mean(tmp_path):
    network = fcn8s()
    torch.save(network.state_dict(), tmp_path / "fcn.pt")
    image = pictures(0, 1)[0]
    frames = torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        expected = network(frames - torch.tensor([104.007, 116.669, 122.679]).view(1, 3, 1, 1)).argmax(dim=1)[0]
    found = load_segmenter(tmp_path / "fcn.pt", VIPER, SIZE)(image)
    np.testing.assert_array_equal(found, expected.numpy())
    assert len(np.unique(found)) > 1


def mistakes(folder):
    torch.save(fcn8s(19).state_dict(), folder / "few.pt")
    (folder / "text.pt").write_text("no network")
    (folder / "text.onnx").write_text("no network")
    flat = script(folder / "flat.pt", torch.nn.Flatten())
    wide = script(folder / "wide.pt", torch.nn.Linear(7, 7))
    return {
        "no such file": folder / "absent.pt",
        r"gives \(1, 19, 48, 64\), expected scores \(1, 32": folder / "few.pt",
        "FCN-8s": folder / "text.pt",
        "holds no network that onnxruntime reads": folder / "text.onnx",
        r"gives \(1, 9216\)": flat,
        "fails on a frame of 64x48": wide,
    }


def test_other_files_are_refused_in_one_line(tmp_path):
    for words, path in mistakes(tmp_path).items():
        with pytest.raises(InputError, match=words) as messages:
            load_segmenter(path, VIPER, SIZE)
        assert "\n" not in str(messages.value)
    with pytest.raises(InputError, match=r"classes of cityscapes"):
        load_segmenter(script(tmp_path / "a.pt", NearestColour()), CITYSCAPES, SIZE)


def test_pictures_are_scored_beside_their_source(tmp_path):
    """The translated frames show the classes plainly, the source does not: the segmenter finds them in the one only."""
    world = write_world(tmp_path)
    path = script(tmp_path / "segmenter.pt", NearestColour())
    config = EvaluationConfig(labels="viper", segmenter=path, num_shown=1, film_frames=2, num_draws=20)
    results = evaluate(world / "labels", world / "source", tmp_path / "out", truth=world / "truth", config=config)
    assert results.results["mean_iou"].translated.value == 1
    assert results.results["class_flips"].translated.value == 0
    source = results.results["mean_iou"].references["source"]
    assert source.low <= source.value <= source.high < 0.5
    assert results.results["class_flips"].references["source"].value == 0
    assert results.classes["road"].rival.value < 1
    assert np.isnan(results.classes["road"].colour_alone)
    assert "segmenter.pt" in results.protocol["classes read by"]
    assert "same segmenter" in (tmp_path / "out" / "report.html").read_text()


def test_van_and_train_count_as_one(tmp_path):
    """They share a colour, so that label maps cannot tell them apart; a segmenter that does gains nothing by it."""
    write_clip(tmp_path / "source" / "clip", pictures(0, 2))
    vans, trains = (np.full((2, HEIGHT, WIDTH), VIPER.names.index(name), np.uint8) for name in ("van", "train"))
    write_clip(tmp_path / "truth" / "clip", label_maps(vans))
    config = EvaluationConfig(labels="viper", num_shown=0, num_draws=2)
    results = evaluate(
        tmp_path / "source",
        tmp_path / "source",
        tmp_path / "out",
        truth=tmp_path / "truth",
        config=config,
        segment=lambda _: trains[0],
    )
    assert results.results["pixel_accuracy"].translated.value == 1
