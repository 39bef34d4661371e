"""Where a published training starts: anew, from weights alone, or exactly where it stopped.

The frames that the published options name: folders, direction, triplets, sizes, and which hold label maps.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from recyclegan.data import Clip, Crop, Resize, find_clips, index_data
from recyclegan.data.linking import place_clip
from recyclegan.distributed.fabric import Fabric
from recyclegan.domains import DOMAINS, Domain, Domains
from recyclegan.errors import InputError
from recyclegan.files import whole_folder
from recyclegan.labels import packed
from recyclegan.methods import Method
from recyclegan.networks import initialize
from recyclegan.networks.weights import read_weights
from recyclegan.notes import is_first_process
from recyclegan.published.command_line import notify
from recyclegan.published.exchange import PLACES, load_network, missing_epoch
from recyclegan.published.layout import LATEST, epochs_in, network_file
from recyclegan.published.published_options import Options
from recyclegan.runs import read_config
from recyclegan.runs.run_folder import CONFIG_FILE, write_config
from recyclegan.settings.frames import DataConfig, Labels
from recyclegan.settings.methods import METHODS
from recyclegan.settings.training import TrainConfig, config_to_dict
from recyclegan.states import checkpoints, save_checkpoint
from recyclegan.steps import TrainState
from recyclegan.steps.finite import infinite_part
from recyclegan.video import read_image

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
    letter = {"a": "B", "b": "A"}[domain] if swapped else domain.upper()
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
        letter, root = domain.upper(), options["dataroot"]
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
        and all(folder == root / split / domain.upper() for (split, domain), folder in folders.items())
    ):
        return root
    if is_first_process():
        with whole_folder(view) as scratch:
            for (split, domain), folder in folders.items():
                _fill(scratch / split / domain.upper(), folder, options)
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
        colours.update(np.unique(packed(read_image(file))).tolist())
        if len(colours) > MOST_LABEL_COLOURS:
            return False
    return True


def steps_per_epoch(config: TrainConfig) -> int:
    """Return the steps of a pass over every window of the larger domain, counted before anything is decoded."""
    length = METHODS[config.method_name].clip_length
    clips = index_data(config.data, "train", triplets=config.frames.triplets)
    windows = (sum(max(0, clip.num_frames - length + 1) for clip in clips[domain]) for domain in DOMAINS)
    return math.ceil(max(windows) / (config.batch_size * config.devices))


def refuse_existing(run: Path, options: Options) -> None:
    """Refuse to train a new experiment over one that is there, or to go on with one that is not.

    Raises:
        InputError: the folder holds a run, or networks of the published code; or there is none to go on with.
    """
    if options["continue_train"] and not run.exists():
        raise missing_epoch(run, options["which_epoch"])
    holds = (run / CONFIG_FILE).is_file() or epochs_in(run)
    if holds and not options["continue_train"] and is_first_process():
        raise InputError(
            f"{run}: holds an experiment already; give --continue_train to go on with it, or another --name"
        )


def prepare_start(config: TrainConfig, options: Options) -> bool:
    """Write what training starts from, where that is more than a seed; return whether there is such a state.

    With ``--continue_train`` a run of this program goes on exactly where it stopped. Networks of the published code
    are weights alone: training starts with them at ``--epoch_count``.

    Raises:
        InputError: there is nothing to go on with, or it stands at another epoch than was asked for.
    """
    run = config.out
    if not is_first_process():
        return bool(checkpoints(run))
    first = (options["epoch_count"] - 1) * steps_per_epoch(config)
    if options["epoch_count"] > config.epochs + 1:
        raise InputError(f"--epoch_count {options['epoch_count']}: beyond the {config.epochs:g} epochs; raise --niter")
    if options["continue_train"] and checkpoints(run):
        _check_place(run, options, first)
        _note_changes(config)
        write_config(config)
        return True
    if options["continue_train"]:
        notify([f"{run}: holds weights alone; starts with them at epoch {options['epoch_count']}"], "note: ")
        _write_start(config, first, _loaded_method(config, options["which_epoch"]))
        return True
    if first or options["init_type"] != "normal":
        _write_start(config, first, _drawn_method(config, options))
        return True
    return False


def _check_place(run: Path, options: Options, first: int) -> None:
    """Check that the newest checkpoint stands where the options want to go on."""
    newest = checkpoints(run)[-1]
    if options.gives("epoch_count") and first != int(newest.name.removeprefix("step-")):
        raise InputError(
            f"--epoch_count {options['epoch_count']}: goes on after step {first}, and {run} stands at {newest.name}; "
            "leave --epoch_count out to go on there"
        )
    if options["which_epoch"] not in (LATEST, str(options["epoch_count"] - 1)):
        raise InputError(
            f"--which_epoch {options['which_epoch']}: {run} goes on at {newest.name}; to train from those weights, "
            "copy their *_net_*.pth into the folder of another --name"
        )


def _note_changes(config: TrainConfig) -> None:
    """Tell which fields differ from those that the run was started with."""
    wanted, started = config_to_dict(config), config_to_dict(read_config(config.out))
    notify(
        [f"goes on with {name}={wanted[name]}, was {started[name]}" for name in wanted if wanted[name] != started[name]]
    )


def _write_start(config: TrainConfig, step: int, method: Method) -> None:
    """Write a checkpoint that holds these weights after ``step`` steps, and fresh optimizers."""
    state = TrainState(method, config, Fabric(accelerator="cpu", devices=1), step)
    start = {"step": step, **state.state_dict()}
    if (part := infinite_part(start)) is not None:
        raise InputError(f"{config.out}: {part} are not finite; start from other networks")
    write_config(config)
    save_checkpoint(config.out, step, start, config.keep)


def _new_method(config: TrainConfig) -> Method:
    torch.manual_seed(config.seed)
    return METHODS[config.method_name](config.method, config.networks, Domains(config.frames.channels))


def _loaded_method(config: TrainConfig, epoch: str) -> Method:
    """Return the method with the networks of an epoch in its run folder."""
    if epoch not in epochs_in(config.out):
        raise missing_epoch(config.out, epoch)
    method = _new_method(config)
    for label, network in _networks(method).items():
        file = network_file(config.out, epoch, label)
        load_network(network, read_weights(file), str(file))
    return method


def _drawn_method(config: TrainConfig, options: Options) -> Method:
    """Return the method with first weights of the distribution that ``--init_type`` names."""
    method = _new_method(config)
    for network in _networks(method).values():
        initialize(network, kind=options["init_type"])
    return method


def _networks(method: Method) -> dict[str, torch.nn.Module]:
    """Return the networks of a method by label."""
    modules = dict(method.named_modules())
    return {label: modules[place] for label, place in PLACES.items() if place in modules}
