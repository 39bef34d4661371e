"""CycleGAN. Source: Zhu, Park, Isola and Efros, ICCV 2017, arXiv 1703.10593."""

from collections.abc import Iterator, Mapping

import torch

from recyclegan import losses
from recyclegan.domains import Colours, Direction, Domain, opposite, target_domain
from recyclegan.methods.method import NO_LABELS, Fakes, Method, check_equal_channels
from recyclegan.settings.methods import CycleGANConfig
from recyclegan.settings.networks import NetworkConfig
from recyclegan.tensors import Clips, Scalar


class CycleGAN(Method):
    """Ask that the way there and back gives the frame again."""

    name = "cycle-gan"

    Config = CycleGANConfig
    config: CycleGANConfig

    def __init__(
        self,
        config: CycleGANConfig,
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
