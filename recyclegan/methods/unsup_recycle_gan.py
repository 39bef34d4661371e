"""Unsupervised Recycle-GAN. Source: Wang, Akash and Misu, AAAI 2022, arXiv 2201.05723."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from recyclegan import losses
from recyclegan.config import check_numbers
from recyclegan.errors import InputError
from recyclegan.flow import FlowSynthesis
from recyclegan.methods.method import NO_LABELS, Fakes, Method, NetworkConfig, PerDomain, check_equal_channels
from recyclegan.networks import load_content_features
from recyclegan.tensors import Clips, Colours, Direction, Domain, Scalar, opposite, target_domain


class UnsupRecycleGAN(Method):
    """Ask that translating and warping commute, under synthetic flow that is exact in both domains."""

    name = "unsup-recycle-gan"

    @dataclass(frozen=True)
    class Config:
        """Weights of the terms, for x in a and for x in b. A weight of 0 leaves its term out."""

        adversarial: PerDomain = (1.0, 1.0)
        """Look like the other domain."""
        cycle: PerDomain = (0.0, 0.0)
        """There and back gives the frame again."""
        unsup_recycle: PerDomain = (10.0, 10.0)
        """There, moved, and back gives the moved frame."""
        unsup_spatial: PerDomain = (10.0, 10.0)
        """Translating the moved frame gives the moved translation."""
        content: PerDomain = (0.0, 0.0)
        """The translation keeps the frame's VGG-19 features."""
        identity: PerDomain = (0.0, 0.0)
        """A frame translated into its own domain stays as it is."""
        vgg: Path | None = None
        """File of VGG-19 weights for the content term; without one, torchvision's."""
        flow: FlowSynthesis = field(default_factory=FlowSynthesis)
        """The synthetic motion."""

        def __post_init__(self) -> None:
            """Refuse numbers out of their range."""
            check_numbers(self)

    config: Config

    def __init__(
        self,
        config: Config,
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
            f1, n = flow.sample(x, rng), flow.sample_noise(y, rng)
            yield "unsup_recycle", w["unsup_recycle"] * losses.unsup_recycle(F, x, y, f1, n)
        if w["unsup_spatial"]:
            f2, n = flow.sample(x, rng), flow.sample_noise(x, rng)
            yield "unsup_spatial", w["unsup_spatial"] * losses.unsup_spatial(G, x, y, f2, n)
        if w["content"]:
            assert self.features is not None
            yield "content", w["content"] * losses.content(self.features(y), self.features(x))
        if w["identity"]:
            yield "identity", w["identity"] * losses.identity(F(x), x)
