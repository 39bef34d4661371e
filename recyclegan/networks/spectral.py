"""Spectral norm: weights over their largest singular value, so that no layer changes faster than what it reads."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

FIRST_ITERATIONS = 15


class SpectralNorm(nn.Module):
    """Divides a weight by its largest singular value, as one step of the power method a call in training tells it.

    Both singular vectors are buffers, so that what is resumed goes on with the same bits. All of it has 32 bits under
    autocast, too, where torch's own mixes types. Source: Miyato et al. 2018.
    """

    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor) -> None:
        """Draw first vectors from torch's global random state, and bring them near to those of ``weight``."""
        super().__init__()
        rows, columns = weight.flatten(1).shape
        self.register_buffer("u", F.normalize(torch.randn(rows, device=weight.device), dim=0))
        self.register_buffer("v", F.normalize(torch.randn(columns, device=weight.device), dim=0))
        for _ in range(FIRST_ITERATIONS):
            self._iterate(weight.flatten(1))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight over its largest singular value."""
        with torch.autocast(weight.device.type, enabled=False):
            matrix = weight.flatten(1)
            if self.training:
                self._iterate(matrix)
            largest = self.u.clone() @ matrix @ self.v.clone()
            return weight / largest

    @torch.no_grad()
    def _iterate(self, matrix: Tensor) -> None:
        self.u.copy_(F.normalize(matrix @ self.v, dim=0))
        self.v.copy_(F.normalize(matrix.T @ self.u, dim=0))


def spectrally_normalized(network: nn.Module) -> nn.Module:
    """Return the network after its convolutions have got a spectral norm."""
    for module in list(network.modules()):
        if isinstance(module, nn.Conv2d):
            parametrize.register_parametrization(module, "weight", SpectralNorm(module.weight))
    return network
