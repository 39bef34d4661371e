"""Unsupervised Recycle-GAN. Source: Wang, Akash and Misu, AAAI 2022, arXiv 2201.05723."""

import torch
from torch import nn

from recyclegan import losses
from recyclegan.domains import VIDEO, Direction, Domains, opposite, source_domain
from recyclegan.errors import InputError
from recyclegan.features import load_content_features
from recyclegan.flow import sample_motion, sample_noise
from recyclegan.methods.method import Fakes, Method
from recyclegan.settings.methods import UnsupRecycleGANConfig
from recyclegan.settings.networks import NetworkConfig
from recyclegan.tensors import Clips, Terms


class UnsupRecycleGAN(Method):
    """Ask that translating and warping commute, under synthetic flow that is exact in both domains."""

    name = "unsup-recycle-gan"
    compares = ("identity",)

    Config = UnsupRecycleGANConfig
    config: UnsupRecycleGANConfig

    def __init__(
        self,
        config: UnsupRecycleGANConfig,
        networks: NetworkConfig,
        domains: Domains = VIDEO,
        features: nn.Module | None = None,
    ) -> None:
        """Build the networks; ``features`` replaces VGG-19 in the content term."""
        super().__init__(config, networks, domains)
        if features is None and any(config.content):
            features = load_content_features(config.vgg)
        self.features = features

    def check(self) -> None:
        """Refuse identity between domains that differ in channels, and content that is no colour video."""
        super().check()
        if any(self.config.content) and (channels := self.domains.channels) != (3, 3):
            raise InputError(f"content: found {channels} channels, expected 3 in both; set the weight of content to 0")

    def generator_terms(self, real: Clips, fake: Fakes, direction: Direction, rng: torch.Generator) -> Terms:
        """Yield the six terms of one direction."""
        G, F = self.generators[direction], self.generators[opposite(direction)]
        w = self.weights(direction, "adversarial", "cycle", "unsup_recycle", "unsup_spatial", "content", "identity")
        flow = self.config.flow
        x, y = real[:, 0], fake
        seen = self.seen(x, source_domain(direction))

        if w["adversarial"]:
            yield "adversarial", w["adversarial"] * self.adversarial_loss(real, y, direction, rng)
        if w["cycle"]:
            yield "cycle", w["cycle"] * losses.cycle(F(y), seen)
        if w["unsup_recycle"]:
            f1, n = sample_motion(flow, x, rng), sample_noise(flow, y, rng)
            yield "unsup_recycle", w["unsup_recycle"] * losses.unsup_recycle(F, seen, y, f1, n)
        if w["unsup_spatial"]:
            f2, n = sample_motion(flow, x, rng), sample_noise(flow, x, rng)
            yield "unsup_spatial", w["unsup_spatial"] * losses.unsup_spatial(G, x, y, f2, n)
        if w["content"]:
            assert self.features is not None
            yield "content", w["content"] * losses.content(self.features(y), self.features(seen))
        if w["identity"]:
            yield "identity", w["identity"] * losses.identity(F(seen), seen)
