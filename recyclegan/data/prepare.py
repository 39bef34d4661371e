"""Making a data folder: from somebody's footage, or from the embedded world."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from recyclegan.data.index import Clip, find_clips
from recyclegan.data.placing import cut_clip, place_clip
from recyclegan.errors import InputError
from recyclegan.files import whole_folder
from recyclegan.labels import VIPER, colourize
from recyclegan.roadworld import Drive, RoadFrame
from recyclegan.tensors import DOMAINS, Domain, Image
from recyclegan.video import VIDEO_SUFFIXES, write_image, write_video

LABEL_LOOK = "label"
"""Beside the looks of the embedded world: its class maps in VIPER's colours."""
TRUTH_FOLDER = "truth"

_DRIVES_PER_SEED = 100_000
_CRF = 12


@dataclass(frozen=True)
class Prepared:
    """What was made."""

    num_clips: dict[str, int]
    """Number of clips under ``train/A`` and so on."""
    notes: tuple[str, ...] = ()
    """What the user should know."""


def prepare_videos(
    out: Path,
    a: Sequence[Path],
    b: Sequence[Path],
    val: float = 0.1,
    val_a: Sequence[Path] = (),
    val_b: Sequence[Path] = (),
    seed: int = 0,
    link: bool = True,
) -> Prepared:
    """Make a data folder from lists of videos, folders of frames, and folders of either.

    Clips named in ``val_a`` and ``val_b`` are held out. Where that list is empty, a share ``val`` of the domain's clips
    (at least one) is drawn by ``seed``; an only clip is cut in time instead (:func:`cut_clip`). No clip is in both
    splits. With ``link``, files are hard links where possible, else symbolic links, else copies.

    Raises:
        InputError: ``out`` exists and is not empty; a path is missing, no footage, or named twice; ``val`` is not
            from 0 to below 1; or an only clip cannot be cut.
    """
    if not 0 <= val < 1:
        raise InputError(f"val: is {val}; expected a share from 0 to below 1, such as 0.1")
    _refuse_existing(out)
    given = {"a": _clips(a), "b": _clips(b)}
    held_out = {"a": _clips(val_a), "b": _clips(val_b)}
    _refuse_repeats([clip for clips in (*given.values(), *held_out.values()) for clip in clips])
    with whole_folder(out) as folder:
        prepared = [
            _prepare_domain(folder, domain, given[domain], held_out[domain], val, (seed, number), link)
            for number, domain in enumerate(DOMAINS)
        ]
    return Prepared(
        {place: count for part in prepared for place, count in part.num_clips.items()},
        tuple(note for part in prepared for note in part.notes),
    )


def prepare_roadworld(
    out: Path,
    clips: int = 8,
    frames: int = 60,
    size: tuple[int, int] = (128, 256),
    looks: tuple[str, str] = ("day", LABEL_LOOK),
    seed: int = 0,
    val_clips: int = 2,
    progress: Callable[[int, int, str], None] | None = None,
) -> Prepared:
    """Make a data folder from drives through the embedded world; no drive is shown twice, so nothing is paired.

    ``size`` is (height, width). Looks are written as videos (H.264, CRF 12), the look ``label`` as folders of PNG files
    in VIPER's exact colours. Beside each held-out clip stands the truth about it, in ``truth/val/{A,B}/CLIP.npz``:
    ``classes`` (uint8, T x H x W), ``flow_backward`` (float32, T x H x W x 2) and ``visible_backward`` (bool).

    Raises:
        InputError: ``out`` exists and is not empty, there is no such look, or a number is too small or too large.
    """
    _refuse_existing(out)
    if min(clips, val_clips) < 1 or 2 * (clips + val_clips) > _DRIVES_PER_SEED:
        raise InputError(f"clips: {clips} and {val_clips} held out; expected at least 1 of each, and not very many")
    plan = [(split, domain) for split, count in (("train", clips), ("val", val_clips)) for domain in DOMAINS * count]
    counter = _Progress(len(plan) * frames, progress)
    with whole_folder(out) as folder:
        for number, (split, domain) in enumerate(plan):
            drive = Drive(seed * _DRIVES_PER_SEED + number, *size, num_frames=frames)
            name = f"drive-{number:04d}"
            place = folder / split / domain.upper()
            ...
    return Prepared(dict(Counter(f"{split}/{domain.upper()}" for split, domain in plan)))
