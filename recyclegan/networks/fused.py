"""Norm, activation and border as single kernels, put in the place of torch's layers in networks that stand already."""

import copy
from collections.abc import Iterator
from importlib.util import find_spec

import torch.nn.functional as F
from torch import Tensor, nn

from recyclegan.networks.layers import ReflectionPad, reflect

Swap = tuple[nn.Sequential, int, nn.Module]
"""A layer that stands at a place."""


class FusedNorm(nn.Module):
    """Instance norm without affine and a leaky ReLU of any slope (1: none) in one; other devices than CUDA do both."""

    def __init__(self, eps: float, slope: float) -> None:
        super().__init__()
        self.eps, self.slope = eps, slope

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """Return the activated values, plus ``residual`` where it is given."""
        if x.is_cuda and x[0, 0].numel() > 1:
            from recyclegan.networks.kernels import NormalizedActivation

            return NormalizedActivation.apply(x, residual, self.slope, self.eps)
        y = F.leaky_relu(F.instance_norm(x, eps=self.eps), self.slope)
        return y if residual is None else residual + y


class FusedPad(ReflectionPad):
    """``ReflectionPad`` whose gradient is added in the same order every time."""

    def forward(self, frames: Tensor) -> Tensor:
        """Return padded frames."""
        if not frames.is_cuda or min(frames.shape[-2:]) <= self.padding:
            return reflect(frames, (self.padding,) * 4)
        from recyclegan.networks.kernels import ReflectedBorder

        return ReflectedBorder.apply(frames, (self.padding,) * 4)


class UnbiasedConv2d(nn.Conv2d):
    """A convolution before an instance norm, which takes any bias away again: it is not added in the first place."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution alone."""
        return self._conv_forward(x, self.weight, None)


class UnbiasedConvTranspose2d(nn.ConvTranspose2d):
    """The same of a transposed convolution."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Return the transposed convolution alone."""
        assert output_size is None
        assert isinstance(self.padding, tuple)
        shape = self.stride, self.padding, self.output_padding, self.groups, self.dilation
        return F.conv_transpose2d(x, self.weight, None, *shape)


UNBIASED: dict[type, type] = {nn.Conv2d: UnbiasedConv2d, nn.ConvTranspose2d: UnbiasedConvTranspose2d}


def has_kernels() -> bool:
    """Return whether Triton is there, in which the kernels are written."""
    return find_spec("triton") is not None


def fuse(network: nn.Module, activations: bool = True) -> list[Swap]:
    """Put fused layers in the place of norms and borders; return what stood there.

    Names and weights stay; the bias of a convolution before a norm, which changes nothing, is no longer trained. An
    activation after a norm goes into it, unless ``activations`` are wanted where they are.
    """
    swaps: list[Swap] = []
    for layers in [module for module in network.modules() if type(module) is nn.Sequential]:
        for place, layer in _fused_layers(layers, activations):
            swaps.append((layers, place, layers[place]))
            layers[place] = layer
    return swaps


def unfuse(swaps: list[Swap]) -> None:
    """Put back what ``fuse`` returned."""
    for layers, place, layer in swaps:
        layers[place] = layer


def _fused_layers(layers: nn.Sequential, activations: bool) -> Iterator[tuple[int, nn.Module]]:
    """Yield what is to stand at which places."""
    for place, layer in enumerate(list(layers)):
        if type(layer) is ReflectionPad:
            yield place, FusedPad(layer.padding)
        elif isinstance(layer, nn.InstanceNorm2d) and not layer.affine and not layer.track_running_stats:
            if place and type(before := layers[place - 1]) in UNBIASED:
                yield place - 1, _unbiased(before)
            slope = _slope(layers[place + 1]) if activations and place + 1 < len(layers) else None
            yield place, FusedNorm(layer.eps, 1.0 if slope is None else slope)
            if slope is not None:
                yield place + 1, nn.Identity()


def _unbiased(layer: nn.Module) -> nn.Module:
    """Return a convolution with the same parameters under the same names, whose bias is not added."""
    other = copy.copy(layer)
    other.__class__ = UNBIASED[type(layer)]
    return other


def _slope(layer: nn.Module) -> float | None:
    """Return the slope of an activation for values below 0; None where it is none of that kind."""
    if isinstance(layer, nn.ReLU):
        return 0.0
    return layer.negative_slope if isinstance(layer, nn.LeakyReLU) else None
