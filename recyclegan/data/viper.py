"""VIPER as it is downloaded: ``[train/]{img,cls,flow,flowbw}/NNN/NNN_XXXXX.{jpg,png,npz}``, NNN being a sequence.

The published experiments hold out 21 sequences of VIPER's training set; its own validation and test sets, whose
sequences bear the same numbers, are left alone. In the image form every tenth frame is there, in the video form all.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from recyclegan.data.archives import DownloadedFile
from recyclegan.data.label_maps import read_ids
from recyclegan.errors import InputError
from recyclegan.labels import VIPER, colourize
from recyclegan.video import write_image

FRAMES, CLASSES, FORWARD, BACKWARD = "img", "cls", "flow", "flowbw"
NUM_SEQUENCES = 77
HELD_OUT = (*range(25, 30), *range(40, 44), *range(63, 70), *range(73, 78))
"""The sequences that the published experiments validate on."""

_FILE = re.compile(r"(?:.*/)?(img|cls|flow|flowbw)/(\d{3})/\2_(\d{5})\.(?:jpg|png|npz)")
_OTHER_SETS = re.compile(r"(?:^|/)(?:val|test)/")

Sequence = Mapping[int, DownloadedFile]
"""The files of a sequence by the number of their frame."""
Sequences = Mapping[str, Sequence]


def viper_sequences(files: Iterable[DownloadedFile]) -> dict[str, dict[str, dict[int, DownloadedFile]]]:
    """Return the files of VIPER's training set by kind (``img``, ...), sequence (``001``) and number of the frame."""
    found: dict[str, dict[str, dict[int, DownloadedFile]]] = {kind: {} for kind in (FRAMES, CLASSES, FORWARD, BACKWARD)}
    for file in files:
        match = _FILE.fullmatch(file.path)
        if match and not _OTHER_SETS.search(file.path):
            kind, sequence, number = match.groups()
            found[kind].setdefault(sequence, {})[int(number)] = file
    return {
        kind: {name: dict(sorted(sequence.items())) for name, sequence in sorted(sequences.items())}
        for kind, sequences in found.items()
    }


def split_of(sequence: str) -> str:
    """Return the split that a sequence belongs to in the published experiments: ``train`` or ``val``."""
    return "val" if int(sequence) in HELD_OUT else "train"


def check_viper(download: Path, kind: str, sequences: Sequences) -> None:
    """Refuse a download that holds nothing to train on.

    Raises:
        InputError: there is no sequence of ``kind`` outside of those held out.
    """
    if not any(split_of(sequence) == "train" for sequence in sequences):
        held = ", ".join(sequences) or "none"
        raise InputError(
            f"{download}: holds no {kind}/NNN/NNN_XXXXX of VIPER's training set to train on (sequences: {held}); "
            f"get train_{kind}_*.zip of it"
        )


def notes_on(kind: str, sequences: Sequences) -> list[str]:
    """Return what there is to say of the sequences of a kind: which are missing, and how far frames are apart."""
    there = {int(sequence) for sequence in sequences}
    notes = []
    for name, wanted in (("held-out", set(HELD_OUT)), ("training", set(range(1, NUM_SEQUENCES + 1)) - set(HELD_OUT))):
        if gone := sorted(wanted - there):
            notes.append(f"{kind}: {len(gone)} of {len(wanted)} {name} sequences are not there: {_ranges(gone)}")
    steps = [b - a for frames in sequences.values() for a, b in zip(frames, list(frames)[1:], strict=False)]
    if steps and min(steps) > 1:
        notes.append(
            f"{kind}: frames are {min(steps)} apart (the image form); methods on clips of frames need the video form"
        )
    return notes


def _ranges(numbers: list[int]) -> str:
    """Return rising numbers in words: ``003-024, 030``."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), key=lambda item: item[1] - item[0])]
    return ", ".join(f"{run[0]:03d}-{run[-1]:03d}" if len(run) > 1 else f"{run[0]:03d}" for run in runs)


def put_label_map(file: DownloadedFile, folder: Path, link: bool) -> None:
    """Put a label map in VIPER's colours into a folder: painted where it holds class ids, else as it is.

    Raises:
        InputError: it is no image, or holds ids that VIPER does not know.
    """
    name = f"{file.place}: {file.path}"
    with file.open() as stream:
        ids = read_ids(stream, VIPER, name)
    if ids is None:
        file.put(folder, link)
        return
    try:
        write_image(folder / Path(file.name).with_suffix(".png"), colourize(ids, VIPER))
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
