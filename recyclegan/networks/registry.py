"""Networks by name, as configurations and the command line write them."""

from collections.abc import Callable
from functools import partial
from typing import get_args

from torch import nn

from recyclegan.domains import Colours
from recyclegan.networks.colours import ColourGenerator
from recyclegan.networks.discriminators import PatchGAN, PixelDiscriminator, spectrally_normalized
from recyclegan.networks.layers import initialize
from recyclegan.networks.pyramid import PyramidGenerator
from recyclegan.networks.resnet import ResNetGenerator
from recyclegan.networks.students import LightUNet, SeparableResNet, classes_of
from recyclegan.networks.unet import PredictionNetwork, UNet
from recyclegan.networks.wrappers import ClassGenerator, DetailGenerator, IdentityGenerator, SmoothGenerator
from recyclegan.settings.networks import DiscriminatorName, GeneratorName, Norm, PredictorName

GENERATORS: dict[GeneratorName, Callable[..., nn.Module]] = {
    "resnet-6": partial(ResNetGenerator, num_blocks=6),
    "resnet-9": partial(ResNetGenerator, num_blocks=9),
    "unet-128": partial(UNet, levels=7),
    "unet-256": partial(UNet, levels=8),
    "detail-6": partial(DetailGenerator, num_blocks=6),
    "detail-9": partial(DetailGenerator, num_blocks=9),
    "classes-6": partial(SmoothGenerator, num_blocks=6),
    "classes-9": partial(SmoothGenerator, num_blocks=9),
    "identity-6": partial(IdentityGenerator, num_blocks=6),
    "identity-9": partial(IdentityGenerator, num_blocks=9),
    "colours-6": partial(ColourGenerator, num_blocks=6),
    "colours-9": partial(ColourGenerator, num_blocks=9),
    "pyramid-4": partial(PyramidGenerator, num_bands=2),
    "pyramid-8": partial(PyramidGenerator, num_bands=3),
    "separable-6": partial(SeparableResNet, num_blocks=6),
    "light-unet": LightUNet,
}
assert set(GENERATORS) == set(get_args(GeneratorName))
LABEL_GENERATORS: dict[GeneratorName, Callable[..., nn.Module]] = {
    "classes-6": partial(ClassGenerator, num_blocks=6),
    "classes-9": partial(ClassGenerator, num_blocks=9),
    "separable-6": partial(classes_of(SeparableResNet), num_blocks=6),
    "light-unet": classes_of(LightUNet),
}
"""What stands for the generator of the same name where the target is label maps."""


def make_generator(
    name: GeneratorName,
    channels_in: int = 3,
    channels_out: int = 3,
    width: int = 64,
    norm: Norm = "instance",
    dropout: bool = False,
    palette: Colours = (),
    extras: int = 0,
) -> nn.Module:
    """Return a generator with first weights drawn from N(0, 0.02) by torch's global random state.

    ``palette`` holds the colours of the target's label maps, where it is label maps; ``extras`` is how many channels it
    reads behind those of the frame.
    """
    if palette and name in LABEL_GENERATORS:
        network = LABEL_GENERATORS[name](channels_in + extras, palette, width=width, norm=norm, dropout=dropout)
    else:
        network = GENERATORS[name](channels_in + extras, channels_out, width=width, norm=norm, dropout=dropout)
    initialize(network)
    if isinstance(network, ResNetGenerator):
        network.num_extras = extras
    if isinstance(network, IdentityGenerator):
        network.start_at_identity()
    return network


def make_predictor(name: PredictorName, channels: int = 3, width: int = 64, norm: Norm = "instance") -> nn.Module:
    """Return a network from two frames joined by channel to the next, its first weights drawn from N(0, 0.02).

    "prediction" is far larger than the U-Nets of the same width: at width 4 it has the widths of a U-Net of 64.
    """
    if name == "prediction":
        network: nn.Module = PredictionNetwork(channels, width, norm)
    else:
        network = GENERATORS[name](2 * channels, channels, width=width, norm=norm)
    initialize(network)
    return network


def make_discriminator(
    name: DiscriminatorName,
    channels: int = 3,
    width: int = 64,
    num_layers: int = 3,
    norm: Norm = "instance",
    spectral: bool = False,
) -> nn.Module:
    """Return a discriminator with first weights drawn from N(0, 0.02); only "patch" has ``num_layers``.

    ``spectral`` divides each weight by its largest singular value.
    """
    if name == "pixel":
        network: nn.Module = PixelDiscriminator(channels, width, norm)
    else:
        network = PatchGAN(channels, width, num_layers, norm)
    initialize(network)
    return spectrally_normalized(network) if spectral else network
