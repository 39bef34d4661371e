"""Unsupervised Recycle-GAN. Source: Wang, Akash and Misu, AAAI 2022, arXiv 2201.05723."""

from collections.abc import Iterator, Mapping

import torch
from torch import nn

from recyclegan import losses
from recyclegan.domains import Colours, Direction, Domain, opposite, target_domain
from recyclegan.errors import InputError
from recyclegan.flow import sample_motion, sample_noise
from recyclegan.methods.method import NO_LABELS, Fakes, Method, check_equal_channels
from recyclegan.networks import load_content_features
from recyclegan.settings.methods import UnsupRecycleGANConfig
from recyclegan.settings.networks import NetworkConfig
from recyclegan.tensors import Clips, Scalar


class UnsupRecycleGAN(Method):
    """Ask that translating and warping commute, under synthetic flow that is exact in both domains."""

    name = "unsup-recycle-gan"

    Config = UnsupRecycleGANConfig
    config: UnsupRecycleGANConfig

    def __init__(
        self,
        config: UnsupRecycleGANConfig,
        networks: NetworkConfig,
        channels: tuple[int, int] = (3, 3),
        palettes: Mapping[Domain, Colours] = NO_LABELS,
        features: nn.Module | None = None,
    ) -> None:
        """Build the networks; ``features`` replaces VGG-19 in the content term."""
        check_equal_channels("identity", config.identity, channels)
        if any(config.content) and channels != (3, 3):
            raise InputError(f"content: found {channels} channels, expected 3 in both; set the weight of content to 0")
        super().__init__(config, networks, channels, palettes)
        if features is None and any(config.content):
            features = load_content_features(config.vgg)
        self.features = features

    def generator_terms(
        self, real: Clips, fake: Fakes, way: Direction, rng: torch.Generator
    ) -> Iterator[tuple[str, Scalar]]:
        """Yield the six terms of one direction."""
        G, F = self.generators[way], self.generators[opposite(way)]
        D = self.discriminators[target_domain(way)]
        w = self.weights(way, "adversarial", "cycle", "unsup_recycle", "unsup_spatial", "content", "identity")
        flow = self.config.flow
        x, y = real[:, 0], fake

        if w["adversarial"]:
            yield "adversarial", w["adversarial"] * self.adversarial(D(y))
        if w["cycle"]:
            yield "cycle", w["cycle"] * losses.cycle(F(y), x)
        if w["unsup_recycle"]:
            f1, n = sample_motion(flow, x, rng), sample_noise(flow, y, rng)
            yield "unsup_recycle", w["unsup_recycle"] * losses.unsup_recycle(F, x, y, f1, n)
        if w["unsup_spatial"]:
            f2, n = sample_motion(flow, x, rng), sample_noise(flow, x, rng)
            yield "unsup_spatial", w["unsup_spatial"] * losses.unsup_spatial(G, x, y, f2, n)
        if w["content"]:
            assert self.features is not None
            yield "content", w["content"] * losses.content(self.features(y), self.features(x))
        if w["identity"]:
            yield "identity", w["identity"] * losses.identity(F(x), x)
