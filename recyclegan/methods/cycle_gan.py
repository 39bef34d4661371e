"""CycleGAN. Source: Zhu, Park, Isola and Efros, ICCV 2017, arXiv 1703.10593."""

import torch

from recyclegan import losses
from recyclegan.domains import Direction, opposite, source_domain
from recyclegan.methods.method import Fakes, Method
from recyclegan.settings.methods import CycleGANConfig
from recyclegan.tensors import Clips, Terms


class CycleGAN(Method):
    """Ask that the way there and back gives the frame again."""

    name = "cycle-gan"
    compares = ("identity",)

    Config = CycleGANConfig
    config: CycleGANConfig

    def generator_terms(self, real: Clips, fake: Fakes, direction: Direction, rng: torch.Generator) -> Terms:
        """Yield the three terms of one direction."""
        F = self.generators[opposite(direction)]
        w = self.weights(direction, "adversarial", "cycle", "identity")
        x, y = self.seen(real[:, 0], source_domain(direction)), fake

        if w["adversarial"]:
            yield "adversarial", w["adversarial"] * self.adversarial_loss(real, y, direction, rng)
        if w["cycle"]:
            yield "cycle", w["cycle"] * losses.cycle(F(y), x)
        if w["identity"]:
            yield "identity", w["identity"] * losses.identity(F(x), x)
