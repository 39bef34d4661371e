"""Resizing as a part of an exported network: like Pillow's to a level, from sizes that are not known before it runs.

Rows and columns are weighted sums, so that it takes a product of matrices and no operator for resizing, which differ
from program to program.
"""

import torch
from torch import Tensor

from recyclegan.data.resize import Resize

_REACH = 2.0
"""Pixels to either side of its middle that the bicubic kernel reaches."""
_A = -0.5
"""The kernel's slope at a distance of one pixel."""
Size = tuple[Tensor, Tensor]


def size_of(levels: Tensor) -> Size:
    """Return height and width as tensors, which stay open while a network is traced."""
    height, width = (torch.as_tensor(side) for side in levels.shape[-2:])
    return height, width


def scaled_size(resize: Resize, size: Size) -> Size:
    """Return the height and width that a frame is brought to; see `Resize.size`."""
    match resize.mode:
        case "none":
            return size
        case "scale_shortest":
            scale = min(resize.height, resize.width) / torch.minimum(*size).double()
            height, width = ((side.double() * scale).round().long() for side in size)
            return height, width
        case _:
            return torch.tensor(resize.height), torch.tensor(resize.width)


def resized(levels: Tensor, size: Size, is_label: bool) -> Tensor:
    """Return 8-bit levels (NCHW) at another size: bicubic with antialiasing, or nearest neighbour for labels."""
    (height, width), (new_height, new_width) = size_of(levels), size
    if is_label:
        rows, columns = _nearest(height, new_height), _nearest(width, new_width)
        return levels.index_select(2, rows).index_select(3, columns)
    wide = _rounded(levels.float() @ _weights(width, new_width).T)
    return _rounded(_weights(height, new_height) @ wide).to(torch.uint8)


def _rounded(levels: Tensor) -> Tensor:
    return (levels + 0.5).floor().clamp(0, 255)


def _count(number: Tensor) -> Tensor:
    return torch.arange(number)  # type: ignore[call-overload]


def _nearest(old: Tensor, new: Tensor) -> Tensor:
    """Return which of ``old`` pixels in a row each of ``new`` ones shows; places are added up as Pillow adds them."""
    step = old.double() / new.double()
    places = torch.cumsum(torch.where(_count(new) == 0, 0.5, 1.0).double() * step, 0)
    return torch.minimum(places.long(), old - 1)


def _weights(old: Tensor, new: Tensor) -> Tensor:
    """Return how much each of ``old`` pixels in a row is of each of ``new`` ones: (new, old)."""
    scale = old.double() / new.double()
    stretch = scale.clamp(min=1.0)
    middles = ((_count(new).double() + 0.5) * scale)[:, None]
    places = _count(old).double()[None]
    first = (middles - _REACH * stretch + 0.5).floor().clamp(min=0.0)
    last = (middles + _REACH * stretch + 0.5).floor()
    weights = _kernel((places - middles + 0.5).abs() / stretch) * ((places >= first) & (places < last)).double()
    return (weights / weights.sum(dim=1, keepdim=True)).float()


def _kernel(distance: Tensor) -> Tensor:
    near = ((_A + 2.0) * distance - (_A + 3.0)) * distance * distance + 1
    far = (((distance - 5) * distance + 8) * distance - 4) * _A
    return torch.where(distance < 1, near, torch.where(distance < _REACH, far, torch.zeros_like(far)))
