"""Files in, numbers and a report out: on a small world whose motion and classes are known."""

import json
import re
import sys

import numpy as np
import pytest
import torch

from recyclegan.errors import InputError
from recyclegan.evaluation import compare, evaluate
from recyclegan.evaluation.examples import differences, read_metrics
from recyclegan.evaluation.measure_catalogue import (
    CLASSES,
    FEATURES,
    MEASURES,
    PICTURES,
    STEADINESS,
    STRUCTURE,
    SURVIVAL,
    USE,
)
from recyclegan.labels import VIPER
from recyclegan.settings.evaluation import EvaluationConfig
from recyclegan.video import write_video
from tests.evaluation.world import LENGTH, class_maps, label_maps, pictures, write_clip, write_truth, write_world

DEEP = {measure.name for measure in (*FEATURES, STRUCTURE)}
"""Measures that are there where the weights of an extra are."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("world"))


def flickering(images, step):
    """Every second frame is brighter by a known step."""
    brighter = images.astype(np.int64)
    brighter[1::2] += step
    return brighter.clip(0, 255).astype(np.uint8)


def value(results, name):
    return results.results[name].translated.value


@pytest.mark.parametrize(("protocol", "expected"), [("standard", 1), ("reference", 4 / 32)])
def test_perfect_labels_score_perfectly(world, tmp_path, protocol, expected):
    config = EvaluationConfig(labels="viper", protocol=protocol, num_shown=0, num_draws=20)
    results = evaluate(world / "labels", world / "source", tmp_path, truth=world / "truth", config=config)
    assert value(results, "mean_iou") == pytest.approx(expected)
    assert value(results, "pixel_accuracy") == 1
    assert value(results, "class_flips") == 0
    assert results.protocol["class protocol"] == protocol
    assert set(results.classes) == {"sky", "road", "building", "car"}
    assert results.results["mean_iou"].references["colour alone"].value < expected


def test_wrong_labels_flip_as_often_as_they_do(world, tmp_path):
    """The left half of every second frame is predicted as one class that is nowhere true."""
    for clip in range(2):
        pred = class_maps(clip)
        pred[1::2, :, :32] = 20
        write_clip(tmp_path / "bad" / f"clip{clip}", label_maps(pred))
    config = EvaluationConfig(labels="viper", num_shown=0, num_draws=20)
    results = evaluate(tmp_path / "bad", world / "source", tmp_path / "out", truth=world / "truth", config=config)
    assert value(results, "pixel_accuracy") == pytest.approx(0.75)
    assert value(results, "class_flips") == pytest.approx(0.5, abs=0.02)


def test_source_as_its_own_translation_adds_nothing(world, tmp_path):
    config = EvaluationConfig(num_shown=0, num_draws=20)
    out = evaluate(
        world / "source", world / "source", tmp_path, target=world / "source", truth=world / "truth", config=config
    )
    assert value(out, "added_flicker") == 0
    assert value(out, "warping_error") == pytest.approx(0, abs=1e-9)
    assert value(out, "flow_difference") == 0
    assert value(out, "patches_fine") < 0.1
    assert out.protocol["flow"].startswith("exact")


def test_added_flicker_is_measured_and_rises(world, tmp_path):
    found = []
    for step in (0, 10, 20, 40):
        for clip in range(2):
            write_clip(tmp_path / str(step) / f"clip{clip}", flickering(pictures(clip), step))
        config = EvaluationConfig(num_shown=0, num_draws=20)
        results = evaluate(
            tmp_path / str(step), world / "source", tmp_path / f"out{step}", truth=world / "truth", config=config
        )
        found.append(value(results, "added_flicker"))
    np.testing.assert_allclose(found, np.array([0, 10, 20, 40]) / 255, atol=1e-5)


def test_motion_is_estimated_where_it_is_not_known(world, tmp_path):
    results = evaluate(world / "source", world / "source", tmp_path, config=EvaluationConfig(num_shown=0, num_draws=20))
    assert "DIS" in results.protocol["flow"]
    assert "Lai" in results.protocol["mask"]
    assert value(results, "added_flicker") == 0


def test_classes_alone_can_be_the_truth_and_any_function_can_read_them(world, tmp_path):
    """Label maps instead of arrays as truth; a segmenter that knows the answer."""
    answers = {pictures(clip)[t].tobytes(): class_maps(clip)[t] for clip in range(2) for t in range(LENGTH)}
    config = EvaluationConfig(labels="viper", num_shown=0, num_draws=20)
    results = evaluate(
        world / "source",
        world / "source",
        tmp_path,
        truth=world / "labels",
        config=config,
        segment=lambda image: answers[image.tobytes()],
    )
    assert value(results, "mean_iou") == 1
    assert "segmenter" in results.protocol["classes read by"]
    assert "DIS" in results.protocol["flow"]


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_everything_has_its_terms_its_samples_and_an_interval(world, tmp_path):
    """Every measure that exists, with what it rests on, beside its source, over two clips."""
    torch.jit.script(torch.nn.AvgPool2d(16)).save(tmp_path / "features.pt")
    torch.jit.script(Distance()).save(tmp_path / "distance.pt")
    config = EvaluationConfig(
        labels="viper",
        features=str(tmp_path / "features.pt"),
        perceptual=str(tmp_path / "distance.pt"),
        num_samples=10,
        num_shown=0,
        num_draws=20,
    )
    results = evaluate(
        world / "labels", world / "source", tmp_path, target=world / "source", truth=world / "truth", config=config
    )
    exempt = {measure.name for measure in PICTURES} - {"variety_kept", "contrast", "change"}
    exempt |= {measure.name for measure in (*USE, *SURVIVAL)} | DEEP
    assert set(results.results) - DEEP == set(MEASURES) - exempt, "brightness and colours of label maps mean nothing"
    for name, result in results.results.items():
        assert result.translated.num_clips == 2, name
        assert not np.isnan([result.translated.low, result.translated.high]).any(), name
        held = "colour alone" if name in {measure.name for measure in CLASSES} else "source"
        assert not np.isnan(result.references[held].low), name
        assert result.stated["size"] == "64x48"
        assert "2 clips" in result.stated["samples"]
    for measure in STEADINESS:
        result = results.results[measure.name]
        assert {"norm", "mask"} <= set(result.stated)
        assert result.sharpness["target"] == pytest.approx(result.sharpness["source"], rel=0.2)
    for name in ("warping_error", "soft_warping_error", "added_flicker", "flow_difference", "class_flips"):
        assert "exact" in results.results[name].stated["flow"] or "DIS" in results.results[name].stated["flow"]
    assert results.results["fid"].stated["samples"] == "8 frames of 2 clips; target 8 frames of 2 clips"
    assert results.results["fid"].stated["features"].endswith("features.pt")
    numbers = read_metrics(tmp_path)
    assert numbers["measures"]["warping_error"]["stated"]["mask"] == results.protocol["mask"]
    assert numbers["classes"]["road"]["interval"]["num_clips"] == 2
    assert "draws" not in numbers["classes"]["road"]["rival"]


def test_report_and_numbers_are_written(world, tmp_path):
    for clip in range(2):
        write_clip(tmp_path / "fake" / f"clip{clip}", flickering(pictures(clip), 20))
    seen = []
    results = evaluate(
        tmp_path / "fake",
        world / "source",
        tmp_path / "out",
        target=world / "labels",
        truth=world / "truth",
        config=EvaluationConfig(labels="viper", film_frames=5, num_draws=50),
        progress=lambda *state: seen.append(state),
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["draws.npz", "metrics.json", "report.html"]
    numbers = read_metrics(tmp_path / "out")
    found = numbers["measures"]["added_flicker"]["translated"]
    assert found == {
        "value": value(results, "added_flicker"),
        "low": found["low"],
        "high": found["high"],
        "num_clips": 2,
    }
    assert numbers["clips"][0]["curves"]["added_flicker"][0] is None
    assert len(numbers["clips"][0]["curves"]["sharpness"]) == LENGTH
    assert {"flow", "mask", "size", "intervals", "class protocol"} <= set(numbers["protocol"])
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("data:video/mp4;base64,") == 2
    assert not re.search(r"https?:", page)
    for words in ("Summary", "Over time", "Classes", "Worst moments", "How it was measured", "clip1"):
        assert words in page
    assert (2 * LENGTH, 2 * LENGTH, "measuring") in seen
    assert seen[-1] == (2, 2, "films")


def test_same_seed_same_numbers(world, tmp_path):
    texts = []
    for name in ("one", "two"):
        evaluate(world / "source", world / "source", tmp_path / name, target=world / "labels")
        texts.append((tmp_path / name / "metrics.json").read_text())
    assert texts[0] == texts[1]


def test_videos_of_two_sizes(tmp_path):
    """A single video against a larger source, whose truth comes at the source's size."""
    small, source = pictures(0), pictures(0).repeat(2, 1).repeat(2, 2)
    write_video(tmp_path / "fake.mkv", small, 10, codec="ffv1")
    write_video(tmp_path / "town.mkv", source, 10, codec="ffv1")
    write_truth(tmp_path / "town.npz", class_maps(0))
    results = evaluate(tmp_path / "fake.mkv", tmp_path / "town.mkv", tmp_path / "out", truth=tmp_path / "town.npz")
    assert results.protocol["size"] == "64x48 (source resized from 128x96)"
    assert value(results, "warping_error") == pytest.approx(0, abs=1e-9)


