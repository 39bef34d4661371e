"""The devices that ``--gpu_ids`` names."""

import os
from typing import Literal, NamedTuple

import torch

from recyclegan.errors import InputError
from recyclegan.published.options import Options
from recyclegan.translation import pick_device

_CHOSEN = "RECYCLEGAN_GPUS_CHOSEN"
"""Environment variable that tells the processes of a training on several GPUs that the choice was made."""


Kind = Literal["cpu", "cuda", "mps"]


class Devices(NamedTuple):
    """A kind of device, how many of them, and what there is to say of the choice."""

    kind: Kind
    number: int
    notes: tuple[str, ...] = ()


def choose_devices(options: Options) -> Devices:
    """Return the GPUs of ``--gpu_ids``, the CPU for -1, or what there is where no GPU was asked for.

    GPUs are chosen by making only these visible to the process.

    Raises:
        InputError: the ids are no numbers, or a GPU was asked for and is not there.
    """
    wanted = _ids(options["gpu_ids"])
    if not wanted:
        return Devices("cpu", 1)
    _show_only(wanted)
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if found >= len(wanted):
        return Devices("cuda", len(wanted))
    if options.gives("gpu_ids"):
        raise InputError(f"--gpu_ids {options['gpu_ids']}: found {found} of these GPUs; give -1 for the CPU")
    kind: Kind = "mps" if pick_device("auto").type == "mps" else "cpu"
    return Devices(kind, 1, (f"no NVIDIA GPU is there: runs on the {kind.upper()}",))


def _ids(word: str) -> list[int]:
    """Return the non-negative ids in ``0,1``; none for ``-1``."""
    try:
        ids = [int(part) for part in word.split(",")]
    except ValueError as error:
        raise InputError(f"--gpu_ids {word}: expected numbers, such as 0 or 0,1, or -1 for the CPU") from error
    return [number for number in ids if number >= 0]


def _show_only(wanted: list[int]) -> None:
    """Hide all GPUs but those wanted, unless they are the first ones, or the process that started this one did so."""
    first_ones = wanted == list(range(len(wanted)))
    if not first_ones and _CHOSEN not in os.environ:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
        names = dict(enumerate(visible)) if visible != [""] else {number: str(number) for number in wanted}
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(names[number] for number in wanted if number in names)
        os.environ[_CHOSEN] = "1"
