"""CycleGAN. Source: Zhu, Park, Isola and Efros, ICCV 2017, arXiv 1703.10593."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from recyclegan import losses
from recyclegan.config import check_numbers
from recyclegan.methods.method import NO_LABELS, Fakes, Method, NetworkConfig, PerDomain, check_equal_channels
from recyclegan.tensors import Clips, Colours, Direction, Domain, Scalar, opposite, target_domain


class CycleGAN(Method):
    """Ask that the way there and back gives the frame again."""

    name = "cycle-gan"

    @dataclass(frozen=True)
    class Config:
        """Weights of the terms, for x in a and for x in b. A weight of 0 leaves its term out."""

        adversarial: PerDomain = (1.0, 1.0)
        """Look like the other domain."""
        cycle: PerDomain = (10.0, 10.0)
        """There and back gives the frame again."""
        identity: PerDomain = (5.0, 5.0)
        """A frame translated into its own domain stays as it is."""

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
    ) -> None:
        """Build the networks; the identity term needs as many channels in a as in b."""
        check_equal_channels("identity", config.identity, channels)
        super().__init__(config, networks, channels, palettes)

    def generator_terms(
        self, real: Clips, fake: Fakes, way: Direction, rng: torch.Generator
    ) -> Iterator[tuple[str, Scalar]]:
        """Yield the three terms of one direction."""
        F = self.generators[opposite(way)]
        D = self.discriminators[target_domain(way)]
        w = self.weights(way, "adversarial", "cycle", "identity")
        x, y = real[:, 0], fake

        if w["adversarial"]:
            yield "adversarial", w["adversarial"] * self.adversarial(D(y))
        if w["cycle"]:
            yield "cycle", w["cycle"] * losses.cycle(F(y), x)
        if w["identity"]:
            yield "identity", w["identity"] * losses.identity(F(x), x)
