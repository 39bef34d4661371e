"""What is evaluated: translated clips beside their sources, and beside the truth where there is one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, repeat
from pathlib import Path

from recyclegan.arrays import Image
from recyclegan.data.index import Clip, find_clips
from recyclegan.data.resize import Resize
from recyclegan.errors import InputError, nearest
from recyclegan.evaluation.frame_spans import Runs, runs_of, span_of
from recyclegan.evaluation.memory import Store, kept, key_of
from recyclegan.evaluation.truth import ArrayTruth, FrameTruth, LabelTruth, Size, Truth, ViperTruth, is_viper
from recyclegan.labels import VIPER, LabelSet
from recyclegan.settings.frames import Reading
from recyclegan.video import STRICT, VIDEO_SUFFIXES


@dataclass(frozen=True)
class FramePair:
    """One frame of a clip: translated, its source at the same size, and the truth at the same size."""

    index: int
    translated: Image
    source: Image
    truth: FrameTruth | None
    key: str = ""
    """What is remembered of the source at this frame goes by it; empty where nothing is."""


@dataclass(frozen=True)
class PairedClip:
    """A translated clip and its source, equally long, and the truth about the source."""

    translated: Clip
    source: Clip
    truth: Truth | None = None
    """Of the whole source."""
    first: int = 0
    """Number of the first frame in the whole source, of which translated clips may lack the beginning."""
    note: str = ""
    """What there is to say of which frames belong together."""

    @property
    def name(self) -> str:
        """Return the name that the translated clip has."""
        return self.translated.name

    @property
    def size(self) -> Size:
        """Return the height and width that everything is measured at: those of the translated frames."""
        return self.translated.size

    def kept_in(self, store: Store) -> "PairedClip":
        """Return the same clip with frames that are decoded once, as far as they find room in a store."""
        return replace(self, translated=kept(self.translated, store), source=kept(self.source, store))

    def runs(self, most: int | None = None) -> Runs:
        """Return the frames that are measured: all, or at most ``most``, in runs that are evenly spread."""
        return runs_of(self.source.num_frames, most)

    @cached_property
    def source_key(self) -> str:
        """Return a key of the source as it is looked at: by its files, and by the size."""
        return key_of([self.source], self.size)

    def moments(self, wanted: Sequence[int] | None = None, *, to_end: bool = True) -> Iterator[FramePair]:
        """Yield the frames in order, the wanted ones alone where their numbers are given.

        Videos are decoded to their end, so that damage shows, unless ``to_end`` is off.

        Raises:
            InputError: a file cannot be read, or frames change their size within the clip.
        """
        wanted = range(self.source.num_frames) if wanted is None else wanted
        resize = Resize("rectangle", *self.size)
        truths = self._truths(wanted) if self.truth else repeat(None, len(wanted))
        pictures = zip(_images(self.translated, wanted), _images(self.source, wanted), strict=True)
        known = zip(wanted, pictures, truths, strict=True)
        for index, (translated, source), truth in known if to_end else islice(known, len(wanted)):
            if translated.shape[:2] != self.size:
                found, expected = (f"{size[1]}x{size[0]}" for size in (translated.shape, self.size))
                raise InputError(
                    f"{self.name}: frame {index} is {found}, expected {expected}; make all frames one size"
                )
            yield FramePair(index, translated, resize(source), truth, f"{self.source_key}-{index}")

    def looks(self, most: int) -> Iterator[FramePair]:
        """Yield at most ``most`` frames, spread evenly, without their truth.

        Raises:
            InputError: a file cannot be read.
        """
        return replace(self, truth=None).moments(self.spread(most), to_end=False)

    def spread(self, most: int) -> range:
        """Return the numbers of at most ``most`` frames, spread evenly."""
        num_frames = self.source.num_frames
        stride = -(-num_frames // most)
        return range(min(stride // 2, num_frames - 1), num_frames, stride)

    def _truths(self, wanted: Sequence[int]) -> Iterator[FrameTruth]:
        assert self.truth is not None
        return self.truth.frames(self.size, tuple(self.first + index for index in wanted))


def _images(clip: Clip, wanted: Sequence[int]) -> Iterator[Image]:
    """Yield the wanted frames of a clip; a video is decoded to its end for them."""
    if clip.kind == "frames":
        return replace(clip, files=tuple(clip.files[index] for index in wanted)).images()
    numbers = frozenset(wanted)
    return (image for index, image in enumerate(clip.images()) if index in numbers)


def pair_clips(
    translated: Path,
    source: Path,
    truth: Path | None = None,
    labels: LabelSet | None = None,
    reading: Reading = STRICT,
) -> list[PairedClip]:
    """Return every translated clip with its source and truth of the same name; two single videos pair as they are.

    Raises:
        InputError: a clip has no source, lacks other frames of it than the first (see `span_of`), or has no truth
            where truth is given.
    """
    ours, theirs = clips_at(translated, reading), clips_at(source, reading)
    if len(ours) == len(theirs) == 1:
        pairs = [(ours[0], theirs[0])]
    else:
        known = {clip.name: clip for clip in theirs}
        pairs = [(clip, _named(clip.name, known, source)) for clip in ours]
    spans = [span_of(clip, origin) for clip, origin in pairs]
    if truth and truth.is_file() and len(pairs) > 1:
        raise InputError(
            f"{truth}: is the truth of one clip, found {len(pairs)} clips; name a folder with one file a clip"
        )
    return [
        PairedClip(clip, span.source, _truth_of(origin, truth, labels), span.first, span.note)
        for (clip, origin), span in zip(pairs, spans, strict=True)
    ]


def clips_at(place: Path, reading: Reading = STRICT) -> tuple[Clip, ...]:
    """Return the clips of a folder, or the one that a video file is.

    Raises:
        InputError: there is nothing, or something else.
    """
    if not place.exists():
        raise InputError(f"{place}: no such video or folder; expected a video, or a folder of videos or frames")
    if place.is_dir():
        return find_clips(place, reading=reading)
    if place.suffix.lower() not in VIDEO_SUFFIXES:
        raise InputError(f"{place}: is no video; expected one of {', '.join(sorted(VIDEO_SUFFIXES))}, or a folder")
    return (Clip(place.stem, "video", (place,), reading),)


def notes_of(places: Iterable[Path], reading: Reading) -> list[str]:
    """Return what there is to say of videos that are kept although they are damaged.

    Raises:
        InputError: a place holds no footage.
    """
    return [note for place in places for clip in clips_at(place, reading) for note in clip.notes()]


def _named(name: str, known: dict[str, Clip], place: Path) -> Clip:
    if name not in known:
        raise InputError(
            f"{place}: holds no clip {name}{nearest(name, known)}; translated clips keep their source's name"
        )
    return known[name]


def _truth_of(source: Clip, place: Path | None, labels: LabelSet | None) -> Truth | None:
    if place is None:
        return None
    path = place if place.is_file() else place / f"{source.name}.npz"
    if path.is_file():
        return ArrayTruth(path, source.num_frames, labels)
    if is_viper(place):
        if labels is not None and labels is not VIPER:
            raise InputError(f"{place}: holds VIPER's truth, found labels {labels.name}; expected viper")
        return ViperTruth(place, source)
    if labels is None:
        raise InputError(f"{path}: no such file; expected the truth of {source.name}, or label maps with --labels")
    maps = _named(source.name, {clip.name: clip for clip in find_clips(place)}, place)
    if maps.num_frames != source.num_frames:
        raise InputError(
            f"{maps.name}: {maps.num_frames} frames, its source has {source.num_frames}; translate the whole clip again"
        )
    return LabelTruth(maps, labels)
