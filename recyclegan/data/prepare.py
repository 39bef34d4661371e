"""Making a data folder: from somebody's footage, or from the embedded world with what it knows of each frame."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np

from recyclegan.arrays import Image
from recyclegan.data.extra_clips import EXTRA_FOLDER
from recyclegan.data.index import Clip, Names, find_clips, single_frames
from recyclegan.data.linking import cut_clip, place_clip
from recyclegan.data.walk import in_short, is_empty
from recyclegan.domains import DOMAINS, Domain
from recyclegan.errors import InputError, nearest
from recyclegan.files import kind_of, whole_folder, write_bytes
from recyclegan.labels import VIPER, colourize
from recyclegan.pace import Progress
from recyclegan.paths import AnyPath, as_path, as_paths
from recyclegan.roadworld import Drive
from recyclegan.roadworld.drive import RoadFrame
from recyclegan.settings.frames import Damaged, Reading
from recyclegan.video import VIDEO_SUFFIXES, write_image, write_video

LABEL_LOOK = "label"
"""Beside the looks of the embedded world: its class maps in VIPER's colours."""
TRUTH_FOLDER = "truth"
LABELS_FOLDER = "A_labels"
"""Beside ``train/A``: label maps of its clips, by their names."""

_DRIVES_PER_SEED = 100_000
_CRF = 12
_LARGEST_SEED = 2**32 - 1
HALF_NEAR = 8.0
"""Metres ahead at which a level of depth is half that of the camera's own place."""


@dataclass(frozen=True)
class Prepared:
    """What was made."""

    num_clips: dict[str, int]
    """Number of clips under ``train/A`` and so on."""
    notes: tuple[str, ...] = ()
    """What the user should know."""


def prepare_videos(
    out: AnyPath,
    a: AnyPath | Sequence[AnyPath],
    b: AnyPath | Sequence[AnyPath],
    val: float = 0.1,
    val_a: AnyPath | Sequence[AnyPath] = (),
    val_b: AnyPath | Sequence[AnyPath] = (),
    seed: int = 0,
    link: bool = True,
    damaged: Damaged = "refuse",
    progress: Progress | None = None,
) -> Prepared:
    """Make a data folder from lists of videos, folders of frames, and folders of either.

    Clips in ``val_a`` and ``val_b`` are held out. Where that list is empty, ``seed`` draws a share ``val`` of the
    domain's clips, at least one. An only clip is cut in time instead. No clip is in both splits. With ``link``, files
    are hard links where possible, else symbolic links, else copies. ``damaged`` is for a video that is cut; others are
    not decoded. ``progress`` gets (clips placed or frames read, in all, what).

    Raises:
        InputError: ``out`` exists and is not empty; a path is missing, no footage, or named twice; ``val`` is not
            from 0 to below 1; or an only clip cannot be cut.

    Example:
        >>> prepare_videos("mine", a="clips/a.mp4", b=["clips/b.mp4"], val=0).num_clips
        {'train/A': 1, 'val/A': 0, 'train/B': 1, 'val/B': 0}
    """
    if not 0 <= val < 1:
        raise InputError(f"val: is {val}; expected a share from 0 to below 1, such as 0.1")
    _check_seed(seed)
    refuse_existing(out := as_path(out))
    show = progress or (lambda *_: None)
    given = {"a": _clips(as_paths(a), damaged), "b": _clips(as_paths(b), damaged)}
    held_out = {"a": _clips(as_paths(val_a), damaged), "b": _clips(as_paths(val_b), damaged)}
    _refuse_repeats([clip for clips in (*given.values(), *held_out.values()) for clip in clips])
    with whole_folder(out) as folder:
        prepared = [
            _prepare_domain(folder, domain, given[domain], held_out[domain], val, (seed, number), link, show)
            for number, domain in enumerate(DOMAINS)
        ]
    return Prepared(
        {place: count for part in prepared for place, count in part.num_clips.items()},
        tuple(note for part in prepared for note in part.notes),
    )


