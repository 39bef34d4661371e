"""Training a generator a to b that reads more than frames: what each term shows it, and that it uses it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from recyclegan.checkpoint import Card, load_card, load_translator, save_translator
from recyclegan.config import from_dict, to_dict
from recyclegan.doctor import examine_run
from recyclegan.domains import Domains
from recyclegan.errors import InputError
from recyclegan.methods import Method
from recyclegan.methods.class_reader import ClassReader, with_one_class
from recyclegan.networks import make_generator
from recyclegan.planning.minutes import first_frames, trial_seconds
from recyclegan.settings.extra_inputs import METHODS_WITH_EXTRAS, ExtraConfig
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.methods import METHODS, UnsupRecycleGANConfig, config_of
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import GeneratorName, NetworkConfig
from recyclegan.settings.training import FaithfulnessConfig, TrainConfig, config_from_dict, config_to_dict
from recyclegan.steps.step import train_step
from recyclegan.steps.train_state import TrainState
from recyclegan.tiles.tiled import in_bands
from recyclegan.training import train
from recyclegan.video import read_image
from tests.data.test_extra_clips import extra_data
from tests.data.test_label_clips import labelled_data
from tests.small import NETWORKS, SIZE, random_clips, small_card, small_config, small_state

EXTRAS = ExtraConfig(("depth", "normals"), (1, 3))
NOWHERE = Path("nowhere")


def config(root: Path, out: str = "run", **changes: Any) -> TrainConfig:
    frames = DataConfig(size=SIZE, cache=root / "cache")
    return small_config(root, root / out, **{"extras": EXTRAS, "frames": frames, "steps": 2, **changes})


def method_of(name: str, extras: int, networks: NetworkConfig = NETWORKS, **changes: Any) -> Method:
    torch.manual_seed(0)
    kind = METHODS[name]
    return kind(replace(config_of(name)(), **changes), networks, Domains(extras=extras))


def state_of(method: Method, root: Path, /, **changes: Any) -> TrainState:
    made = small_state(small_config(root, root, **changes))
    return TrainState(method, made.config, made.fabric, 1000)


def losses_on(run: Path) -> dict[str, float]:
    return json.loads((run / "stats.jsonl").read_text().splitlines()[-1])


@pytest.mark.parametrize("name", METHODS_WITH_EXTRAS)
def test_every_method_reads_extras_and_leaves_out_terms_of_b_that_lack_them(name: str, tmp_path: Path) -> None:
    ones = {term: (1.0, 1.0) for term in ("cycle", "identity") if hasattr(config_of(name)(), term)}
    method = method_of(name, 4, **ones)
    state, plain = state_of(method, tmp_path), state_of(method_of(name, 0, **ones), tmp_path)
    clips = {domain: random_clips(number, method.clip_length) for number, domain in enumerate("ab")}
    extended = {**clips, "a": random_clips(0, method.clip_length, channels=7)}
    terms, usual = train_step(state, extended, 0), train_step(plain, clips, 0)
    assert all(value.isfinite() for value in terms.values())
    missing = usual.keys() - terms.keys()
    assert missing == usual.keys() & {f"ba/{term}" for term in ("cycle", "recycle", "unsup_recycle", "identity")}
    assert missing
    assert not terms.keys() - usual.keys()


def test_discriminators_and_the_reader_of_classes_see_frames_alone(tmp_path: Path) -> None:
    networks = replace(NETWORKS, adversary=replace(NETWORKS.adversary, masked=True, pairs=1.0))
    method = method_of("unsup-recycle-gan", 4, networks)
    method.reader = ClassReader((3, 2, 1))
    state = state_of(method, tmp_path, networks=networks)
    clips = {"a": with_one_class(random_clips(0, channels=7)), "b": random_clips(1)}
    terms = train_step(state, clips, 0)
    assert {"a/reader", "ab/labels"} <= terms.keys()
    assert all(value.isfinite() for value in terms.values())


class Watching(nn.Module):
    """Returns the colours, and remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def forward(self, frames: Tensor) -> Tensor:
        self.seen.append(frames.detach())
        return frames[:, :3]


def test_synthetic_flow_moves_extras_with_the_frame() -> None:
    method = method_of("unsup-recycle-gan", 3, flow=FlowSynthesis(noise=0.0))
    method.generators["ab"] = watching = Watching()
    colours = random_clips(0)
    clips = torch.cat([colours, -colours], dim=2)
    method.generator_losses(clips, "ab", torch.Generator())
    assert len(watching.seen) == 2
    assert not torch.equal(watching.seen[1][:, :3], colours[:, 0])
    for frames in watching.seen:
        torch.testing.assert_close(frames[:, 3:], -frames[:, :3])


