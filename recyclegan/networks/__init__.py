"""The networks: generators, predictors and discriminators, by name.

For: methods and translators. In: frames, Float[batch channels height width] in [-1, 1]. Out: frames, or verdicts.
"""

from recyclegan.networks.discriminators import PatchGAN, PixelDiscriminator
from recyclegan.networks.layers import initialize
from recyclegan.networks.registry import make_discriminator, make_generator, make_predictor
from recyclegan.networks.resnet import ResNetGenerator
from recyclegan.networks.unet import PredictionNetwork, UNet

__all__ = [
    "PatchGAN",
    "PixelDiscriminator",
    "PredictionNetwork",
    "ResNetGenerator",
    "UNet",
    "initialize",
    "make_discriminator",
    "make_generator",
    "make_predictor",
]
