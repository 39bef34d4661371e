"""Weights that come from a file: read without running code, compared with their network before memory is taken."""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from recyclegan.errors import InputError
from recyclegan.files import check_is_file
from recyclegan.tensors import Translated

Shapes = Mapping[str, tuple[int, ...]]
"""The shape of each tensor of a network, by name."""
NUMBERS = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64, torch.int32})
"""Types of the tensors that networks are made of."""
LARGEST = 1e12
"""Largest weight: the variance of what larger ones bring forth overflows, and a norm makes all of it alike."""


def shapes_of(make: Callable[[], nn.Module]) -> Shapes:
    """Return the shapes of the network that ``make`` returns, which takes no memory and uses up nothing random."""
    with torch.device("meta"):
        return {name: tuple(value.shape) for name, value in make().state_dict().items()}


def difference(found: Shapes, wanted: Shapes) -> str:
    """Return what first tells shapes from those wanted (``lacks model.1.weight``); nothing where they agree."""
    if strange := next((name for name in found if name not in wanted), None):
        return f"has {strange[:80].encode('unicode_escape').decode()} besides"
    if missing := next((name for name in wanted if name not in found), None):
        return f"lacks {missing}"
    other = next((name for name in wanted if tuple(found[name]) != tuple(wanted[name])), None)
    return f"differs in shapes: {other} is {_by(found[other])}, not {_by(wanted[other])}" if other else ""


def read_weights(path: Path, expected: str = "a state_dict") -> dict[str, Tensor]:
    """Return the tensors of a file of torch or safetensors by name, without the prefix of ``DataParallel``.

    No code is run. Memory is taken for what the file really holds: neither what is compressed in it nor tensors of
    repeated numbers are unfolded. ``expected`` says in errors what the file should hold.

    Raises:
        InputError: no such file, it does not load as tensors alone, they are larger than the file, or not finite.
    """
    check_is_file(path, f"expected a file of {expected}")
    weights = _loaded(path, expected)
    if not isinstance(weights, Mapping) or not all(map(_is_named_tensor, weights.items())):
        raise InputError(f"{path}: holds no state_dict (names with tensors); expected {expected}")
    if sum(value.nbytes for value in weights.values() if value.layout == torch.strided) > path.stat().st_size:
        raise InputError(f"{path}: its tensors are larger than the file; save its state_dict, each tensor a clone")
    check_numbers_of(weights, str(path))
    return {name.removeprefix("module."): value for name, value in weights.items()}


def _loaded(path: Path, expected: str) -> Any:
    """Return what a file of weights holds, without running code and without unpacking anything compressed."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        if zipfile.is_zipfile(path) and _is_compressed(path):
            raise InputError(f"{path}: is compressed inside, as torch never writes it; save its state_dict")
        return torch.load(path, map_location="cpu", weights_only=True)
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{path}: does not load as tensors alone ({type(error).__name__}); expected {expected}"
        ) from error


def _is_compressed(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        return any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist())


def _is_named_tensor(item: tuple[Any, Any]) -> bool:
    return isinstance(item[0], str) and isinstance(item[1], Tensor)


def check_numbers_of(weights: Mapping[str, Tensor], source: str) -> None:
    """Refuse tensors that are not plain ones of finite numbers, in the range of weights.

    Raises:
        InputError: there is such a tensor; ``source`` and its name are named.
    """
    for name, value in weights.items():
        if value.layout != torch.strided or value.device.type == "meta" or value.dtype not in NUMBERS:
            raise InputError(
                f"{source}: {name[:80]} holds no plain numbers ({value.dtype}, {value.layout}); save it as float32"
            )
        if strange := int((~(value.abs() <= LARGEST)).sum()):
            raise InputError(
                f"{source}: {strange} of {value.numel()} numbers in {name[:80]} are not finite, or beyond {LARGEST:g}; "
                "the training that wrote them had failed by then: take earlier weights, or train anew with a lower --lr"
            )


def check_finite(frames: Translated, what: str) -> None:
    """Refuse frames that hold numbers which are not finite, before rounding makes them black.

    Raises:
        InputError: they do; ``what`` says which frames, and in which precision.
    """
    refuse_unfinite(bool(torch.isfinite(frames).all()), what)


def refuse_unfinite(is_finite: bool, what: str) -> None:
    """Refuse frames of which it is known already whether all numbers are finite.

    Raises:
        InputError: they are not; ``what`` says which frames, and in which precision.
    """
    if not is_finite:
        raise InputError(
            f"{what}: numbers come out that are not finite; give --precision 32 or, where it is 32, "
            "weights of an earlier step or of a training that did not fail"
        )


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "one number"