@pytest.mark.parametrize("generator", ["resnet-6", "detail-6", "identity-6", "classes-6", "light-unet", "separable-6"])
def test_translators_keep_what_they_read_besides(generator: GeneratorName, tmp_path: Path) -> None:
    network = make_generator(generator, width=4, extras=4).eval()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.05)
    card = small_card(generator=generator, extras={"depth": 1, "normals": 3})
    save_translator(tmp_path / "ab.safetensors", network, card)
    again, stated = load_translator(tmp_path / "ab.safetensors")
    assert list(stated.extras.items()) == [("depth", 1), ("normals", 3)]
    assert stated.num_extras == 4
    frames = random_clips(0, channels=7)[:, 0]
    made = again(frames)
    assert made.shape == (1, 3, 32, 32)
    assert torch.equal(made, network(frames))
    assert not torch.equal(made, again(torch.cat([frames[:, :3], -frames[:, 3:]], dim=1)))
    with torch.no_grad():
        torch.testing.assert_close(in_bands(again, frames, 16), made, atol=1e-4, rtol=0)


def test_frames_kept_by_a_generator_are_those_of_the_source_alone() -> None:
    network = make_generator("identity-6", width=4, extras=1).eval()
    frames = random_clips(0, channels=4)[:, 0]
    assert torch.equal(network(frames), frames[:, :3])
    grey = make_generator("identity-6", 3, 1, width=4, extras=1).eval()
    torch.testing.assert_close(grey(frames), frames[:, :3].mean(dim=1, keepdim=True))


@pytest.mark.parametrize("extras", [{"depth": 2}, {str(number): 1 for number in range(40)}])
def test_cards_with_other_extras_are_refused(extras: dict[str, int]) -> None:
    with pytest.raises(InputError, match=r"card\.extras: expected"):
        small_card(extras=extras)


def test_cards_of_earlier_versions_have_none() -> None:
    stored = to_dict(small_card())
    del stored["extras"]
    assert from_dict(Card, stored, "card").extras == {}


def test_only_the_generator_from_a_reads_extras_and_samples_show_frames(tmp_path: Path) -> None:
    root, notes = extra_data(tmp_path), list[str]()
    train(config(root), notify=notes.append)
    assert load_card(root / "run" / "ab.safetensors").extras == {"depth": 1, "normals": 3}
    assert load_card(root / "run" / "ba.safetensors").extras == {}
    assert notes == ["extra: unsup_recycle of b left out: they translate frames that have no depth and normals"]
    assert "ab/equivariance" in losses_on(root / "run")
    (sheet,) = (root / "run" / "samples").iterdir()
    assert read_image(sheet).shape[2] == 3


def test_resuming_gives_the_same_bits(tmp_path: Path) -> None:
    root = extra_data(tmp_path)
    train(config(root, "whole", steps=4))
    train(config(root, "parts", steps=2))
    train(config(root, "parts", steps=4), resume=True)
    whole, parts = (
        torch.load(root / run / "step-00000004" / "state.pt", weights_only=True) for run in ("whole", "parts")
    )
    assert all(torch.equal(whole["networks"][key], parts["networks"][key]) for key in whole["networks"])
    assert losses_on(root / "whole") == losses_on(root / "parts")
    assert (root / "whole" / "ab.safetensors").read_bytes() == (root / "parts" / "ab.safetensors").read_bytes()


def test_extras_and_labels_can_be_given_together(tmp_path: Path) -> None:
    root = labelled_data(extra_data(tmp_path))
    train(config(root, faithfulness=replace(config(root).faithfulness, labels_weight=1.0)))
    assert {"ab/labels", "a/reader"} <= losses_on(root / "run").keys()


def test_changed_extras_are_told_when_a_run_goes_on(tmp_path: Path) -> None:
    root, notes = extra_data(tmp_path), list[str]()
    train(config(root))
    (root / "train" / "A_extra" / "depth" / "drive" / "frame_000.png").write_bytes(
        (root / "train" / "A_extra" / "depth" / "drive" / "frame_001.png").read_bytes()
    )
    train(config(root, steps=3), resume=True, notify=notes.append)
    assert any("1 changed (A_extra/depth/drive)" in note for note in notes)


