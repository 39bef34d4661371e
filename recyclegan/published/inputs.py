"""The frames that the published options name: folders, direction, triplets, sizes, and which hold label maps."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from recyclegan.data import Clip, Crop, Resize, find_clips, index_data
from recyclegan.data.placing import place_clip
from recyclegan.domains import DOMAINS, Domain
from recyclegan.errors import InputError
from recyclegan.files import whole_folder
from recyclegan.published.command_line import is_first_process
from recyclegan.published.options import Options
from recyclegan.settings.frames import DataConfig, Labels
from recyclegan.settings.methods import METHODS
from recyclegan.settings.training import TrainConfig
from recyclegan.video import read_image

LETTERS: dict[Domain, str] = {"a": "A", "b": "B"}
HELD_OUT = ("val", "test")
MOST_LABEL_COLOURS = 64
"""Frames with more colours than this among them are no label maps."""
_LOOKED_AT = 8
"""Frames of a domain whose colours are counted."""


def domain_folder(options: Options, phases: Iterable[str], domain: Domain) -> Path | None:
    """Return the folder of a domain in the first of the phases that has one: ``ROOT/val/A`` or ``ROOT/valA``.

    With ``--which_direction BtoA`` a is B, and b is A.
    """
    swapped = options["which_direction"] == "BtoA"
    letter = LETTERS[{"a": "b", "b": "a"}[domain]] if swapped else LETTERS[domain]  # type: ignore[index]
    root = Path(options["dataroot"])
    places = (place for phase in phases for place in (root / phase / letter, root / f"{phase}{letter}"))
    return next((place for place in places if place.is_dir()), None)


def needed_folder(options: Options, phase: str, domain: Domain) -> Path:
    """Return the folder of a domain.

    Raises:
        InputError: there is none.
    """
    folder = domain_folder(options, [phase], domain)
    if folder is None:
        letter, root = LETTERS[domain], options["dataroot"]
        raise InputError(
            f"{root}: holds no {phase}/{letter} or {phase}{letter}; expected --dataroot with these folders"
        )
    return folder


def training_data(options: Options, run: Path) -> Path:
    """Return a data folder as training reads it: ``dataroot`` itself, or a view of it at ``run/data``.

    A view is made of links, for another layout, direction or phase, and for a largest number of frames.

    Raises:
        InputError: a folder is missing.
    """
    root, view = Path(options["dataroot"]), run / "data"
    folders = {("train", domain): needed_folder(options, options["phase"], domain) for domain in DOMAINS}
    held_out = {domain: domain_folder(options, HELD_OUT, domain) for domain in DOMAINS}
    folders |= {("val", domain): folder for domain, folder in held_out.items() if folder and all(held_out.values())}
    plain = math.isinf(options["max_dataset_size"])
    half_held_out = (root / "val").is_dir() and ("val", "a") not in folders
    if (
        plain
        and not half_held_out
        and all(folder == root / split / LETTERS[domain] for (split, domain), folder in folders.items())
    ):
        return root
    if is_first_process():
        with whole_folder(view) as scratch:
            for (split, domain), folder in folders.items():
                _fill(scratch / split / LETTERS[domain], folder, options)
    return view


def is_triplets(options: Options) -> bool:
    """Return whether each image holds three frames side by side."""
    return "triplet" in options["dataset_mode"]


def _fill(target: Path, source: Path, options: Options) -> None:
    """Put clips into a view, until it holds the largest number of frames, or of triplets; a video counts whole."""
    left = options["max_dataset_size"]
    for clip in find_clips(source, is_triplets(options)):
        if left <= 0:
            break
        files = clip.files if left >= len(clip.files) else clip.files[: int(left)]
        place_clip(Clip(clip.name, clip.kind, files), target, link=True)
        left -= clip.num_frames if clip.kind == "video" else len(files)


def frames_config(options: Options, data: Path) -> DataConfig:
    """Return how frames of a data folder are trained on."""
    clips = index_data(data, "train", triplets=is_triplets(options))
    resize, crop = transform(options, {domain: clips[domain][0].size for domain in DOMAINS})
    loaded = (resize.height, resize.width)
    cropped = (crop.height, crop.width)
    sizes: dict[str, Any] = {"size": loaded, "crop": "none"}
    if crop.mode != "none":
        sizes = {"size": cropped, "crop": "rectangle", "load_size": None if resize.mode == "none" else loaded}
    elif resize.mode == "none":
        sizes["size"] = (options["fineSizeH"], options["fineSizeW"])
    return DataConfig(
        **sizes,
        resize=resize.mode,
        flip=mirrors(options),
        labels=label_domains(options, clips),
        channels=(options["input_nc"], options["output_nc"]),
        shuffle=not options["serial_batches"],
        triplets=is_triplets(options),
    )


def mirrors(options: Options) -> bool:
    """Return whether half of the frames are mirrored, as the published code does in one of its modes alone."""
    return options["dataset_mode"] == "unaligned" and not options["no_flip"]


def transform(options: Options, sizes: dict[Domain, tuple[int, int]]) -> tuple[Resize, Crop]:
    """Return how the options resize and crop frames whose (height, width) is in ``sizes``."""
    load, fine = options["loadSize"], options["fineSize"]
    if options["dataset_mode"].endswith("_scale"):
        return _scale_transform(options)
    mode = options["resize_or_crop"]
    crop = Crop("none") if mode == "scale_width" else Crop("rectangle", fine, fine)
    if mode == "resize_and_crop":
        return Resize("rectangle", load, load), crop
    if mode == "crop":
        return Resize("none"), crop
    return _to_width(load if mode == "scale_width_and_crop" else fine, sizes), crop


def _scale_transform(options: Options) -> tuple[Resize, Crop]:
    wide = {"rectangle": (options["loadSizeH"], options["loadSizeW"]), "none": (0, 0)}
    load = wide.get(options["resize_mode"], (options["loadSize"],) * 2)
    if options["crop_mode"] == "none":
        return Resize(options["resize_mode"], *load), Crop("none")
    square = options["crop_mode"] == "square"
    fine = (options["fineSize"],) * 2 if square else (options["fineSizeH"], options["fineSizeW"])
    return Resize(options["resize_mode"], *load), Crop("rectangle", *fine)


def _to_width(width: int, sizes: dict[Domain, tuple[int, int]]) -> Resize:
    """Return the resizing to a width that keeps the proportions of all frames, which must be equal."""
    heights = {round(width * size[0] / size[1]) for size in sizes.values()}
    if len(heights) > 1:
        raise InputError(
            "--resize_or_crop scale_width: the domains differ in proportions; "
            "give --dataset_mode unaligned_scale --resize_mode rectangle with --loadSizeW and --loadSizeH"
        )
    return Resize("rectangle", heights.pop(), width)


def label_domains(options: Options, clips: dict[Domain, tuple[Clip, ...]]) -> Labels:
    """Return which domains hold label maps: what ``--labels`` says, or those whose frames have few colours."""
    if options["labels"] != "auto":
        return options["labels"]
    channels = {"a": options["input_nc"], "b": options["output_nc"]}
    found = "".join(domain for domain in clips if channels[domain] == 3 and _has_few_colours(clips[domain]))
    return found or "none"  # type: ignore[return-value]


def _has_few_colours(clips: tuple[Clip, ...]) -> bool:
    files = [file for clip in clips if clip.kind != "video" for file in clip.files]
    if not files:
        return False
    colours: set[int] = set()
    for file in files[:: max(1, len(files) // _LOOKED_AT)]:
        levels = read_image(file).astype(np.int32)
        colours.update(np.unique((levels[..., 0] << 16) | (levels[..., 1] << 8) | levels[..., 2]).tolist())
        if len(colours) > MOST_LABEL_COLOURS:
            return False
    return True


def steps_per_epoch(config: TrainConfig) -> int:
    """Return the steps of a pass over every window of the larger domain, counted before anything is decoded."""
    length = METHODS[config.method_name].clip_length
    clips = index_data(config.data, "train", triplets=config.frames.triplets)
    windows = (sum(max(0, clip.num_frames - length + 1) for clip in clips[domain]) for domain in DOMAINS)
    return math.ceil(max(windows) / (config.batch_size * config.devices))
