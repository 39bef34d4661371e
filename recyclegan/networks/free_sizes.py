"""What networks do where torch.export traces them for frames of any size: nothing may depend on the size of one."""

import torch
from torch import Tensor

from recyclegan.tensors import Frames


def is_traced() -> bool:
    """Return whether torch.export traces a network now, which ``torch.compile`` does not count as."""
    return torch.compiler.is_compiling() and not torch.compiler.is_dynamo_compiling()


def padded_traced(frames: Frames, multiple: int, least: int) -> Tensor:
    """Return what ``pad_to_multiple`` does, as places that are read: sides are symbols, of which none is compared."""
    sides = frames.shape[-2:]
    padded = [(torch.sym_max(side, least - multiple + 1) + multiple - 1) // multiple * multiple for side in sides]
    doubled = zip((_number(side) for side in padded), (2 * _number(side) for side in sides), strict=True)
    is_reflected = torch.stack([grown < twice for grown, twice in doubled]).all()
    rows, columns = (_places(*lengths, is_reflected) for lengths in zip(sides, padded, strict=True))
    return frames.index_select(2, rows).index_select(3, columns)


def _number(side: int) -> Tensor:
    return torch.full((), side, dtype=torch.int64)


def _places(side: int, padded: int, is_reflected: Tensor) -> Tensor:
    """Return for each place along a padded side the place of the frame that it shows."""
    places, last = torch.arange(padded), side - 1
    return torch.where(is_reflected, last - (last - places).abs(), places.clamp(max=last))


def steps_traced(count: int, device: torch.device) -> Tensor:
    """Return ``count`` numbers from -1 to 1, evenly: ``torch.linspace`` would keep the count of the example."""
    places = torch.arange(count, device=device)
    return places * 2 / places[-1] - 1