def test_held_out_clips_need_their_extras_too(tmp_path: Path) -> None:
    root = extra_data(tmp_path)
    (root / "val" / "A_extra").rename(root / "val" / "elsewhere")
    with pytest.raises(InputError, match=r"val/A_extra/depth: no such folder; put depth of the clips of .*val/A t"):
        train(config(root))


def test_the_doctor_says_that_it_does_not_look_at_such_a_direction(tmp_path: Path) -> None:
    train(config(extra_data(tmp_path)))
    found = [finding.what for finding in examine_run(tmp_path / "run", data=tmp_path)]
    assert "ab: is not looked at, because it reads depth and normals too" in found


def test_minutes_time_them_too(tmp_path: Path) -> None:
    made = config(extra_data(tmp_path))
    assert 0 < trial_seconds(made, first_frames(made, 1)) < 60


def test_settings_survive_as_json_and_earlier_ones_have_none() -> None:
    made = small_config(NOWHERE, NOWHERE, extras=EXTRAS)
    stored = config_to_dict(made)
    assert config_from_dict(json.loads(json.dumps(stored))) == made
    del stored["extras"]
    assert config_from_dict(stored).extras == ExtraConfig()
    assert ExtraConfig(("depth", "labels")).channels == {"depth": 3, "labels": 3}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((("a/b",),), "extra: found 'a/b', expected the name of a folder"),
        (((".hidden",),), r"extra: found '\.hidden', expected the name"),
        ((("depth", "depth"),), "extra: found depth depth, expected each name once"),
        ((("depth",), (2,)), "extra_channels: found 2, expected 1 or 3 for each name of --extra"),
        ((("depth",), (1, 3)), "extra_channels: found 1 3, expected 1 or 3 for each name"),
        (((), (1,)), "extra_channels: found 1, expected"),
    ],
)
def test_names_and_channels_that_cannot_be_are_refused(values: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ExtraConfig(*values)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": DataConfig(size=SIZE, triplets=True)}, "extra: found --triplets"),
        ({"networks": replace(NETWORKS, generator="pyramid-4")}, "extra: found generator pyramid-4, .*take detail-6"),
        ({"method": config_of("cut")()}, "extra: found method cut, expected one of unsup-recycle-gan, "),
        ({"method": config_of("distill")()}, "extra: found method distill"),
    ],
)
def test_what_reads_no_extras_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        small_config(NOWHERE, NOWHERE, extras=EXTRAS, **changes)
    small_config(NOWHERE, NOWHERE, **changes)


def blocks(rng: np.random.Generator) -> Tensor:
    """Return a clip of one frame of blocks of 8 pixels, a third of them white and the others black."""
    coarse = np.where(rng.random((4, 4)) < 1 / 3, 1.0, -1.0)
    return torch.from_numpy(coarse.repeat(8, 0).repeat(8, 1)).float()[None, None, None]


def reader_of_brightness() -> ClassReader:
    """Return a reader to which white is the first class and black the second."""
    reader, network = ClassReader((1, 1)), nn.Conv2d(3, 2, 1)
    nn.init.zeros_(network.bias)
    for weight, value in zip(network.weight, (1.0, -1.0), strict=True):
        nn.init.constant_(weight, value)
    reader.network = network
    return reader


def misread_in_the_end(root: Path, tells: float) -> float:
    """Return how far translations of grey frames are from white and black blocks, which ``tells`` times an extra show.

    All that the generator is trained for is that these can be read in its translations.
    """
    off = dict.fromkeys(("adversarial", "unsup_recycle", "unsup_spatial"), (0.0, 0.0))
    method = method_of("unsup-recycle-gan", 1, **off)
    method.reader = reader_of_brightness()
    faithful = FaithfulnessConfig(1.0, labels_warm_up=0.0)
    state = state_of(method, root, method=UnsupRecycleGANConfig(**off), faithfulness=faithful, lr=5e-3)
    rng, grey, losses = np.random.default_rng(0), torch.zeros(1, 1, 3, 32, 32), list[float]()
    for step in range(40):
        white = blocks(rng)
        classes = torch.where(white > 0, 0, 1) / 127.5 - 1
        terms = train_step(state, {"a": torch.cat([grey, tells * white, classes], dim=2), "b": random_clips(1)}, step)
        losses.append(float(terms["ab/labels"]))
    return sum(losses[-5:]) / 5


def test_a_generator_paints_what_only_its_extra_tells(tmp_path: Path) -> None:
    assert misread_in_the_end(tmp_path, tells=1.0) < 0.3
    assert misread_in_the_end(tmp_path, tells=0.0) > 0.6
