"""What a method is: networks, and the losses of one direction. The trainer knows nothing more of it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from recyclegan.domains import DIRECTIONS, DOMAINS, VIDEO, Direction, Domain, Domains, source_domain, target_domain
from recyclegan.errors import InputError
from recyclegan.methods.adversary import Adversary, Fakes, backbone_of, discriminators_of
from recyclegan.methods.class_reader import ClassReader
from recyclegan.networks import make_generator
from recyclegan.settings.extra_inputs import LEFT_OUT
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import NetworkConfig
from recyclegan.tensors import Clips, Frames, Losses, Scalar, Terms


class Method(nn.Module, ABC):
    """Generators, discriminators, and the losses of one direction; the trainer calls it for each of ``directions``.

    ``generators["ab"]`` translates a to b. ``discriminators["b"]`` judges frames of domain b. ``reader`` is the
    segmenter of the source's classes, which the trainer gives to a method where there are label maps.
    """

    name: ClassVar[str]
    clip_length: ClassVar[int] = 1
    directions: ClassVar[tuple[Direction, ...]] = DIRECTIONS
    reads_layers: ClassVar[bool] = False
    """Whether it reads what single layers of its generators give, which then must stay what they are."""
    imitates: ClassVar[bool] = False
    """Whether clips of a hold, behind the channels of each frame, those of what a teacher made of it."""
    compares: ClassVar[tuple[str, ...]] = ()
    """Terms for which both domains must have as many channels: they show a generator frames of its own target."""
    Config: ClassVar[type]

    def __init__(self, config: Any, networks: NetworkConfig, domains: Domains = VIDEO) -> None:
        """Build networks with first weights from torch's global random state.

        Raises:
            InputError: the method cannot be what ``config`` says, or not between these ``domains``.
        """
        super().__init__()
        self.config, self.networks, self.domains = config, networks, domains
        self.check()
        self.generators = nn.ModuleDict({direction: self._generator(direction) for direction in self.directions})
        judged = map(target_domain, self.directions)
        self.discriminators = nn.ModuleDict({domain: discriminators_of(networks, domains, domain) for domain in judged})
        self.backbone = backbone_of(networks)
        self.reader: ClassReader | None = None
        motion = getattr(config, "flow", FlowSynthesis())
        self.adversary = Adversary(networks, domains, self.discriminators, self.backbone, motion)

    def check(self) -> None:
        """Refuse what the method cannot be, before networks are built: by default terms that ``compares`` names."""
        a, b = self.domains.channels
        for term in self.compares if a != b else ():
            if getattr(self.config, term) not in (0.0, (0.0, 0.0)):
                found = f"{a} channels in a and {b} in b"
                raise InputError(f"{term}: found {found}, expected as many in both; set the weight of {term} to 0")

    def _generator(self, direction: Direction) -> nn.Module:
        networks, domains, target = self.networks, self.domains, target_domain(direction)
        channels_in, channels_out = domains.channels_of(source_domain(direction)), domains.channels_of(target)
        options = networks.width, networks.norm, networks.dropout, domains.palette_of(target)
        extras = domains.extras_of(source_domain(direction))
        return make_generator(networks.generator, channels_in, channels_out, *options, extras)

    def translate(self, real: Clips, direction: Direction) -> Fakes:
        """Return the fakes of a direction, which the discriminator will be shown: by default G of each first frame."""
        return self.generators[direction](real[:, 0])

    @abstractmethod
    def generator_terms(self, real: Clips, fake: Fakes, direction: Direction, rng: torch.Generator) -> Terms:
        """Yield the weighted terms of the direction that starts from ``real``; ``fake`` is what it was translated to.

        A term of weight 0 is neither computed nor yielded. ``rng`` lives on the frames' device. Terms come one at a
        time, so that the trainer can propagate each back, and free its memory, before the next is computed.
        """

    def target_terms(self, real: Clips, direction: Direction, rng: torch.Generator) -> Terms:
        """Yield the weighted terms of a direction that start from ``real`` frames of its *target* domain: none as such.

        They need no fake; else they are like ``generator_terms``.
        """
        yield from ()

    def generator_losses(self, real: Clips, direction: Direction, rng: torch.Generator) -> tuple[Losses, Fakes]:
        """Return all weighted terms of a direction, and the fakes."""
        fake = self.translate(real, direction)
        return dict(self.generator_terms(real, fake, direction, rng)), fake

    def discriminator_loss(
        self, domain: Domain, real: Frames, fake: Frames, rng: torch.Generator | None = None
    ) -> Scalar:
        """Return the loss of the discriminators of ``domain``; ``fake`` carries no gradient.

        ``rng`` draws what frames go through before they are judged; it may be left out where that is nothing.
        """
        return self.adversary.telling(domain, real, fake, rng)

    def adversarial_loss(self, real: Clips, fake: Fakes, direction: Direction, rng: torch.Generator) -> Scalar:
        """Return how far the discriminators of a direction's target are from taking its fakes for real.

        ``fake`` starts with the translations of the first frames of ``real``.
        """
        G, domain = self.generators[direction], target_domain(direction)
        return self.adversary.fooling_in_pairs(domain, real[:, 0], fake, G, rng)

    def weights(self, direction: Direction, *terms: str) -> dict[str, float]:
        """Return the weight of each term for x in the domain that ``direction`` starts from, 0 for what is left out."""
        index = DOMAINS.index(source_domain(direction))
        left_out = LEFT_OUT if self.domains.extras and direction == "ba" else ()
        return {term: 0.0 if term in left_out else getattr(self.config, term)[index] for term in terms}

    def seen(self, frames: Tensor, domain: Domain) -> Tensor:
        """Return frames or clips of a domain without the channels that lie behind those of a frame."""
        return frames[..., : self.domains.channels_of(domain), :, :]

    def generator_parameters(self) -> Iterator[nn.Parameter]:
        """Yield the trained parameters of everything but the discriminators and the reader."""
        for name, parameter in self.named_parameters():
            if parameter.requires_grad and not name.startswith(("discriminators.", "reader.")):
                yield parameter
