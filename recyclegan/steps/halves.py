"""What a training step is made of: two halves, each a function of tensors alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from recyclegan.domains import Domain
from recyclegan.tensors import Clips, Frames

Batch = dict[Domain, Clips]


@dataclass(frozen=True)
class Half:
    """What one half of a step leaves, all of it on the device."""

    terms: dict[str, Tensor] = field(default_factory=dict)
    """Loss terms by name, such as ``ab/adversarial``."""
    norms: dict[str, Tensor] = field(default_factory=dict)
    """Norms of gradients by network, before they were clipped; none where they are not."""
    fakes: dict[Domain, Frames] = field(default_factory=dict)
    """Fakes of each domain; those of the generators' half alone."""


@dataclass(frozen=True)
class Halves:
    """Both halves of a step; between them the host exchanges fakes with those of earlier steps."""

    generators: Callable[[Batch], Half]
    discriminators: Callable[[Batch, Mapping[Domain, Frames]], Half]
