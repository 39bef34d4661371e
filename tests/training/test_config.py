"""A training configuration survives as JSON, refuses what cannot be trained, and the recipes are the published ones."""

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from recyclegan.data.resize import scale_of
from recyclegan.errors import InputError
from recyclegan.methods import UnsupRecycleGAN
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.methods import METHODS
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import NetworkConfig
from recyclegan.settings.presets import PRESETS
from recyclegan.settings.training import TrainConfig, config_from_dict, config_to_dict

DATA, OUT = Path("data"), Path("runs/one")


@pytest.mark.parametrize("name", METHODS)
def test_a_configuration_survives_as_json_with_its_method_by_name(name: str) -> None:
    config = TrainConfig(DATA, OUT, METHODS[name].Config(), NetworkConfig(width=8), steps=7, betas=(0.1, 0.2))
    values = json.loads(json.dumps(config_to_dict(config)))
    assert values["method"]["name"] == name == config.method_name
    assert config_from_dict(values) == config


def test_every_field_survives() -> None:
    method = UnsupRecycleGAN.Config(vgg=Path("vgg.pth"), flow=FlowSynthesis(zoom=3.0), content=(1.0, 0.5))
    frames = DataConfig((64, 96), (70, 100), "rectangle", flip=True, labels="ab", channels=(1, 3), cache=Path("c"))
    config = TrainConfig(DATA, OUT, method, frames=frames, decay=0.5, history=50, precision="bf16-mixed", device="cpu")
    assert config_from_dict(json.loads(json.dumps(config_to_dict(config)))) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": "many"}, "run.json.steps: found 'many', expected int"),
        ({"stepz": 3}, "run.json: unknown field 'stepz' (did you mean 'steps'?)"),
        ({"method": {"name": "cycle-gam"}}, "run.json: unknown method 'cycle-gam' (did you mean 'cycle-gan'?)"),
        ({"method": {}}, "run.json: unknown method None"),
        ({"method": {"name": "unsup-recycle-gan", "cycl": [1, 1]}}, "run.json: method: unknown field 'cycl'"),
        ({"method": {"name": "unsup-recycle-gan", "flow": {"zoom": -1.0}}}, "flow zoom: found -1.0"),
        ({"frames": {"size": [256]}}, "run.json.frames.size: found 1 values, expected 2"),
        ({"precision": "8"}, "run.json.precision: found '8', expected '32', 'bf16-mixed', '16-mixed'"),
    ],
    ids=str,
)
def test_mistakes_in_a_stored_configuration_are_named(change: dict[str, Any], message: str) -> None:
    values = {**config_to_dict(TrainConfig(DATA, OUT)), **change}
    with pytest.raises(InputError) as caught:
        config_from_dict(values, "run.json")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("method", [3, "unsup-recycle-gan", [1], None], ids=str)
def test_a_method_that_is_no_table_is_refused(method: Any) -> None:
    with pytest.raises(InputError, match=r"run.json"):
        config_from_dict({**config_to_dict(TrainConfig(DATA, OUT)), "method": method}, "run.json")


WRONG = [
    *({name: 0} for name in ("batch_size", "devices", "save_every", "keep", "log_every", "sample_every", "steps")),
    *({"decay": value} for value in (-0.1, 1.1, float("nan"))),
    *({"drop_every": value} for value in (-0.1, 1e-9, 0.19, 1.1)),
    {"save_epochs": -1},
    *({"ema": value} for value in (-0.1, 1.0)),
    *({"lr": value} for value in (0.0, -1.0, float("nan"), float("inf"))),
    {"epochs": 0.0},
    {"history": -1},
    *({"clip_gradients": value} for value in (-1.0, float("nan"), float("inf"))),
    {"ramp_up": 1.5},
    *({"seed": value} for value in (-1, 2**32, 10**30)),
    *({"betas": value} for value in ((1.0, 0.9), (0.5, -0.1))),
]


@pytest.mark.parametrize("change", WRONG, ids=str)
def test_what_cannot_be_trained_is_refused_by_name(change: dict[str, Any]) -> None:
    [(name, value)] = change.items()
    shown = " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    with pytest.raises(InputError, match=rf"^{name}: found {re.escape(shown)}, expected "):
        TrainConfig(DATA, OUT, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": (31, 64)}, "size: found 31 64, expected 32 to 16384"),
        ({"size": (10**9, 64)}, "size: found 1000000000 64, expected 32 to 16384"),
        ({"load_size": (0, 64)}, "load_size: found 0 64, expected 1 to 16384"),
        ({"cache_gb": float("nan")}, "cache_gb: found nan, expected above 0 and at most"),
        ({"channels": (3, 2)}, r"channels: found \(3, 2\), expected 1 or 3"),
    ],
)
def test_frames_that_no_network_takes_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DataConfig(**change)


