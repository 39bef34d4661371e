"""Distillation of a translator into a smaller and steadier one, one direction.

Source: after Hinton, Vinyals and Dean 2015, arXiv 1503.02531; Li et al., CVPR 2020, arXiv 2003.08936 (of generators).
"""

import torch
from jaxtyping import Float
from torch import Tensor

from recyclegan import losses
from recyclegan.domains import Direction
from recyclegan.flow import sample_motion, sample_noise
from recyclegan.methods.method import Fakes, Method
from recyclegan.settings.methods import DistillConfig
from recyclegan.tensors import Clips, Terms, Translated


class Distillation(Method):
    """Ask that the student paints what its teacher paints, and that its translating and warping commute.

    Each frame of ``real`` holds the channels of a, and behind them those of what the teacher made of it.
    """

    name = "distill"
    directions = ("ab",)
    imitates = True

    Config = DistillConfig
    config: DistillConfig

    def translate(self, real: Clips, direction: Direction) -> Fakes:
        """Return what the student makes of each frame."""
        x, _ = self.parted(real)
        return self.generators[direction](x)

    def parted(self, real: Clips) -> tuple[Float[Tensor, "batch channels_a height width"], Translated]:
        """Return the frames of a, and what the teacher made of them."""
        x, wanted = real[:, 0].tensor_split([self.domains.channels_of("a")], dim=1)
        return x, wanted

    def generator_terms(self, real: Clips, fake: Fakes, direction: Direction, rng: torch.Generator) -> Terms:
        """Yield the three terms."""
        G, w, flow = self.generators[direction], self.config, self.config.flow
        (x, wanted), y = self.parted(real), fake

        if w.adversarial:
            yield "adversarial", w.adversarial * self.adversarial_loss(x[:, None], y, direction, rng)
        if w.imitation:
            yield "imitation", w.imitation * losses.imitation(y, wanted, w.bands)
        if w.unsup_spatial:
            f, n = sample_motion(flow, x, rng), sample_noise(flow, x, rng)
            yield "unsup_spatial", w.unsup_spatial * losses.unsup_spatial(G, x, y, f, n)
