"""What there is to say of the clips of a folder: what was left out, and what names alone told."""

from collections.abc import Sequence
from pathlib import Path

from recyclegan.data.index import Clip, clips_among, other_files
from recyclegan.data.walk import in_words, walk

_MOST_NAMED = 3


def notes_on_clips(folder: Path, triplets: bool = False) -> list[str]:
    """Return what there is to say of the clips below a folder: what is left out, and what names alone told.

    Raises:
        InputError: as for `find_clips`.
    """
    found = walk(folder)
    clips = clips_among(found, triplets)
    notes = in_words(found, other_files(found))
    loose = [clip for clip in clips if clip.kind == "frames" and clip.files[0].parent == folder]
    if len(loose) > 1:
        notes.append(
            f"{folder}: loose frames were taken for {len(loose)} clips by the numbers in their names "
            f"({_counted(loose)}); put the frames of each scene into a folder to say it for sure"
        )
    return notes + notes_on_single_frames(folder, clips)


def notes_on_single_frames(folder: Path, clips: Sequence[Clip]) -> list[str]:
    """Return a note where at least half of the clips, and more than one, have a single frame."""
    single = single_frames(clips)
    if not single:
        return []
    return [
        f"{folder}: {len(single)} of {len(clips)} clips have a single frame ({_named(single)}); "
        "frames of one scene belong into a folder of their own"
    ]


def single_frames(clips: Sequence[Clip]) -> list[Clip]:
    """Return the clips of one image, where they are at least half of all and more than one; else none."""
    single = [clip for clip in clips if clip.kind == "frames" and len(clip.files) == 1]
    return single if len(single) > 1 and 2 * len(single) >= len(clips) else []


def _counted(clips: Sequence[Clip]) -> str:
    shown = [f"{clip.name}: {len(clip.files)}" for clip in clips[:_MOST_NAMED]]
    return ", ".join([*shown, *(["..."] if len(clips) > _MOST_NAMED else [])])


def _named(clips: Sequence[Clip]) -> str:
    return ", ".join([*(clip.files[0].name for clip in clips[:_MOST_NAMED]), *["..."][: len(clips) - _MOST_NAMED]])