def prepare_roadworld(
    out: AnyPath,
    clips: int = 8,
    frames: int = 60,
    size: tuple[int, int] = (128, 256),
    looks: tuple[str, str] = ("day", LABEL_LOOK),
    seed: int = 0,
    val_clips: int = 2,
    progress: Progress | None = None,
    traffic_lights: bool = False,
    extra: Sequence[str] = (),
) -> Prepared:
    """Make a data folder of drives through the embedded world. No drive is shown twice, so nothing is paired.

    ``size`` is (height, width). Looks are written as videos (H.264, CRF 12), the look ``label`` as folders of PNG files
    in VIPER's exact colours. Beside each held-out clip stands the truth about it, in ``truth/val/{A,B}/CLIP.npz``:
    ``classes`` (uint8, T x H x W), ``flow_backward`` (float32, T x H x W x 2) and ``visible_backward`` (bool). Beside
    the clips of A that are trained on stand their label maps, in ``train/A_labels/CLIP``, unless they are such.
    ``traffic_lights`` puts some beside the road, red, amber or green. ``extra`` names what else is written of the
    frames of A, into ``A_extra``: ``depth``, ``labels``.

    Raises:
        InputError: ``out`` exists and is not empty, there is no such look, or a number is too small or too large.

    Example:
        >>> prepare_roadworld("world", clips=1, val_clips=1, frames=2, size=(32, 64), looks=("day", "night")).num_clips
        {'train/A': 1, 'train/B': 1, 'val/A': 1, 'val/B': 1}
    """
    _check_seed(seed)
    check_road_extras(extra)
    refuse_existing(out := as_path(out))
    if min(clips, val_clips) < 1 or 2 * (clips + val_clips) > _DRIVES_PER_SEED:
        most = _DRIVES_PER_SEED // 2
        raise InputError(f"clips: {clips}, {val_clips} of them held out; expected at least 1 of each, {most} in all")
    plan = [(split, domain) for split, count in (("train", clips), ("val", val_clips)) for domain in DOMAINS * count]
    with whole_folder(out) as folder:
        for number, (split, domain) in enumerate(plan):
            name = f"drive-{number:04d}"
            if progress is not None:
                progress(number * frames, len(plan) * frames, name)
            drive = Drive(seed * _DRIVES_PER_SEED + number, *size, num_frames=frames, traffic_lights=traffic_lights)
            look = looks[DOMAINS.index(domain)]
            _write_drive(drive, look, folder / split / domain.upper() / name)
            if (split, domain) == ("train", "a") and look != LABEL_LOOK:
                _write_drive(drive, LABEL_LOOK, folder / split / LABELS_FOLDER / name)
            if domain == "a":
                write_road_extras(drive, extra, folder / split, name)
            if split == "val":
                _write_truth(drive, folder / TRUTH_FOLDER / split / domain.upper() / f"{name}.npz")
    return Prepared(dict(Counter(f"{split}/{domain.upper()}" for split, domain in plan)))


def _check_seed(seed: int) -> None:
    if not 0 <= seed <= _LARGEST_SEED:
        raise InputError(f"seed: is {seed}; expected 0 to {_LARGEST_SEED}")


def refuse_existing(out: Path) -> None:
    """Refuse to make a data folder where there is something already.

    Raises:
        InputError: ``out`` exists and is not empty.
    """
    if kind_of(out) == "folder" and not is_empty(out):
        raise InputError(f"{out}: exists and is not empty; name a new folder, or remove this one")


def _clips(paths: Sequence[Path], damaged: Damaged) -> tuple[Clip, ...]:
    """Return the clips of videos and folders, under names that differ."""
    names, reading = Names(), Reading(damaged)
    return tuple(
        replace(clip, name=names.new(clip.name), reading=reading) for path in paths for clip in _clips_of(path)
    )


def _clips_of(path: Path) -> Sequence[Clip]:
    kind = kind_of(path)
    if kind == "file" and path.suffix.lower() in VIDEO_SUFFIXES:
        return [Clip(path.stem, "video", (path,))]
    if kind != "folder":
        found = "no such file or folder" if kind == "nothing" else "not a video"
        raise InputError(f"{path}: {found}; expected a video, a folder of frames, or a folder of either")
    clips = find_clips(path)
    only_frames = len(clips) == 1 and clips[0].kind == "frames" and clips[0].files[0].parent == path
    return [replace(clips[0], name=path.resolve().name)] if only_frames else clips


def _refuse_repeats(clips: Sequence[Clip]) -> None:
    seen: set[Path] = set()
    for clip in clips:
        first = clip.files[0].resolve()
        if first in seen:
            raise InputError(f"{clip.files[0]}: is named twice; name it once, so that no clip is in two places")
        seen.add(first)