def test_frames_are_loaded_larger_by_the_published_factor_unless_whole_or_stated() -> None:
    assert scale_of(DataConfig()).loaded == (286, 286)
    assert scale_of(DataConfig((256, 512))).loaded == (286, 572)
    assert scale_of(DataConfig((256, 512), crop="none")).loaded == (256, 512)
    assert scale_of(DataConfig((256, 512), (300, 600))).loaded == (300, 600)


@pytest.mark.parametrize(("labels", "found"), [("none", ""), ("a", "a"), ("b", "b"), ("ab", "ab")])
def test_label_domains_are_told_apart(labels: Any, found: str) -> None:
    assert "".join(d for d in ("a", "b") if DataConfig(labels=labels).is_label(d)) == found


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_valid_configuration(name: str) -> None:
    preset = PRESETS[name]
    config = TrainConfig(DATA, OUT, preset.config, frames=preset.frames, **preset.others)
    assert config.method_name == preset.method
    assert config_from_dict(json.loads(json.dumps(config_to_dict(config)))) == config


WEIGHTS = ("adversarial", "cycle", "unsup_recycle", "unsup_spatial", "content", "identity")


@pytest.mark.parametrize(
    ("name", "weights", "size", "load_size", "epochs"),
    [
        ("viper-to-cityscapes", ((1, 1), (0, 0), (10, 10), (10, 10), (1, 1), (0, 0)), (256, 512), (286, 542), 2),
        ("video-to-label", ((1, 1), (10, 10), (0, 10), (10, 0), (0, 0), (0, 0)), (256, 256), (286, 286), 5),
    ],
)
def test_the_recipes_are_the_published_ones(name: str, weights: Any, size: Any, load_size: Any, epochs: float) -> None:
    preset = PRESETS[name]
    config = TrainConfig(DATA, OUT, preset.config, frames=preset.frames, **preset.others)
    assert tuple(getattr(preset.config, term) for term in WEIGHTS) == weights
    assert (config.frames.size, scale_of(config.frames).loaded, config.epochs) == (size, load_size, epochs)
    assert (config.frames.resize, config.frames.crop) == ("rectangle", "rectangle")
    assert (config.lr, config.betas, config.batch_size, config.history) == (2e-4, (0.5, 0.999), 1, 0)
    networks = config.networks
    assert (networks.generator, networks.width, networks.dropout, networks.norm) == ("resnet-6", 64, False, "instance")
    assert (networks.discriminator_width, networks.discriminator_layers) == (64, 3)
    assert (preset.config.flow.motion, preset.config.flow.shift, preset.config.flow.noise) == (8, 10, 0.001)
    assert config.frames.labels == ("b" if name == "video-to-label" else "none")


def test_every_option_is_explained() -> None:
    for kind in (TrainConfig, DataConfig, NetworkConfig):
        text = Path(__import__(kind.__module__, fromlist=["_"]).__file__).read_text()
        for known in fields(kind):
            if known.name not in ("networks", "frames"):
                after = text.split(f"    {known.name}: ", 1)[1].split("\n", 2)[1]
                assert after.strip().startswith('"""'), f"{kind.__name__}.{known.name} has no words"


def test_a_configuration_can_be_changed_but_not_in_place() -> None:
    config = TrainConfig(DATA, OUT)
    assert replace(config, seed=3).seed == 3
    with pytest.raises(AttributeError):
        config.seed = 3  # type: ignore[misc]


@pytest.mark.parametrize(("layers", "size"), [(4, (32, 64)), (5, (64, 64))])
def test_a_discriminator_that_leaves_no_patch_to_judge_is_refused(layers: int, size: tuple[int, int]) -> None:
    networks, frames = NetworkConfig(discriminator_layers=layers), DataConfig(size=size)
    with pytest.raises(InputError, match=f"discriminator_layers: found {layers}, too many for frames of"):
        TrainConfig(DATA, OUT, networks=networks, frames=frames)
    TrainConfig(DATA, OUT, networks=NetworkConfig(discriminator_layers=layers - 1), frames=frames)
