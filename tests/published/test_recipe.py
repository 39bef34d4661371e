"""The published options become the published recipes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recyclegan.methods import CycleGAN, ReCycleGAN, RecycleGAN, UnsupRecycleGAN
from recyclegan.published.published_options import TRAIN, Options
from recyclegan.published.recipe import deviations, method_config, network_config, notes_on_recipe
from recyclegan.settings.networks import NetworkConfig
from recyclegan.settings.presets import PRESETS


def options(**given: Any) -> Options:
    defaults = {option.name: option.default for option in TRAIN}
    assert given.keys() <= defaults.keys()
    return Options({**defaults, **given}, frozenset(given))


V2C = {
    "model": "unsup_single",
    "lambda_cycle_A": 0.0,
    "lambda_cycle_B": 0.0,
    "lambda_content_A": 1.0,
    "lambda_content_B": 1.0,
}
V2L = {"model": "unsup_single", "lambda_spa_unsup_B": 0.0, "lambda_unsup_cycle_A": 0.0}


@pytest.mark.parametrize(("given", "preset"), [(V2C, "viper-to-cityscapes"), (V2L, "video-to-label")])
def test_the_published_commands_are_the_presets(given: dict[str, Any], preset: str) -> None:
    expected = PRESETS[preset].config
    config = method_config(options(**given))
    assert config == replace(expected, flow=replace(expected.flow, relative=False))


def test_networks_by_their_published_names() -> None:
    given = options(which_model_netG="unet_128", ngf=8, norm="batch", no_dropout=True, no_lsgan=True, ndf=6)
    assert network_config(given) == NetworkConfig(
        generator="unet-128", width=8, norm="batch", dropout=False, discriminator_width=6, objective="cross-entropy"
    )
    assert network_config(options()).dropout
    assert network_config(options(n_layers_D=5)).discriminator_layers == 3
    assert network_config(options(which_model_netD="n_layers", n_layers_D=5)).discriminator_layers == 5
    assert network_config(options(which_model_netD="pixel")).discriminator == "pixel"


def test_cycle_gan_weighs_identity_by_lambda() -> None:
    config = method_config(options(lambda_A=8.0, lambda_B=4.0, identity=0.5))
    assert config == CycleGAN.Config(cycle=(8.0, 4.0), identity=(4.0, 2.0))


def test_lambda_cycle_is_heard_by_every_method() -> None:
    assert method_config(options(lambda_cycle_A=3.0)).cycle == (3.0, 10.0)
    assert method_config(options(model="reCycle_gan", lambda_cycle_B=3.0)).cycle == (10.0, 3.0)
    recycle = method_config(options(model="recycle_gan", lambda_cycle_A=3.0))
    assert type(recycle) is ReCycleGAN.Config
    assert recycle.cycle == (3.0, 0.0)
    assert type(method_config(options(model="recycle_gan"))) is RecycleGAN.Config


def test_recycle_gan_and_its_predictor() -> None:
    given = options(model="recycle_gan", lambda_A=5.0, which_model_netP="prediction", npf=2, adversarial_loss_p=True)
    assert method_config(given) == RecycleGAN.Config(
        recurrent=(5.0, 10.0),
        recycle=(5.0, 10.0),
        adversarial_predicted=(1.0, 1.0),
        predictor="prediction",
        predictor_width=2,
    )


def test_u_nets_that_predict_are_as_wide_as_the_generators_unless_told() -> None:
    assert method_config(options(model="recycle_gan", ngf=8)).predictor_width is None
    assert method_config(options(model="recycle_gan", ngf=8, npf=3)).predictor_width == 3


def test_identity_is_heard_by_every_method() -> None:
    assert method_config(options(model="recycle_gan")).identity == (0.0, 0.0)
    assert method_config(options(model="recycle_gan", identity=0.5, lambda_B=4.0)).identity == (5.0, 2.0)
    assert method_config(options(model="reCycle_gan")).identity == (5.0, 5.0)
    assert method_config(options(model="reCycle_gan", output_nc=1)).identity == (0.0, 0.0)
    assert method_config(options(model="unsup_single", lambda_identity=3.0)).identity == (3.0, 3.0)
    assert method_config(options(model="unsup_single", identity=0.2)).identity == (2.0, 2.0)
    assert "identity" in deviations(options(model="recycle_gan", identity=0.5))[-1]


def test_flow_is_the_published_one_in_pixels() -> None:
    given = options(model="unsup_single", motion_level=4.0, shift_level=3.0, scale_level=1.5, noise_level=0.01)
    flow = method_config(given).flow
    assert (flow.motion, flow.shift, flow.zoom, flow.noise, flow.relative) == (4.0, 3, 1.5, 0.01, False)


def test_identity_where_channels_differ_is_left_out_unless_asked_for() -> None:
    assert method_config(options(output_nc=1)).identity == (0.0, 0.0)
    assert method_config(options(output_nc=1, identity=0.5)).identity == (5.0, 5.0)


def test_the_weights_file_of_vgg() -> None:
    config = method_config(options(model="unsup_single", vgg="vgg.pth"))
    assert isinstance(config, UnsupRecycleGAN.Config)
    assert config.vgg == Path("vgg.pth")


def test_options_that_the_method_has_no_term_for_are_told() -> None:
    assert notes_on_recipe(options()) == []
    assert "--motion_level" in notes_on_recipe(options(motion_level=3.0))[0]
    assert "--no_flip" in notes_on_recipe(options(dataset_mode="unaligned_scale", no_flip=True))[0]
    assert notes_on_recipe(options(no_flip=True)) == []
    assert "--npf" in notes_on_recipe(options(model="unsup_single", npf=3))[0]


def test_deviations_are_those_of_the_method() -> None:
    assert sum("warping" in line for line in deviations(options(model="unsup_single"))) == 1
    assert not any("warping" in line for line in deviations(options()))
    assert any("VGG" in line for line in deviations(options(**V2C)))
    assert any("swaps" in line for line in deviations(options(which_direction="BtoA")))
