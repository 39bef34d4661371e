"""CycleGAN. Source: Zhu, Park, Isola and Efros, ICCV 2017, arXiv 1703.10593."""

from dataclasses import dataclass

import torch

from recyclegan import losses
from recyclegan.methods.method import Fakes, Method, NetworkConfig, PerDomain, check_identity
from recyclegan.tensors import Clips, Direction, Losses, opposite, target_domain


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

    config: Config

    def __init__(self, config: Config, networks: NetworkConfig, channels: tuple[int, int] = (3, 3)) -> None:
        """Build the networks; the identity term needs as many channels in a as in b."""
        check_identity(config.identity, channels)
        super().__init__(config, networks, channels)

    def generator_losses(
        self,
        real: Clips,
        way: Direction,
        rng: torch.Generator,  # noqa: ARG002
    ) -> tuple[Losses, Fakes]:
        """Return the three terms of one direction."""
        G, F = self.generators[way], self.generators[opposite(way)]
        D = self.discriminators[target_domain(way)]
        w = self.weights(way, "adversarial", "cycle", "identity")
        x = real[:, 0]
        y = G(x)

        terms: Losses = {}
        if w["adversarial"]:
            terms["adversarial"] = w["adversarial"] * self.adversarial(D(y))
        if w["cycle"]:
            terms["cycle"] = w["cycle"] * losses.cycle(F(y), x)
        if w["identity"]:
            terms["identity"] = w["identity"] * losses.identity(F(x), x)
        return terms, y
