"""The networks: generators, predictors, discriminators and the features of the content term, by name.

For: methods and translators. In: frames, Float[batch channels height width] in [-1, 1]. Out: frames, or verdicts.
"""

from recyclegan.networks.discriminators import PatchGAN, PixelDiscriminator
from recyclegan.networks.layers import initialize
from recyclegan.networks.pretrained import VGGFeatures, load_content_features
from recyclegan.networks.registry import make_discriminator, make_generator, make_predictor
from recyclegan.networks.resnet import ResNetGenerator
from recyclegan.networks.unet import PredictionNetwork, UNet

__all__ = [
    "PatchGAN",
    "PixelDiscriminator",
    "PredictionNetwork",
    "ResNetGenerator",
    "UNet",
    "VGGFeatures",
    "initialize",
    "load_content_features",
    "make_discriminator",
    "make_generator",
    "make_predictor",
]
