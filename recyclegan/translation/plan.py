"""What the translation of a folder, or of several inputs, will write: known before the first of it is made.

What is to be translated: files and folders by name, and patterns such as ``clips/*.mp4``.
"""

import glob
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recyclegan.errors import InputError
from recyclegan.files import kind_of, natural_key
from recyclegan.paths import AnyPath, as_path
from recyclegan.streams import GifWriter
from recyclegan.translation.outputs import Output, find_media, kind_of_output, may_write, video_place
from recyclegan.video import (
    IMAGE_SUFFIXES,
    VIDEO_SUFFIXES,
    WHOLE,
    WRITTEN_SUFFIXES,
    Span,
    VideoWriter,
    check_whole,
    probe,
    shown_times,
)


def find_inputs(given: Sequence[AnyPath]) -> list[Path]:
    """Return the files and folders that are named, those of a pattern in the order of their names, each once.

    In a pattern ``*`` stands for any letters, ``?`` for one, ``[ab]`` for either, and ``**`` for folders at any depth.
    It finds videos, images and folders, hidden ones aside; what lies in a folder that it finds goes with that.

    Raises:
        InputError: a name or a pattern stands for nothing, or none is given.
    """
    if not given:
        raise InputError("no inputs: expected a video, an image or a folder of them")
    found: dict[Path, Path] = {}
    for name in given:
        for path in _matches(str(name)) if is_pattern(name) else [_named(as_path(name))]:
            found.setdefault(path.resolve(), path)
    return list(found.values())


def is_pattern(name: AnyPath) -> bool:
    """Return whether a name is a pattern; one that stands for a file itself is none."""
    return glob.has_magic(str(name)) and kind_of(Path(name)) == "nothing"


def _named(path: Path) -> Path:
    if kind_of(path) == "nothing":
        raise InputError(f"{path}: no such file or folder; name a video, an image or a folder of them")
    return path


def _matches(pattern: str) -> list[Path]:
    found = {Path(name) for name in glob.iglob(pattern, recursive=True)}  # noqa: PTH207 (Path.glob takes no whole path)
    media = {path for path in found if path.is_dir() or path.suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES}
    outer = [path for path in media if media.isdisjoint(path.parents)]
    if not outer:
        kept = f"; {len(found)} other files are neither videos nor images" if found else ""
        raise InputError(f"{pattern}: matches no video, image or folder{kept}; check the pattern")
    return sorted(outer, key=natural_key)


@dataclass(frozen=True)
class FramesJob:
    """Frames of a folder, each with the name that its translation gets in ``target``."""

    frames: tuple[tuple[Path, str], ...]
    target: Path
    name: str
    """The folder's own name."""


@dataclass(frozen=True)
class VideoJob:
    """A video, and the file or the folder of frames that it becomes."""

    source: Path
    target: Path
    notes: tuple[str, ...] = ()
    """What there is to say of the place."""

    def writer(self, output: Output) -> VideoWriter | GifWriter:
        """Return what writes the translation, with the source's times and sound; it refuses what cannot be written."""
        info = probe(self.source)
        height, half = output.size(info.height, info.width, even=True)
        width = 2 * half if output.side_by_side else half
        if self.target.suffix.lower() == ".gif":
            return GifWriter(self.target, width, height, info.rate, output.span)
        return VideoWriter(
            self.target,
            width,
            height,
            like=self.source,
            codec=output.codec,
            crf=output.crf,
            audio_from=self.source,
            damaged=output.damaged,
            span=output.span,
            preset=output.encoder_preset,
        )

    def check(self, output: Output) -> None:
        """Refuse, before any work, a video that cannot be read or is cut off, or that could not be written as asked."""
        check_whole(self.source, output.reading)
        self._check_span(output.span)
        if output.frames:
            probe(self.source)
        else:
            self.writer(output).check()

    def _check_span(self, span: Span) -> None:
        times = shown_times(self.source) if span != WHOLE else []
        if times and not any(time in span for time in times):
            there = f"{float(times[0]):.3f} to {float(times[-1]):.3f} s"
            raise InputError(f"{self.source}: has no frame {span}; its frames are shown at {there}")

    def num_frames(self, output: Output) -> int | None:
        """Return how many frames are to be translated, None where only decoding tells."""
        if output.span == WHOLE:
            return probe(self.source).num_frames
        return sum(time in output.span for time in shown_times(self.source)) or None


@dataclass(frozen=True)
class Plan:
    """What is to be translated; outputs that are there and are to be skipped are not in it."""

    frames: tuple[FramesJob, ...]
    videos: tuple[VideoJob, ...]

    @property
    def folders(self) -> set[Path]:
        """Return the folders that something appears in."""
        return {job.target.parent for job in self.videos} | {job.target.parent for job in self.frames}

    def check(self, output: Output) -> None:
        """Refuse, before any work, what cannot be read, or cannot be written as asked.

        Raises:
            InputError: there is such, or frames of a folder, which have no times, are to be cut by time.
        """
        for frames in self.frames:
            if output.span != WHOLE and frames.frames:
                what = frames.frames[0][0]
                raise InputError(f"{what}: is no video, and has no times; leave --start and --end out, or name videos")
        for video in self.videos:
            video.check(output)


