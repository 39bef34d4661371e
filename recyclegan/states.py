"""Training states on the disk: folders ``step-XXXXXXXX`` of a run, whole or not there, with digests of what they hold.

They are read without executing code.
"""

import io
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import torch

from recyclegan.errors import InputError
from recyclegan.files import digest_of, whole_folder, write_bytes, write_text

STATE_FILE = "state.pt"
DIGESTS_FILE = "SHA256SUMS"
"""Holds a line for each file of the folder, as ``sha256sum`` writes and checks it."""


def save_checkpoint(run: Path, step: int, state: dict[str, Any], keep: int) -> Path:
    """Write the state after ``step`` steps as ``run/step-XXXXXXXX``, whole or not at all; keep the newest ``keep``.

    The others go when it is on the disk; among them those of later steps, from which nothing went on.

    Raises:
        InputError: it cannot be written, for example because the disk is full.
    """
    folder = run / f"step-{step:08d}"
    with whole_folder(folder) as scratch:
        data = _as_bytes(state)
        write_bytes(scratch / STATE_FILE, data)
        write_text(scratch / DIGESTS_FILE, _digests(data))
    found = checkpoints(run)
    place = found.index(folder) + 1
    for other in (*found[: max(0, place - keep)], *found[place:]):
        shutil.rmtree(other, ignore_errors=True)
    return folder


def _as_bytes(state: dict[str, Any]) -> memoryview:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getbuffer()


def _digests(data: bytes | memoryview) -> str:
    return f"{digest_of(data)}  {STATE_FILE}\n"


def checkpoints(run: Path) -> list[Path]:
    """Return the checkpoint folders of a run, oldest first."""
    return sorted(path for path in run.glob("step-*") if re.fullmatch(r"step-\d{8}", path.name))


def step_of(folder: Path) -> int:
    """Return the number of steps after which a checkpoint folder was written."""
    return int(folder.name.removeprefix("step-"))


def load_checkpoint(folder: Path) -> dict[str, Any]:
    """Return the state that ``save_checkpoint`` wrote, on the CPU.

    Raises:
        InputError: the folder holds no training state, or a damaged one.
    """
    path = folder / STATE_FILE
    if not path.is_file():
        raise InputError(f"{folder}: holds no {STATE_FILE}; name a step-XXXXXXXX folder of a run")
    try:
        data = path.read_bytes()
        if has_digests(folder) and (folder / DIGESTS_FILE).read_bytes() != _digests(data).encode():
            raise ValueError("its digest is another")
        return _from_bytes(data)
    except MemoryError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions and its disk") from error
    except Exception as error:
        raise InputError(f"{path}: is damaged or no training state; delete its folder to resume before it") from error


def _from_bytes(data: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(data)) as members:
        if sum(member.file_size for member in members.infolist()) > len(data):
            raise ValueError("it unpacks to more than it holds")
    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise TypeError("it is no table")
    return state


def has_digests(folder: Path) -> bool:
    """Return whether damage to a checkpoint would be found; earlier versions wrote no digests."""
    return (folder / DIGESTS_FILE).exists()
