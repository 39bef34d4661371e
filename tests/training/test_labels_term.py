"""Training with label maps of the source: every method, its checkpoints, and what it must not change."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from recyclegan.config import from_dict, to_dict
from recyclegan.doctor import examine_data
from recyclegan.errors import InputError
from recyclegan.methods.class_reader import ClassReader, with_one_class
from recyclegan.planning.minutes import first_frames, trial_seconds
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.methods import METHODS, config_of
from recyclegan.settings.training import FaithfulnessConfig, TrainConfig, config_from_dict, config_to_dict
from recyclegan.steps.step import train_step
from recyclegan.steps.train_state import labels_weight
from recyclegan.training import train
from tests.data.test_label_clips import labelled_data
from tests.small import SIZE, label_map, random_clips, small_config, small_state

LABELS = FaithfulnessConfig(labels_weight=1.0, labels_warm_up=0.0)
NOWHERE = Path("nowhere")


def config(root: Path, out: str = "run", **changes: Any) -> TrainConfig:
    frames = DataConfig(size=SIZE, cache=root / "cache")
    return small_config(root, root / out, **{"faithfulness": LABELS, "frames": frames, "steps": 2, **changes})


def lines(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]


def test_the_weight_grows_over_its_warm_up() -> None:
    warm = small_config(NOWHERE, NOWHERE, faithfulness=FaithfulnessConfig(2.0, 0.5))
    assert [labels_weight(warm, step, 8) for step in range(8)] == [0, 0.5, 1, 1.5, 2, 2, 2, 2]
    assert labels_weight(small_config(NOWHERE, NOWHERE, faithfulness=LABELS), 0, 8) == 1


@pytest.mark.parametrize("name", METHODS)
def test_every_method_trains_with_the_term_and_only_a_to_b_has_it(name: str, tmp_path: Path) -> None:
    state = small_state(small_config(tmp_path, tmp_path, method=config_of(name)()))
    state.method.reader = ClassReader((3, 2, 1))
    state = type(state)(state.method, config(tmp_path, method=config_of(name)()), state.fabric, 8)
    time = state.method.clip_length
    clips = {domain: random_clips(number, time, size=(32, 48)) for number, domain in enumerate("ab")}
    before = {key: value.clone() for key, value in state.method.reader.state_dict().items()}
    terms = train_step(state, {**clips, "a": with_one_class(clips["a"])}, 0)
    assert [key for key in terms if key.endswith(("labels", "reader"))] == ["ab/labels", "a/reader"]
    assert all(value.isfinite() for value in terms.values())
    assert any(not torch.equal(value, before[key]) for key, value in state.method.reader.state_dict().items())
    trained = {parameter for group in state.optimizers["generator"].param_groups for parameter in group["params"]}
    assert not trained & set(state.method.reader.parameters())


def test_generators_follow_the_term_and_the_reader_does_not(tmp_path: Path) -> None:
    def step(weight: float) -> dict[str, torch.Tensor]:
        state = small_state(small_config(tmp_path, tmp_path))
        torch.manual_seed(1)
        state.method.reader = ClassReader((3, 2, 1))
        faithful = FaithfulnessConfig(weight, 0.0)
        state = type(state)(state.method, config(tmp_path, faithfulness=faithful), state.fabric, 8)
        clips = {domain: random_clips(number, size=(32, 48)) for number, domain in enumerate("ab")}
        train_step(state, {**clips, "a": with_one_class(clips["a"])}, 0)
        return state.method.state_dict()

    light, heavy = step(1.0), step(50.0)
    differing = {key.split(".")[0] + key.split(".")[1] for key in light if not torch.equal(light[key], heavy[key])}
    assert "generatorsab" in differing
    assert not any(key.startswith("reader") for key in differing)


def test_resuming_gives_the_same_bits(tmp_path: Path) -> None:
    root = labelled_data(tmp_path)
    train(config(root, "whole", steps=4))
    train(config(root, "parts", steps=2))
    train(config(root, "parts", steps=4), resume=True)
    whole, parts = (
        torch.load(root / run / "step-00000004" / "state.pt", weights_only=True) for run in ("whole", "parts")
    )
    readers = [key for key in whole["networks"] if key.startswith("reader.")]
    assert readers
    assert all(torch.equal(whole["networks"][key], parts["networks"][key]) for key in whole["networks"])
    assert whole["optimizers"].keys() == {"generator", "discriminator", "reader"}
    assert lines(root / "whole")[-1] == lines(root / "parts")[-1]
    assert {"ab/labels", "a/reader"} <= lines(root / "whole")[-1].keys()


def test_smaller_frames_have_smaller_label_maps(tmp_path: Path) -> None:
    frames = DataConfig(size=(64, 64), resize="rectangle")
    made = config(labelled_data(tmp_path), frames=frames, progressive=(2, 1))
    train(made)
    assert {"ab/labels", "a/reader"} <= lines(made.out)[-1].keys()


def test_weight_0_leaves_labels_unread_and_the_run_as_it_was(tmp_path: Path) -> None:
    root = labelled_data(tmp_path, num_maps=1)  # they do not fit, and nobody looks
    train(config(root, "with", faithfulness=FaithfulnessConfig()))
    state = torch.load(root / "with" / "step-00000002" / "state.pt", weights_only=True)
    assert state["optimizers"].keys() == {"generator", "discriminator"}
    assert not any(key.startswith("reader.") for key in state["networks"])
    assert "ab/labels" not in lines(root / "with")[-1]


def test_changed_label_maps_are_told_when_a_run_goes_on(tmp_path: Path) -> None:
    root, notes = labelled_data(tmp_path), list[str]()
    train(config(root))
    labelled_data(root, maps=lambda seed, **size: label_map(seed + 9, **size))
    train(config(root, steps=3), resume=True, notify=notes.append)
    assert any("1 changed (A_labels/drive)" in note for note in notes)


def test_minutes_time_the_segmenter_too(tmp_path: Path) -> None:
    made = config(labelled_data(tmp_path))
    assert 0 < trial_seconds(made, first_frames(made, 1)) < 60


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ({"labels": "b"}, "labels_weight: found --labels b, expected colour video in both domains"),
        ({"channels": (3, 1)}, "labels_weight: found grey frames, expected colour video"),
        ({"triplets": True}, "labels_weight: found --triplets"),
    ],
)
def test_frames_that_no_segmenter_reads_are_refused(frames: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        small_config(NOWHERE, NOWHERE, faithfulness=LABELS, frames=DataConfig(size=SIZE, **frames))
    small_config(NOWHERE, NOWHERE, frames=DataConfig(size=SIZE, **frames))


def test_settings_survive_as_json_and_earlier_ones_have_none() -> None:
    made = small_config(NOWHERE, NOWHERE, faithfulness=LABELS)
    stored = config_to_dict(made)
    assert config_from_dict(stored) == made
    del stored["faithfulness"]
    assert config_from_dict(stored).faithfulness == FaithfulnessConfig()
    assert from_dict(FaithfulnessConfig, to_dict(LABELS), "x") == LABELS


def test_the_doctor_finds_maps_that_do_not_fit(tmp_path: Path) -> None:
    root = labelled_data(tmp_path, num_maps=3)
    found = [finding for finding in examine_data(root, frames=2) if "of its clip" in finding.what]
    assert [finding.severity for finding in found] == ["problem"]
    assert found[0].remedy == "expected one for each"