def plan_folder(source: Path, target: Path, output: Output, name_of: Callable[[Path], str]) -> Plan:
    """Return what the media below ``source`` become below ``target``; ``name_of`` tells the name of a frame.

    Raises:
        InputError: there are none, an output is there already, two inputs would become the same output, or ``target``
            is a file, has the name of one, or lies inside ``source``.
    """
    _check_target(target, f"{source} is a folder, which becomes one")
    if target.resolve().is_relative_to(source.resolve()):
        raise InputError(f"{target}: lies inside the input; name a folder outside {source}")
    videos, clips = find_media(source)
    if not videos and not clips:
        raise InputError(f"{source}: holds no videos and no frames")
    places = {video: _place(target / video.relative_to(source), output) for video in videos}
    folders = {folder: target / folder.relative_to(source) for folder in clips}
    _check_places([*places.items(), *folders.items()])
    return Plan(
        tuple(_frames_job(frames, folders[folder], output, name_of) for folder, frames in clips.items()),
        _video_jobs(places, output),
    )


def plan_several(sources: Sequence[Path], target: Path, output: Output, name_of: Callable[[Path], str]) -> Plan:
    """Return what several videos, images and folders become in the folder ``target``, each under its own name.

    Raises:
        InputError: as ``plan_folder``, or two of them have one name.
    """
    _check_target(target, "several inputs become a folder")
    folders = [source for source in sources if kind_of(source) == "folder"]
    files = [source for source in sources if kind_of(source) != "folder"]
    images = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]
    videos = [file for file in files if file.suffix.lower() not in IMAGE_SUFFIXES]
    places = {video: _place(target / video.name, output) for video in videos}
    inside = {folder: target / folder.resolve().name for folder in folders}
    _check_places([*places.items(), *inside.items(), *((image, target / name_of(image)) for image in images)])
    plans = [plan_folder(folder, place, output, name_of) for folder, place in inside.items()]
    loose = [_frames_job(images, target, output, name_of)] if images else []
    return Plan(
        (*loose, *(job for plan in plans for job in plan.frames)),
        (*_video_jobs(places, output), *(job for plan in plans for job in plan.videos)),
    )


def _video_jobs(places: Mapping[Path, Path], output: Output) -> tuple[VideoJob, ...]:
    """Return what is to be done for each video and its place, those aside that are skipped."""
    wanted = kind_of_output(output)
    return tuple(
        VideoJob(video, place, _notes(video, place))
        for video, place in places.items()
        if may_write(video, place, output, wanted)
    )


def _place(place: Path, output: Output) -> Path:
    """Return where a video called ``place`` goes: as ``.mp4`` where its own format is read but not written."""
    written = output.frames or place.suffix.lower() in WRITTEN_SUFFIXES
    return video_place(place if written else place.with_suffix(".mp4"), output)


def _notes(video: Path, place: Path) -> tuple[str, ...]:
    changed = place.suffix not in ("", video.suffix)
    return (f"{video}: {video.suffix} is read but not written; becomes {place}",) if changed else ()


def _check_target(target: Path, reason: str) -> None:
    """Refuse what is no folder, and what is not there and has the name of a video or an image."""
    kind = kind_of(target)
    if kind not in ("folder", "nothing"):
        raise InputError(f"{target}: is a {kind}; name a folder to write")
    if kind == "nothing" and target.suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES:
        raise InputError(
            f"{target}: is the name of a file, and {reason}; name a folder to write, and join its frames to a video "
            "afterwards (ffmpeg)"
        )


def _check_places(places: list[tuple[Path, Path]]) -> None:
    """Refuse two inputs that would become the same output."""
    taken: dict[Path, Path] = {}
    for source, place in places:
        if place in taken:
            raise InputError(f"{taken[place]} and {source}: would both become {place}; rename one")
        taken[place] = source


def _frames_job(frames: list[Path], target: Path, output: Output, name_of: Callable[[Path], str]) -> FramesJob:
    names = [name_of(frame) for frame in frames]
    if twice := named_twice(names):
        raise InputError(f"{frames[0].parent}: two frames would both become {twice}; rename one")
    wanted = [(f, n) for f, n in zip(frames, names, strict=True) if may_write(f, target / n, output)]
    return FramesJob(tuple(wanted), target, frames[0].parent.name)


def named_twice(names: list[str]) -> str | None:
    """Return the first name, by the alphabet, that is there more than once."""
    return min((name for name, number in Counter(names).items() if number > 1), default=None)
