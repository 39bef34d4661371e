"""A generator that starts at the target's colours: at the affine map that carries them over best."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from recyclegan.networks.layers import to_channels_of
from recyclegan.networks.wrappers import IdentityGenerator, soft_clamp
from recyclegan.tensors import Frames, Translated

_LEAST = 1e-4
"""Added to variances: what is grey, or of one colour, has none."""


class ColourGenerator(IdentityGenerator):
    """A smooth generator of what is to be added to the source in the target's colours.

    ``G(x) = c(M x + m + r(x))``: the affine map is measured on footage before training starts and stays; ``r`` starts
    at zero. A pixel's colour alone decides what the map makes of it, so that it commutes with any warp.
    """

    matrix: Tensor
    offset: Tensor

    def __init__(self, channels_in: int = 3, channels_out: int = 3, **options: Any) -> None:
        """Take what a ResNet generator takes; the map is the identity until ``start_at`` is told another one."""
        super().__init__(channels_in, channels_out, **options)
        self.register_buffer("matrix", torch.eye(channels_out))
        self.register_buffer("offset", torch.zeros(channels_out))

    def start_at(self, matrix: Float[Tensor, "channels channels"], offset: Float[Tensor, " channels"]) -> None:
        """Set the map."""
        self.matrix.copy_(matrix)
        self.offset.copy_(offset)

    @property
    def colours(self) -> Float[Tensor, "channels_out channels_out"]:
        """Return what the source's colours are multiplied by."""
        return self.matrix

    def result(self, added: Translated, source: Frames) -> Translated:
        """Return a source in the target's colours, in 32 bits as half precision has fewer levels, and what is added."""
        channels = to_channels_of(added, source).expand_as(added)
        products = self.matrix[:, :, None, None] * channels[:, None]
        return soft_clamp(products.sum(dim=2) + self.offset[:, None, None] + added)


def colour_map(
    source: Float[Tensor, "pixels channels"], target: Float[Tensor, "target_pixels channels"]
) -> tuple[Float[Tensor, "channels channels"], Float[Tensor, " channels"]]:
    """Return matrix and offset of the affine map that gives the source's levels the target's mean and covariance.

    Of all such maps it is the one that changes levels least, in the mean of squares; the map back is its inverse.
    Source: Pitie and Kokaram 2007, "The linear Monge-Kantorovitch linear colour mapping".
    """
    (mean, covariance), (wanted_mean, wanted) = _moments(source), _moments(target)
    root = _power(covariance, 0.5)
    inverse = _power(covariance, -0.5)
    matrix = inverse @ _power(root @ wanted @ root, 0.5) @ inverse
    return matrix, wanted_mean - matrix @ mean


def _moments(
    levels: Float[Tensor, "pixels channels"],
) -> tuple[Float[Tensor, " channels"], Float[Tensor, "channels channels"]]:
    channels, levels = levels.shape[1], levels.double()
    covariance = torch.cov(levels.T, correction=0).reshape(channels, channels)
    return levels.mean(dim=0), covariance + _LEAST * torch.eye(channels, dtype=torch.float64)


def _power(matrix: Float[Tensor, "channels channels"], exponent: float) -> Float[Tensor, "channels channels"]:
    """Return a power of a symmetric matrix of positive eigenvalues."""
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag(values**exponent) @ vectors.T
