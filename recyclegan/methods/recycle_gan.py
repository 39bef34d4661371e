"""Recycle-GAN, and ReCycle-GAN, which adds cycle consistency to it.

Source: Bansal, Ma, Ramanan and Sheikh, ECCV 2018, arXiv 1808.05174.
"""

from dataclasses import dataclass

import torch
from torch import nn

from recyclegan import losses
from recyclegan.errors import InputError
from recyclegan.methods.method import Fakes, Method, NetworkConfig, PerDomain
from recyclegan.networks import PredictorName, make_predictor
from recyclegan.tensors import (
    DOMAINS,
    Clips,
    Direction,
    Domain,
    Frames,
    Losses,
    Scalar,
    opposite,
    source_domain,
    target_domain,
)


class RecycleGAN(Method):
    """Ask that a clip translated, continued by a predictor, and translated back is the clip that went on."""

    name = "recycle-gan"
    clip_length = 3

    @dataclass(frozen=True)
    class Config:
        """Weights of the terms, for x in a and for x in b. A weight of 0 leaves its term out."""

        adversarial: PerDomain = (1.0, 1.0)
        """Each of the three translated frames looks like the other domain."""
        recurrent: PerDomain = (10.0, 10.0)
        """The predictor tells the third frame from the first two."""
        recycle: PerDomain = (10.0, 10.0)
        """The third frame predicted in the other domain, translated back, is the third frame."""
        adversarial_predicted: PerDomain = (0.0, 0.0)
        """Frames predicted from real ones look like their own domain."""
        predictor: PredictorName = "unet-128"
        """Architecture of the predictors."""
        predictor_width: int = 64
        """Channels of the predictors' first layer; "prediction" multiplies it by 128 inside, so give it 4."""

        def __post_init__(self) -> None:
            """Refuse predictors without layers."""
            if self.predictor_width < 1:
                raise InputError(f"predictor_width: found {self.predictor_width}, expected at least 1")

    config: Config

    def __init__(self, config: Config, networks: NetworkConfig, channels: tuple[int, int] = (3, 3)) -> None:
        """Build the networks, and a predictor for each domain."""
        super().__init__(config, networks, channels)
        self.predictors = nn.ModuleDict(
            {
                domain: make_predictor(config.predictor, count, config.predictor_width, networks.norm)
                for domain, count in zip(DOMAINS, channels, strict=True)
            }
        )

    def generator_losses(
        self,
        real: Clips,
        way: Direction,
        rng: torch.Generator,  # noqa: ARG002
    ) -> tuple[Losses, Fakes]:
        """Return the four terms of one direction; the fakes are all first frames, all second ones, all third ones."""
        G, F = self.generators[way], self.generators[opposite(way)]
        D, D_source = self.discriminators[target_domain(way)], self.discriminators[source_domain(way)]
        w = self.weights(way, "adversarial", "recurrent", "recycle", "adversarial_predicted")
        x0, x1, x2 = real.unbind(dim=1)
        y0, y1 = G(x0), G(x1)
        y2 = self.predict(target_domain(way), y0, y1)
        fakes = torch.cat([y0, y1, y2])

        terms: Losses = {}
        if w["adversarial"]:
            terms["adversarial"] = w["adversarial"] * 3 * self.adversarial(D(fakes))
        if w["recycle"]:
            terms["recycle"] = w["recycle"] * losses.recycle(F(y2), x2)
        if w["recurrent"] or w["adversarial_predicted"]:
            predicted = self.predict(source_domain(way), x0, x1)
            if w["recurrent"]:
                terms["recurrent"] = w["recurrent"] * losses.recurrent(predicted, x2)
            if w["adversarial_predicted"]:
                verdict = D_source(predicted)
                terms["adversarial_predicted"] = w["adversarial_predicted"] * self.adversarial(verdict)
        return terms, fakes

    def discriminator_loss(self, domain: Domain, real: Frames, fake: Frames) -> Scalar:
        """Return the loss over the three frames of clips and their three fakes, and over the frame predicted from two.

        ``real`` holds clips one after another. The predicted frame counts as a fake of the clip's third frame.
        """
        x0, x1, x2 = real.unflatten(0, (-1, 3)).unbind(dim=1)
        with torch.no_grad():
            predicted = self.predict(domain, x0, x1)
        return 3 * super().discriminator_loss(domain, real, fake) + super().discriminator_loss(domain, x2, predicted)

    def predict(self, domain: Domain, first: Frames, second: Frames) -> Frames:
        """Return the frame that follows two of ``domain``."""
        return self.predictors[domain](torch.cat([first, second], dim=1))


class ReCycleGAN(RecycleGAN):
    """Recycle-GAN, asking also that the way there and back gives the first two frames again."""

    name = "re-cycle-gan"

    @dataclass(frozen=True)
    class Config(RecycleGAN.Config):
        """Weights of the terms, for x in a and for x in b. A weight of 0 leaves its term out."""

        cycle: PerDomain = (10.0, 10.0)
        """There and back gives the first two frames again."""

    config: Config

    def generator_losses(self, real: Clips, way: Direction, rng: torch.Generator) -> tuple[Losses, Fakes]:
        """Return the terms of Recycle-GAN and the cycle term, summed over two frames."""
        F, w = self.generators[opposite(way)], self.weights(way, "cycle")
        terms, fakes = super().generator_losses(real, way, rng)
        if w["cycle"]:
            x, y = real[:, :2].transpose(0, 1).flatten(0, 1), fakes[: 2 * len(real)]
            terms["cycle"] = w["cycle"] * 2 * losses.cycle(F(y), x)
        return terms, fakes
