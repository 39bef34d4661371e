"""Data folders for the published experiments, from the downloads of VIPER and Cityscapes as they come."""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from recyclegan.data.archives import DownloadedFile, open_download
from recyclegan.data.index import SPLITS
from recyclegan.data.prepare import TRUTH_FOLDER, Prepared, refuse_existing
from recyclegan.data.viper import (
    BACKWARD,
    CLASSES,
    FORWARD,
    FRAMES,
    Sequences,
    check_viper,
    notes_on,
    put_label_map,
    split_of,
    viper_sequences,
)
from recyclegan.domains import Domain
from recyclegan.errors import InputError
from recyclegan.files import whole_folder
from recyclegan.pace import Progress
from recyclegan.paths import AnyPath, as_path

SNIPPET = 30
"""Frames of a snippet of Cityscapes."""
_CITYSCAPES = re.compile(r"(?:.*/)?(leftImg8bit(?:_sequence)?)/(train|val)/(\w+)/(\3_\d{6})_(\d{6})_leftImg8bit\.png")


@dataclass
class _Plan:
    """Files to place: what to do with each, and in which folder."""

    link: bool
    files: list[tuple[DownloadedFile, str, bool]] = field(default_factory=list)
    """The file, its folder below the data folder, and whether it is a label map to paint."""
    clips: dict[str, set[str]] = field(default_factory=dict)

    def add(self, split: str, domain: Domain, clip: str, files: list[DownloadedFile], is_label: bool = False) -> None:
        """Add a clip of frames or label maps."""
        place = f"{split}/{domain.upper()}"
        self.clips.setdefault(place, set()).add(clip)
        self.files += [(file, f"{place}/{clip}", is_label) for file in files]

    def carry_out(self, folder: Path, progress: Progress | None) -> None:
        """Place all files.

        Raises:
            InputError: a file is damaged, or the disk has no room for what is to be unpacked.
        """
        needed, free = sum(file.num_bytes for file, _, _ in self.files), shutil.disk_usage(folder).free
        if needed > free:
            raise InputError(
                f"{folder.name}: {needed / 1e9:.1f} GB are to be unpacked, the disk has room for {free / 1e9:.1f} GB; "
                "make room, or name another place"
            )
        for done, (file, place, is_label) in enumerate(self.files, start=1):
            if is_label:
                put_label_map(file, folder / place, self.link)
            else:
                file.put(folder / place, self.link)
            if progress:
                progress(done, len(self.files), place)

    @property
    def num_clips(self) -> dict[str, int]:
        """Return the number of clips in each place."""
        places = [f"{split}/{letter}" for split in SPLITS for letter in "AB"]
        return {place: len(self.clips[place]) for place in places if place in self.clips}


def prepare_viper(out: AnyPath, viper: AnyPath, link: bool = True, progress: Progress | None = None) -> Prepared:
    """Make the data folder of "video-to-label": A holds VIPER's frames, B its label maps in its colours.

    ``viper`` holds VIPER's training set as it is downloaded: zip archives, or what they unpack to. The sequences that
    the published experiment validates on are held out; what is known of them (class maps, flow) becomes the truth that
    ``recyclegan evaluate --truth OUT/truth/val/A`` reads.

    Raises:
        InputError: ``out`` exists and is not empty, frames or label maps are missing, or a file is damaged.
    """
    out, viper = as_path(out), as_path(viper)
    refuse_existing(out)
    plan = _Plan(link)
    with open_download(viper) as files, whole_folder(out) as folder:
        found = viper_sequences(files)
        notes = _plan_viper_frames(plan, viper, found)
        check_viper(viper, CLASSES, found[CLASSES])
        notes += notes_on(CLASSES, found[CLASSES])
        for sequence, maps in found[CLASSES].items():
            plan.add(split_of(sequence), "b", sequence, list(maps.values()), is_label=True)
        plan.carry_out(folder, progress)
    return Prepared(plan.num_clips, tuple(notes))


