"""Where generators of the target's colours start: what the colours of the footage are."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from recyclegan.data import CachedDomain
from recyclegan.domains import DOMAINS, Domain, source_domain, target_domain
from recyclegan.methods import Method
from recyclegan.networks.colours import ColourGenerator, colour_map
from recyclegan.networks.layers import to_channels_of
from recyclegan.tensors import to_frames

_FRAMES = 48
"""Frames of a domain that are looked at at most, spread evenly over its clips."""
_STRIDE = 2
"""Of the pixels of a frame that are looked at, along both axes."""


def start_at_colours(method: Method, footage: dict[Domain, CachedDomain]) -> None:
    """Give each generator that starts at the target's colours the map between those of the two domains."""
    if not any(isinstance(generator, ColourGenerator) for generator in method.generators.values()):
        return
    levels = {domain: levels_of(footage[domain]) for domain in DOMAINS}
    for direction in method.directions:
        source, target = levels[source_domain(direction)], levels[target_domain(direction)]
        generator = method.generators[direction]
        assert isinstance(generator, ColourGenerator)
        generator.start_at(*colour_map(to_channels_of(target, source).expand(-1, target.shape[1]), target))


def levels_of(domain: CachedDomain) -> Float[Tensor, "pixels channels"]:
    """Return levels in [-1, 1] of pixels of frames that are spread evenly over the clips of a domain."""
    places = [(clip, number) for clip in domain.clips for number in range(len(clip))]
    shown = places[:: math.ceil(len(places) / _FRAMES)]
    frames = [to_frames(clip[number : number + 1]) for clip, number in shown]
    return torch.cat([frame[..., ::_STRIDE, ::_STRIDE].flatten(2).squeeze(0).T for frame in frames])
