"""The networks: generators, predictors, discriminators and the features of the content term, by name."""

from recyclegan.networks.discriminators import PatchGAN, PixelDiscriminator
from recyclegan.networks.features import VGGFeatures, load_content_features
from recyclegan.networks.layers import initialize
from recyclegan.networks.prediction import PredictionNetwork
from recyclegan.networks.registry import (
    make_discriminator,
    make_generator,
    make_predictor,
)
from recyclegan.networks.resnet import ResNetGenerator
from recyclegan.networks.unet import UNet

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