def prepare_cityscapes(
    out: AnyPath, viper: AnyPath, cityscapes: AnyPath, link: bool = True, progress: Progress | None = None
) -> Prepared:
    """Make the data folder of "viper-to-cityscapes": A holds VIPER's frames, B those of Cityscapes.

    ``viper`` is as for ``prepare_viper``. ``cityscapes`` holds ``leftImg8bit_sequence/{train,val}/CITY/`` (or
    ``leftImg8bit``, whose frames are single), as it is downloaded: unpacked, or a zip archive; each snippet is a clip.

    Raises:
        InputError: ``out`` exists and is not empty, frames are missing, or an archive is damaged.
    """
    out, viper, cityscapes = as_path(out), as_path(viper), as_path(cityscapes)
    refuse_existing(out)
    plan = _Plan(link)
    with open_download(viper) as files, open_download(cityscapes) as others, whole_folder(out) as folder:
        notes = _plan_viper_frames(plan, viper, viper_sequences(files))
        notes += _plan_cityscapes(plan, cityscapes, others)
        plan.carry_out(folder, progress)
    return Prepared(plan.num_clips, tuple(notes))


def _plan_viper_frames(plan: _Plan, viper: Path, found: Mapping[str, Sequences]) -> list[str]:
    """Plan VIPER's frames as domain A, and the truth about those held out; return what there is to say."""
    check_viper(viper, FRAMES, found[FRAMES])
    for sequence, frames in found[FRAMES].items():
        plan.add(split_of(sequence), "a", sequence, list(frames.values()))
    notes = notes_on(FRAMES, found[FRAMES])
    for kind in (CLASSES, FORWARD, BACKWARD):
        held_out = {name: files for name, files in found[kind].items() if split_of(name) == "val"}
        place = f"{TRUTH_FOLDER}/val/A/{kind}"
        plan.files += [(file, f"{place}/{name}", False) for name, files in held_out.items() for file in files.values()]
        if not held_out:
            notes.append(f"{kind}: nothing is known about the held-out sequences")
    return notes


def _plan_cityscapes(plan: _Plan, cityscapes: Path, files: list[DownloadedFile]) -> list[str]:
    """Plan the snippets of Cityscapes as domain B; return what there is to say."""
    matches = [(match.groups(), file) for file in files if (match := _CITYSCAPES.fullmatch(file.path))]
    kinds = {groups[0] for groups, _ in matches}
    kind = max(kinds, key=len, default="")
    scenes: dict[tuple[str, str, str], dict[int, DownloadedFile]] = {}
    for (found, split, city, scene, number), file in matches:
        if found == kind:
            scenes.setdefault((split, city, scene), {})[int(number)] = file
    for split in SPLITS:
        if not any(place[0] == split for place in scenes):
            raise InputError(
                f"{cityscapes}: holds no leftImg8bit_sequence/{split}/CITY/CITY_SSSSSS_FFFFFF_leftImg8bit.png; "
                "get leftImg8bit_sequence_trainvaltest.zip of Cityscapes"
            )
    short = 0
    for (split, city, scene), frames in sorted(scenes.items()):
        for first, snippet in snippets(frames):
            plan.add(split, "b", f"{city}/{scene}_{first:06d}", snippet)
            short += len(snippet) < SNIPPET
    if kind == "leftImg8bit":
        return ["Cityscapes: frames are single (leftImg8bit); methods on clips of frames need leftImg8bit_sequence"]
    return [f"Cityscapes: {short} snippets have fewer than {SNIPPET} frames"] if short else []


def snippets(frames: Mapping[int, DownloadedFile]) -> Iterator[tuple[int, list[DownloadedFile]]]:
    """Yield the snippets of a scene with the number of their first frame: neighbouring frames, at most 30 of them."""
    snippet: list[int] = []
    for number in [*sorted(frames), -1]:
        if snippet and (number != snippet[-1] + 1 or len(snippet) == SNIPPET):
            yield snippet[0], [frames[frame] for frame in snippet]
            snippet = []
        snippet.append(number)