def test_one_frame_has_numbers_but_no_film(tmp_path):
    write_clip(tmp_path / "clip", pictures(0, 1))
    results = evaluate(tmp_path / "clip", tmp_path / "clip", tmp_path / "out")
    of_frames = {measure.name for measure in PICTURES} - {"variety_kept", "tint", "ghosts"}
    assert set(results.results) - DEEP == {"sharpness"} | of_frames
    assert "data:video" not in (tmp_path / "out" / "report.html").read_text()


def test_without_opencv_exact_motion_still_measures(world, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    config = EvaluationConfig(num_shown=0, num_draws=20)
    results = evaluate(world / "source", world / "source", tmp_path, truth=world / "truth", config=config)
    assert "flow_difference" not in results.results
    assert "OpenCV" in results.protocol["motion difference"]


class Distance(torch.nn.Module):
    """Stands for a perceptual distance such as LPIPS."""

    def forward(self, left, right):
        return (left - right).abs().mean(dim=(1, 2, 3))


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_networks_of_others_give_their_measures(world, tmp_path):
    torch.jit.script(torch.nn.AvgPool2d(16)).save(tmp_path / "features.pt")
    frames = torch.zeros(1, 3, 48, 64)
    torch.export.save(torch.export.export(Distance(), (frames, frames.clone())), tmp_path / "distance.pt2")
    config = EvaluationConfig(
        features=str(tmp_path / "features.pt"), perceptual=str(tmp_path / "distance.pt2"), num_shown=0, num_draws=20
    )
    arguments = {"target": world / "source", "truth": world / "truth", "config": config}
    same = evaluate(world / "source", world / "source", tmp_path / "same", **arguments)
    other = evaluate(world / "labels", world / "source", tmp_path / "other", **arguments)
    assert value(same, "perceptual_change_difference") == 0
    assert value(other, "perceptual_change_difference") > 0.001
    assert value(same, "fid") == pytest.approx(0, abs=1e-6)
    assert value(other, "fid") > 0.1
    assert value(other, "kid") > 10 * value(same, "kid")
    assert same.protocol["features"].endswith("features.pt")


def mistakes(world, tmp_path):
    ok = {"translated": world / "source", "source": world / "source"}
    return {
        "no such video or folder": {**ok, "translated": tmp_path / "absent"},
        "holds no clip": {**ok, "translated": write_pair(tmp_path / "renamed", ("a", "b"))},
        "translate the whole clip again": {**ok, "translated": write_pair(tmp_path / "short", ("clip0", "clip1"), 3)},
        "expected the truth of clip0": {**ok, "truth": tmp_path},
        "truth of one clip": {**ok, "truth": write_truth(tmp_path / "one.npz", class_maps(0))},
        "expected arrays": {**ok, "truth": broken_truth(tmp_path / "broken", b"no zip")},
        "make the truth of the whole clip": {**ok, "truth": short_truth(tmp_path / "short_truth")},
        "no truth that tells it": {**ok, "config": EvaluationConfig(flow="exact")},
        "no truth to score": {**ok, "config": EvaluationConfig(labels="viper")},
        "did you mean 'viper'": {**ok, "truth": world / "truth", "config": EvaluationConfig(labels="vipr")},
        "holds no network": {**ok, "target": world / "source", "config": EvaluationConfig(features=__file__)},
        "nothing to compare with": {**ok, "config": EvaluationConfig(features="inception")},
        "give --flow raft": {**ok, "config": EvaluationConfig(raft_weights=tmp_path)},
        "no label set to score": {**ok, "config": EvaluationConfig(segmenter=tmp_path / "a.onnx")},
        "expected a segmenter": {
            **ok,
            "truth": world / "truth",
            "config": EvaluationConfig(labels="viper", segmenter=tmp_path / "absent.onnx"),
        },
        "give one of both": {
            **ok,
            "segment": lambda image: image[..., 0],
            "config": EvaluationConfig(segmenter=tmp_path / "a.onnx"),
        },
        "not among the classes of cityscapes": {
            **ok,
            "truth": world / "truth",
            "config": EvaluationConfig(labels="cityscapes"),
        },
    }


@pytest.mark.parametrize("name", ["num_samples", "num_draws", "film_frames"])
def test_numbers_out_of_their_range_are_refused(name):
    with pytest.raises(InputError, match=f"{name}: found 0, expected"):
        EvaluationConfig(**{name: 0})


def write_pair(folder, names, length=LENGTH):
    for name in names:
        write_clip(folder / name, pictures(0, length))
    return folder


def broken_truth(folder, content):
    folder.mkdir()
    for clip in range(2):
        (folder / f"clip{clip}.npz").write_bytes(content)
    return folder


def short_truth(folder):
    for clip in range(2):
        write_truth(folder / f"clip{clip}.npz", class_maps(clip, 4))
    return folder


def test_mistakes_are_told_in_one_line_and_nothing_is_written(world, tmp_path):
    for words, arguments in mistakes(world, tmp_path).items():
        with pytest.raises(InputError, match=words) as messages:
            evaluate(out=tmp_path / "out", **arguments)
        assert "\n" not in str(messages.value)
    assert not (tmp_path / "out").exists()


def test_places_that_cannot_be_written_are_refused_before_the_work(world, tmp_path):
    (tmp_path / "file").write_text("kept")
    (tmp_path / "out" / "report.html").mkdir(parents=True)
    seen = []
    for out, words in (("file", "is a file"), ("file/below", "cannot be written"), ("out", "is a folder")):
        with pytest.raises(InputError, match=words):
            evaluate(world / "source", world / "source", tmp_path / out, progress=lambda *state: seen.append(state))
    assert seen == []
    assert (tmp_path / "file").read_text() == "kept"


def test_frames_that_change_size_are_refused(world, tmp_path):
    images = [*pictures(0)]
    images[3] = images[3][:20]
    write_clip(tmp_path / "clip", images)
    with pytest.raises(InputError, match="frame 3 is 64x20, expected 64x48"):
        evaluate(tmp_path / "clip", world / "source" / "clip0", tmp_path / "out")


def test_evaluations_are_compared(world, tmp_path):
    write_pair(tmp_path / "fake", ("clip0", "clip1"))
    known = EvaluationConfig(num_shown=0, num_draws=20)
    evaluate(world / "source", world / "source", tmp_path / "calm", truth=world / "truth", config=known)
    evaluate(tmp_path / "fake", world / "source", tmp_path / "other", config=known)
    both = {"calm one": tmp_path / "calm", "other one": tmp_path / "other"}
    compare(both, tmp_path / "comparison.html")
    page = (tmp_path / "comparison.html").read_text()
    assert "calm one" in page
    assert 'class="best"' in page
    assert any("differ in flow" in line for line in differences({k: read_metrics(v) for k, v in both.items()}))


@pytest.mark.parametrize("content", [None, "{", "[]", json.dumps({"format": 0})])
def test_other_files_are_no_evaluation(tmp_path, content):
    if content is not None:
        (tmp_path / "metrics.json").write_text(content)
    with pytest.raises(InputError, match=r"metrics\.json"):
        compare({"one": tmp_path}, tmp_path / "out.html")


def test_void_counts_nowhere(world, tmp_path):
    classes = class_maps(0)
    classes[:, :10] = 255
    classes[:, 10:20] = VIPER.ignored[0]
    write_truth(tmp_path / "truth" / "clip0.npz", classes)
    wrong_there = class_maps(0)
    wrong_there[:, :20] = 20
    write_clip(tmp_path / "fake" / "clip0", label_maps(wrong_there))
    config = EvaluationConfig(labels="viper", num_shown=0, num_draws=20)
    results = evaluate(tmp_path / "fake", world / "source", tmp_path / "out", truth=tmp_path / "truth", config=config)
    assert value(results, "mean_iou") == 1


def test_settings_out_of_their_range_are_refused() -> None:
    for change in ({"num_samples": 1}, {"num_draws": 0}, {"film_frames": 0}, {"num_shown": -1}, {"num_worst": -1}):
        [(name, value)] = change.items()
        with pytest.raises(InputError, match=f"^{name}: found {value}, expected"):
            EvaluationConfig(**change)
