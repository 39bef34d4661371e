"""Data folders for the published experiments, from the downloads of VIPER and Cityscapes as they come."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from recyclegan.data.index import SPLITS, Clip, find_clips
from recyclegan.data.placing import place_clip
from recyclegan.data.prepare import Prepared, refuse_existing
from recyclegan.errors import InputError
from recyclegan.files import whole_folder
from recyclegan.tensors import Domain

_VIPER_FRAMES, _VIPER_LABELS = "img", "cls"
_CITYSCAPES_FRAMES = ("leftImg8bit_sequence", "leftImg8bit")

Clips = tuple[Clip, ...]


def prepare_viper(out: Path, viper: Path, link: bool = True) -> Prepared:
    """Make the data folder of "video-to-label": A holds VIPER's frames, B its label maps.

    ``viper`` holds ``{train,val}/{img,cls}/SEQUENCE/``, as it is downloaded; each sequence is a clip.

    Raises:
        InputError: ``out`` exists and is not empty, or a folder of the download is missing.
    """
    clips: dict[tuple[str, Domain], Clips] = {}
    for split in SPLITS:
        clips[split, "a"] = _viper_clips(viper, split, _VIPER_FRAMES)
        clips[split, "b"] = _viper_clips(viper, split, _VIPER_LABELS)
    return _prepare(out, clips, link)


def prepare_cityscapes(out: Path, viper: Path, cityscapes: Path, link: bool = True) -> Prepared:
    """Make the data folder of "viper-to-cityscapes": A holds VIPER's frames, B those of Cityscapes.

    ``cityscapes`` holds ``leftImg8bit_sequence/{train,val}/CITY/`` (or ``leftImg8bit``, whose frames are single), as it
    is downloaded; each scene of a city is a clip.

    Raises:
        InputError: ``out`` exists and is not empty, or a folder of the downloads is missing.
    """
    clips: dict[tuple[str, Domain], Clips] = {}
    for split in SPLITS:
        clips[split, "a"] = _viper_clips(viper, split, _VIPER_FRAMES)
        clips[split, "b"] = _cityscapes_clips(cityscapes, split)
    return _prepare(out, clips, link)


def _prepare(out: Path, clips: Mapping[tuple[str, Domain], Clips], link: bool) -> Prepared:
    refuse_existing(out)
    with whole_folder(out) as folder:
        for (split, domain), found in clips.items():
            for clip in found:
                place_clip(clip, folder / split / domain.upper(), link)
    return Prepared({f"{split}/{domain.upper()}": len(found) for (split, domain), found in clips.items()})


def _viper_clips(viper: Path, split: str, content: str) -> Clips:
    folder = viper / split / content
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such folder; expected VIPER as downloaded, with {split}/{content}/001/ and so on"
        )
    return find_clips(folder)


def _cityscapes_clips(cityscapes: Path, split: str) -> Clips:
    """Return the scenes of all cities; a city's folder holds many scenes, so its frames are told apart by name."""
    folders = [cityscapes / name / split for name in _CITYSCAPES_FRAMES]
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        raise InputError(
            f"{folders[0]}: no such folder; expected Cityscapes as downloaded, with {split}/aachen/ and so on"
        )
    cities = sorted(city for city in folder.iterdir() if city.is_dir() and not city.name.startswith("."))
    return tuple(replace(clip, name=f"{city.name}/{clip.name}") for city in cities for clip in find_clips(city))
