"""Programs of torch.export (.pt2): a network traced for any size, with its card and weights in one file.

torch reads such a file by names of functions, by expressions and, where it may, by pickle: whoever wrote the file
decides what runs. So a file that is given is read for its card and its weights alone, which are plain numbers; the
network is then made by this program, as that of a translator is.
"""

import io
import json
import math
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recyclegan.checkpoint import CARD_KEY, LONGEST_CARD, Card, check_direction, read_card
from recyclegan.domains import Direction
from recyclegan.errors import InputError
from recyclegan.files import check_is_file
from recyclegan.networks import make_generator
from recyclegan.networks.weights import Shapes, check_numbers_of, difference, shapes_of

SUFFIX = ".pt2"
OLDEST = "2.8"
"""The version of torch whose programs lie in files as they are read here."""
_PREFIX = re.compile(r"^(generator\.)+")
"""Begins the names of weights where the program does more than the generator."""
_CONFIG = "archive/data/weights/model_weights_config.json"
_LONGEST_CONFIG = 1 << 24
_KINDS: dict[torch.dtype, type[np.generic]] = {torch.float32: np.float32, torch.int64: np.int64}


def program_of(network: nn.Module, example: Tensor, free: dict[int, str], notes: dict[str, str]) -> bytes:
    """Return a network as a program of torch.export, with notes beside it; ``free`` are the axes that keep no size.

    Raises:
        InputError: this torch cannot leave sizes free.
    """
    from torch.export import Dim, export, save

    buffer = io.BytesIO()
    with torch.no_grad(), _no_size_is_special():
        sizes = dict.fromkeys(free, Dim.DYNAMIC)
        program = export(network, (example,), dynamic_shapes=(sizes,), strict=False)
    save(program, buffer, extra_files=notes)
    return buffer.getvalue()


def run_of_program(program: bytes) -> Callable[[Tensor], Tensor]:
    """Return what runs a program that this process has written; one of others could do anything."""
    from torch.export import load

    return load(io.BytesIO(program)).module()


def load_program(path: Path, direction: Direction | None = None) -> tuple[nn.Module, Card]:
    """Return the generator, in evaluation mode on the CPU, and the card of an exported program; none of it is run.

    Raises:
        InputError: there is no such file, it was not written by ``export``, or it is one of the other direction.
    """
    check_is_file(path, "expected a .pt2 file")
    try:
        with zipfile.ZipFile(path) as archive:
            card = read_card(_text(archive, f"archive/extra/{CARD_KEY}", LONGEST_CARD), path)
            check_direction(path, card, direction)
            return _generator_of(archive, card, path), card
    except InputError:
        raise
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, AttributeError, OSError) as error:
        raise InputError(
            f"{path}: is no program that recyclegan export wrote ({type(error).__name__}); export the run again"
        ) from error


def _generator_of(archive: zipfile.ZipFile, card: Card, path: Path) -> nn.Module:
    def make() -> nn.Module:
        return make_generator(
            card.generator, card.channels_in, card.channels_out, card.width, card.norm, card.dropout, card.palette
        )

    found = {_PREFIX.sub("", name): one for name, one in json.loads(_text(archive, _CONFIG))["config"].items()}
    shapes: Shapes = {
        name: tuple(size["as_int"] for size in one["tensor_meta"]["sizes"]) for name, one in found.items()
    }
    if reason := difference(shapes, shapes_of(make)):
        raise InputError(f"{path}: its weights are not those of the {card.generator} that its card names ({reason})")
    generator = make()
    tensors = {name: _tensor(archive, found[name]["path_name"], to) for name, to in generator.state_dict().items()}
    check_numbers_of(tensors, str(path))
    generator.load_state_dict(tensors)
    return generator.eval().requires_grad_(False)


def _tensor(archive: zipfile.ZipFile, name: str, like: Tensor) -> Tensor:
    """Return the numbers of a weight, which may be kept in half precision, as those of another."""
    entry = archive.getinfo(f"archive/data/weights/{name}")
    count = math.prod(like.shape)
    kind = np.float16 if like.is_floating_point() and entry.file_size == 2 * count else _KINDS[like.dtype]
    if entry.file_size != count * np.dtype(kind).itemsize:
        raise ValueError(f"{name}: has {entry.file_size} bytes")
    values = np.frombuffer(archive.read(entry), kind).reshape(tuple(like.shape))
    return torch.from_numpy(values.copy()).to(like.dtype)


def _text(archive: zipfile.ZipFile, name: str, longest: int = _LONGEST_CONFIG) -> str:
    entry = archive.getinfo(name)
    if entry.file_size > longest:
        raise ValueError(f"{name}: has {entry.file_size} bytes")
    return archive.read(entry).decode()


def _no_size_is_special() -> Any:
    """Keep torch from taking sides of 1 for special, which no frame is to be refused for."""
    from torch.fx.experimental import _config as config

    if torch.__version__ < OLDEST:
        raise InputError(f"export: .pt2 needs torch {OLDEST} or newer, found {torch.__version__}; update torch")
    return config.patch(backed_size_oblivious=True)  # type: ignore[attr-defined]
