"""What a method is: networks, and the losses of one direction. The trainer knows nothing more of it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from recyclegan import losses
from recyclegan.config import Weight
from recyclegan.domains import DIRECTIONS, DOMAINS, Colours, Direction, Domain, source_domain, target_domain
from recyclegan.errors import InputError
from recyclegan.networks import make_discriminator, make_generator
from recyclegan.settings.networks import NetworkConfig
from recyclegan.tensors import Clips, Frames, Losses, Scalar

PerDomain = tuple[Weight, Weight]
"""A weight for x in a and a weight for x in b."""
NO_LABELS: Mapping[Domain, Colours] = MappingProxyType({})
"""Palettes of two domains of video."""
Fakes = Float[Tensor, "fakes channels_out height width"]
"""Translated frames: one or several for each clip."""


def check_equal_channels(term: str, weights: PerDomain, channels: tuple[int, int]) -> None:
    """Refuse a term that shows a generator frames of its own target where the domains differ in channels."""
    if any(weights) and channels[0] != channels[1]:
        found = f"{channels[0]} channels in a and {channels[1]} in b"
        raise InputError(f"{term}: found {found}, expected as many in both; set the weight of {term} to 0")


class Method(nn.Module, ABC):
    """Generators, discriminators, and the losses of one direction; the trainer calls it for each of ``ways``.

    ``generators["ab"]`` translates a to b. ``discriminators["b"]`` judges frames of domain b.
    """

    name: ClassVar[str]
    clip_length: ClassVar[int] = 1
    ways: ClassVar[tuple[Direction, ...]] = DIRECTIONS
    Config: ClassVar[type]

    def __init__(
        self,
        config: Any,
        networks: NetworkConfig,
        channels: tuple[int, int] = (3, 3),
        palettes: Mapping[Domain, Colours] = NO_LABELS,
    ) -> None:
        """Build networks with first weights from torch's global random state.

        ``channels`` are those of a and b, ``palettes`` the colours of the domains that are label maps.
        """
        super().__init__()
        self.config, self.networks = config, networks
        of = dict(zip(DOMAINS, channels, strict=True))
        self.generators = nn.ModuleDict(
            {
                way: make_generator(
                    networks.generator,
                    of[source_domain(way)],
                    of[target_domain(way)],
                    networks.width,
                    networks.norm,
                    networks.dropout,
                    palettes.get(target_domain(way), ()),
                )
                for way in self.ways
            }
        )
        self.discriminators = nn.ModuleDict(
            {
                domain: make_discriminator(
                    networks.discriminator,
                    of[domain],
                    networks.discriminator_width,
                    networks.discriminator_layers,
                    networks.norm,
                )
                for domain in map(target_domain, self.ways)
            }
        )

    def translate(self, real: Clips, way: Direction) -> Fakes:
        """Return the fakes of a direction, which the discriminator will be shown: by default G of each first frame."""
        return self.generators[way](real[:, 0])

    @abstractmethod
    def generator_terms(
        self, real: Clips, fake: Fakes, way: Direction, rng: torch.Generator
    ) -> Iterator[tuple[str, Scalar]]:
        """Yield the weighted terms of the direction that starts from ``real``; ``fake`` is what it was translated to.

        A term of weight 0 is neither computed nor yielded. ``rng`` lives on the frames' device. Terms come one at a
        time, so that the trainer can propagate each back, and free its memory, before the next is computed.
        """

    def target_terms(self, real: Clips, way: Direction, rng: torch.Generator) -> Iterator[tuple[str, Scalar]]:
        """Yield the weighted terms of a direction that start from ``real`` frames of its *target* domain: none as such.

        They need no fake; else they are like ``generator_terms``.
        """
        yield from ()

    def generator_losses(self, real: Clips, way: Direction, rng: torch.Generator) -> tuple[Losses, Fakes]:
        """Return all weighted terms of a direction, and the fakes."""
        fake = self.translate(real, way)
        return dict(self.generator_terms(real, fake, way, rng)), fake

    def discriminator_loss(self, domain: Domain, real: Frames, fake: Frames) -> Scalar:
        """Return the loss of the discriminator of ``domain``; ``fake`` carries no gradient."""
        judge = self.discriminators[domain]
        loss = losses.discriminator if self._least_squares else losses.vanilla_discriminator
        return loss(judge(real), judge(fake))

    def adversarial(self, verdict: Tensor) -> Scalar:
        """Return the generator's adversarial loss for the discriminator's verdict on its fakes."""
        return (losses.adversarial if self._least_squares else losses.vanilla_adversarial)(verdict)

    def weights(self, way: Direction, *terms: str) -> dict[str, float]:
        """Return the configured weight of each term for x in the domain that ``way`` starts from."""
        index = DOMAINS.index(source_domain(way))
        return {term: getattr(self.config, term)[index] for term in terms}

    @property
    def _least_squares(self) -> bool:
        return self.networks.objective == "least-squares"

    def generator_parameters(self) -> Iterator[nn.Parameter]:
        """Yield the trained parameters of everything but the discriminators."""
        for name, parameter in self.named_parameters():
            if parameter.requires_grad and not name.startswith("discriminators."):
                yield parameter
