"""Recycle-GAN, and ReCycle-GAN, which adds cycle consistency to it.

Source: Bansal, Ma, Ramanan and Sheikh, ECCV 2018, arXiv 1808.05174.
"""

from functools import partial

import torch
from torch import nn

from recyclegan import losses
from recyclegan.domains import DOMAINS, VIDEO, Direction, Domain, Domains, opposite, source_domain, target_domain
from recyclegan.methods.method import Fakes, Method
from recyclegan.networks import make_predictor
from recyclegan.settings.methods import ReCycleGANConfig, RecycleGANConfig
from recyclegan.settings.networks import NetworkConfig
from recyclegan.tensors import Clips, Frames, Scalar, Terms


class RecycleGAN(Method):
    """Ask that a clip translated, continued by a predictor, and translated back is the clip that went on."""

    name = "recycle-gan"
    clip_length = 3
    compares = ("identity",)

    Config = RecycleGANConfig
    config: RecycleGANConfig

    def __init__(self, config: RecycleGANConfig, networks: NetworkConfig, domains: Domains = VIDEO) -> None:
        """Build the networks, and a predictor for each domain."""
        super().__init__(config, networks, domains)
        usual_width = max(1, networks.width // 16) if config.predictor == "prediction" else networks.width
        width = config.predictor_width or usual_width
        make = partial(make_predictor, config.predictor, width=width, norm=networks.norm)
        self.predictors = nn.ModuleDict({domain: make(domains.channels_of(domain)) for domain in DOMAINS})

    def translate(self, real: Clips, direction: Direction) -> Fakes:
        """Return three fakes of each clip: all first ones, all second ones, and all third ones, which are predicted."""
        G = self.generators[direction]
        y0, y1 = G(real[:, 0]), G(real[:, 1])
        return torch.cat([y0, y1, self.predict(target_domain(direction), y0, y1)])

    def generator_terms(self, real: Clips, fake: Fakes, direction: Direction, rng: torch.Generator) -> Terms:
        """Yield the five terms of one direction."""
        F, source = self.generators[opposite(direction)], source_domain(direction)
        w = self.weights(direction, "adversarial", "recurrent", "recycle", "adversarial_predicted", "identity")
        x0, x1, x2 = self.seen(real, source_domain(direction)).unbind(dim=1)
        _, _, y2 = fake.chunk(3)

        if w["adversarial"]:
            yield "adversarial", w["adversarial"] * 3 * self.adversarial_loss(real, fake, direction, rng)
        if w["recycle"]:
            yield "recycle", w["recycle"] * losses.recycle(F(y2), x2)
        if w["recurrent"]:
            yield "recurrent", w["recurrent"] * losses.recurrent(self.predict(source, x0, x1), x2)
        if w["adversarial_predicted"]:
            fooling = self.adversary.fooling(source, self.predict(source, x0, x1), rng)
            yield "adversarial_predicted", w["adversarial_predicted"] * fooling
        if w["identity"]:
            x = torch.cat([x0, x1])
            yield "identity", w["identity"] * 2 * losses.identity(F(x), x)

    def discriminator_loss(
        self, domain: Domain, real: Frames, fake: Frames, rng: torch.Generator | None = None
    ) -> Scalar:
        """Return the loss over the three frames of clips and their three fakes, and over the frame predicted from two.

        ``real`` holds clips one after another. The predicted frame counts as a fake of the clip's third frame.
        """
        x0, x1, x2 = real.unflatten(0, (-1, 3)).unbind(dim=1)
        with torch.no_grad():
            predicted = self.predict(domain, x0, x1)
        single = super().discriminator_loss
        return 3 * single(domain, real, fake, rng) + single(domain, x2, predicted, rng)

    def predict(self, domain: Domain, first: Frames, second: Frames) -> Frames:
        """Return the frame that follows two of ``domain``."""
        return self.predictors[domain](torch.cat([first, second], dim=1))


class ReCycleGAN(RecycleGAN):
    """Recycle-GAN, asking also that the way there and back gives the first two frames again."""

    name = "re-cycle-gan"

    Config = ReCycleGANConfig
    config: ReCycleGANConfig

    def generator_terms(self, real: Clips, fake: Fakes, direction: Direction, rng: torch.Generator) -> Terms:
        """Yield the terms of Recycle-GAN and the cycle term, summed over two frames."""
        yield from super().generator_terms(real, fake, direction, rng)
        F, w = self.generators[opposite(direction)], self.weights(direction, "cycle")
        if w["cycle"]:
            x, y = self.seen(real[:, :2], source_domain(direction)).transpose(0, 1), fake[: 2 * len(real)]
            yield "cycle", w["cycle"] * 2 * losses.cycle(F(y), x.flatten(0, 1))
