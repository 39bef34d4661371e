"""The data folder of a student: clips, what their teacher made of each frame, and the look aimed at.

It is made once, as ``RUN/pairs``: clips are linked into it, the teacher's frames are written as PNG. So whatever the
teacher is, its student learns from files, and can be gone on with where the teacher is no longer there.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from recyclegan.data import Clip, find_clips, index_data
from recyclegan.data.linking import place_clip
from recyclegan.data.resize import scale_of
from recyclegan.distillation.teachers import Teacher
from recyclegan.domains import source_domain, target_domain
from recyclegan.files import added_to, kind_of, whole_folder
from recyclegan.pace import Progress, counted
from recyclegan.settings.frames import DataConfig, Reading
from recyclegan.training.extra_frames import TEACHER
from recyclegan.video import write_image

PAIRS = "pairs"
Splits = Mapping[str, Sequence[Clip]]
"""Clips by split: ``train`` and, where some are held out, ``val``."""


def source_clips(data: Path, teacher: Teacher, reading: Reading) -> Splits:
    """Return the clips that a teacher is to translate, those that are held out beside those to learn from.

    ``data`` is a data folder, or any folder of clips.

    Raises:
        InputError: there are none.
    """
    if kind_of(data / "train") != "folder":
        return {"train": find_clips(data, reading=reading)}
    domain = source_domain(teacher.direction)
    learned = index_data(data, "train", (domain,), reading=reading)[domain]
    if kind_of(data / "val" / domain.upper()) != "folder":
        return {"train": learned}
    held_out = index_data(data, "val", (domain,), reading=reading)[domain]
    known = [clip for clip in held_out if teacher.knows(clip)]
    return {"train": learned, **({"val": known} if known else {})}


def target_clips(data: Path, target: Path | None, teacher: Teacher, reading: Reading) -> Splits:
    """Return footage of the look aimed at, from a folder or from the other side of a data folder; or none.

    Raises:
        InputError: the folder holds none.
    """
    if target is not None:
        return {"train": find_clips(target, reading=reading)}
    domain = target_domain(teacher.direction)
    splits = [split for split in ("train", "val") if kind_of(data / split / domain.upper()) == "folder"]
    return {split: index_data(data, split, (domain,), reading=reading)[domain] for split in splits}


def make_pairs(
    folder: Path,
    teacher: Teacher,
    sources: Splits,
    targets: Splits,
    frames: DataConfig,
    progress: Progress | None = None,
) -> None:
    """Write what is not there yet of a student's data folder; clips that were translated before are left as they are.

    Where there is no footage of the look aimed at, the teacher's own frames stand for it.

    Raises:
        InputError: a clip cannot be read or translated, or something cannot be written.
    """
    teacher.check([clip for clips in sources.values() for clip in clips])
    missing = {
        folder / split / TEACHER / clip.name: clip
        for split, clips in sources.items()
        for clip in clips
        if kind_of(folder / split / TEACHER / clip.name) != "folder"
    }
    step = counted(progress, "teacher", sum(clip.num_frames for clip in missing.values()))
    for made, clip in missing.items():
        _translate(clip, teacher, made, frames, step)
    for split, clips in sources.items():
        _place(clips, folder / split / "A")
        look = targets.get(split) or targets.get("train") or find_clips(folder / split / TEACHER)
        _place(look, folder / split / "B")


def _place(clips: Sequence[Clip], folder: Path) -> None:
    if kind_of(folder) != "folder":
        with whole_folder(folder) as scratch:
            for clip in clips:
                place_clip(clip, scratch, link=True)


def _translate(clip: Clip, teacher: Teacher, made: Path, frames: DataConfig, step: Callable[[], None]) -> None:
    with added_to(made) as scratch:
        for number, image in enumerate(teacher.translated(clip, scale_of(frames).whole, frames.is_label("a"))):
            write_image(scratch / f"{number:06d}.png", image)
            step()