def _prepare_domain(
    folder: Path,
    domain: Domain,
    given: tuple[Clip, ...],
    held_out: tuple[Clip, ...],
    val: float,
    seed: tuple[int, int],
    link: bool,
    show: Progress,
) -> Prepared:
    """Put the clips of one domain into both splits."""
    letter = domain.upper()
    if not given:
        raise InputError(f"domain {letter}: no footage named; expected at least one video or folder of frames")
    train, val_folder = folder / "train" / letter, folder / "val" / letter
    if len(given) == 1 and val > 0 and not held_out:
        name = given[0].name
        note = cut_clip(
            given[0], train, val_folder, val, link, lambda done, total: show(done, total, f"cutting {name}")
        )
        return Prepared({f"train/{letter}": 1, f"val/{letter}": 1}, (note, *given[0].notes()))
    if val > 0 and not held_out:
        _refuse_single_frames(letter, given)
    drawn = held_out or _drawn(given, val, seed)
    names = set() if held_out else {clip.name for clip in drawn}
    kept = tuple(clip for clip in given if clip.name not in names)
    places = [(clip, train) for clip in kept] + [(clip, val_folder) for clip in drawn]
    for done, (clip, place) in enumerate(places):
        show(done, len(places), f"placing clips of {letter}")
        place_clip(clip, place, link)
    return Prepared({f"train/{letter}": len(kept), f"val/{letter}": len(drawn)})


def _refuse_single_frames(letter: str, clips: tuple[Clip, ...]) -> None:
    """Refuse to draw from clips most of which may be parts of one scene: neighbours would fall into both splits."""
    if single := single_frames(clips):
        names = in_short(clip.files[0].name for clip in single)
        raise InputError(
            f"domain {letter}: {len(single)} of {len(clips)} clips have a single frame ({names}), so that neighbouring "
            f"frames may be trained on and held out; put each scene into a folder, name held-out ones with --val-"
            f"{letter.lower()}, or give --val 0"
        )


def _drawn(clips: tuple[Clip, ...], val: float, seed: tuple[int, int]) -> tuple[Clip, ...]:
    """Return the clips to hold out: none for a share of 0, else at least one, and never all."""
    if val == 0:
        return ()
    count = min(max(1, round(val * len(clips))), len(clips) - 1)
    chosen = np.random.default_rng(seed).permutation(len(clips))[:count]
    return tuple(clips[number] for number in sorted(chosen))


def _write_drive(drive: Drive, look: str, place: Path) -> None:
    """Write a drive in one look: a video, or a folder of exact label maps."""
    if look == LABEL_LOOK:
        for number, frame in enumerate(drive):
            write_image(place / f"{number:05d}.png", colourize(frame.classes, VIPER))
    else:
        images = (drive.image(number, look) for number in range(len(drive)))
        write_video(place.with_name(f"{place.name}.mp4"), images, Fraction(drive.fps), crf=_CRF)


def _write_truth(drive: Drive, path: Path) -> None:
    truth = [(frame.classes, frame.flow_backward, frame.visible_backward) for frame in drive]
    classes, flow, visible = (np.stack(part) for part in zip(*truth, strict=True))
    data = BytesIO()
    np.savez_compressed(data, classes=classes, flow_backward=flow, visible_backward=visible)
    write_bytes(path, data.getbuffer())


def nearness(frame: RoadFrame) -> Image:
    """Return how near each pixel is, in grey: 255 at the camera, half of it 8 m ahead, 0 in the sky."""
    levels = 255 * HALF_NEAR / (HALF_NEAR + frame.drive.depth(frame.index))
    return np.repeat(levels.round().astype(np.uint8)[..., None], 3, axis=2)


ROAD_EXTRAS: dict[str, Callable[[RoadFrame], Image]] = {
    "depth": nearness,
    "labels": lambda frame: colourize(frame.classes, VIPER),
}
"""The picture of a frame for each of them."""


def check_road_extras(names: Iterable[str]) -> None:
    """Refuse what the embedded world does not know.

    Raises:
        InputError: there is such a name.
    """
    for name in names:
        if name not in ROAD_EXTRAS:
            raise InputError(f"extra: found {name!r}, expected {', '.join(ROAD_EXTRAS)}{nearest(name, ROAD_EXTRAS)}")


def write_road_extras(drive: Drive, names: Iterable[str], split: Path, clip: str) -> None:
    """Write further inputs of a drive into ``split/A_extra/NAME/CLIP``, as PNG."""
    for name in names:
        for number, frame in enumerate(drive):
            write_image(split / EXTRA_FOLDER / name / clip / f"{number:05d}.png", ROAD_EXTRAS[name](frame))
