"""Translators from published checkpoints, and published checkpoints from runs."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from recyclegan.checkpoint import Card, load_translator, save_translator
from recyclegan.domains import DIRECTIONS, Direction, Domain, source_domain
from recyclegan.errors import InputError
from recyclegan.files import added_to, kind_of, whole_folder
from recyclegan.labels import LabelSet
from recyclegan.networks.loading import check_numbers_of
from recyclegan.published.checkpoints import (
    GENERATOR_LABELS,
    Architecture,
    Weights,
    find_generator,
    missing_epoch,
    networks_of,
    read_generator,
    write_networks,
)
from recyclegan.published.layout import LATEST, OPTIONS_FILE, read_options, write_options
from recyclegan.published.options import NORMS
from recyclegan.published.recipe import GENERATOR_NAMES, METHOD_NAMES
from recyclegan.states import checkpoints, load_checkpoint

DEFAULT_SIZE = (256, 256)
UNKNOWN_METHOD = "unknown"
SCALE = "translated_size"
"""An option that only this program writes: the height and width that frames are brought to, such as ``286x542``."""


def import_reference(
    folder: Path, epoch: str, out: Path, labels: LabelSet | None = None, label_domain: Domain = "b"
) -> list[str]:
    """Write the generators of an epoch in a published experiment as ``ab.safetensors`` and ``ba.safetensors``.

    Reads ``{epoch}_net_G_A.pth`` and ``_G_B.pth`` (or one of them) of Unsupervised Recycle-GAN, Recycle-GAN and
    pytorch-CycleGAN-and-pix2pix; the architecture follows from the tensors, the trained size and the norm from
    ``opt.txt`` where there is one. With ``labels``, ``label_domain`` holds label maps: what is translated to them takes
    the colours of that set alone. Returns what there is to say of it.

    Raises:
        InputError: there is no such epoch, a file is unreadable, or ``out`` is there already.
    """
    if kind_of(out) != "nothing":
        raise InputError(f"{out}: is there already; name a new folder")
    files = {way: file for way in DIRECTIONS if (file := find_generator(folder, epoch, way))}
    if not files:
        raise missing_epoch(folder, epoch)
    options = _stored_options(folder)
    norm: Any = options.get("norm") if options.get("norm") in NORMS else "instance"
    with whole_folder(out) as scratch:
        for way, file in files.items():
            generator, architecture = read_generator(file, norm)
            card = _card(way, architecture, options, file)
            if labels:
                card = _card_of_labels(card, labels, label_domain)
            save_translator(scratch / f"{way}.safetensors", generator, card)
    notes = [f"{file.name}: {way}" for way, file in files.items()]
    return notes if options else [*notes, f"{folder}: holds no opt.txt; the trained size is taken to be 256x256"]


def _stored_options(folder: Path) -> dict[str, str]:
    """Return the options of training, which today's pytorch-CycleGAN-and-pix2pix keeps in ``train_opt.txt``."""
    return read_options(folder / OPTIONS_FILE) or read_options(folder / "train_opt.txt")


def _card(way: Direction, architecture: Architecture, options: dict[str, str], file: Path) -> Card:
    """Return the card of a generator.

    Raises:
        InputError: the numbers of the architecture, or the sizes in the options, are none of a translator.
    """
    scale = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", options.get(SCALE, ""))
    try:
        return _unchecked_card(way, architecture, options, (int(scale[1]), int(scale[2])) if scale else None)
    except InputError as error:
        raise InputError(f"{file}: {error}; check it, and the sizes in opt.txt") from error


def _unchecked_card(
    way: Direction, architecture: Architecture, options: dict[str, str], load_size: tuple[int, int] | None
) -> Card:
    return Card(
        method=METHOD_NAMES.get(options.get("model", ""), UNKNOWN_METHOD),
        direction=way,
        generator=architecture.generator,
        channels_in=architecture.channels_in,
        channels_out=architecture.channels_out,
        width=architecture.width,
        norm=architecture.norm,
        dropout=architecture.dropout,
        size=_trained_size(options),
        resize="scale_shortest" if options.get("resize_mode") == "scale_shortest" else "rectangle",
        steps=0,
        load_size=load_size,
    )


def _card_of_labels(card: Card, labels: LabelSet, domain: Domain) -> Card:
    """Return the card of a translator from or to label maps, which are those of ``domain``.

    Raises:
        InputError: the maps have not three channels.
    """
    channels = card.channels_in if source_domain(card.direction) == domain else card.channels_out
    if channels != 3:
        raise InputError(f"labels {labels.name}: domain {domain} has {channels} channel, expected 3; leave labels out")
    if source_domain(card.direction) == domain:
        return replace(card, labels_in=True)
    red_green_blue = np.unique(labels.colours, axis=0).tolist()
    return replace(card, palette=tuple((red, green, blue) for red, green, blue in red_green_blue))


def _trained_size(options: dict[str, str]) -> tuple[int, int]:
    """Return the (height, width) of the frames of training, as far as its options tell.

    Published tests bring frames to this size, not to that of loading, and so do translators.
    """
    scaled = options.get("dataset_mode", "").endswith("_scale") and options.get("crop_mode") != "square"
    names = ("fineSizeH", "fineSizeW") if scaled else ("fineSize", "fineSize")
    today = options.get("crop_size", "")
    height, width = (options.get(name, today) for name in names)
    both = re.fullmatch(r"([0-9]{1,9}) ([0-9]{1,9})", f"{height} {width}")
    return (int(both[1]), int(both[2])) if both else DEFAULT_SIZE


def export_reference(run: Path, out: Path, epoch: str = LATEST) -> list[Path]:
    """Write a run's networks as ``{epoch}_net_*.pth`` with an ``opt.txt``, as the published code reads them.

    Generators are those of the translators (averaged, where the run averages); discriminators and predictors are those
    of the newest checkpoint, where there is one. Returns the files of networks.

    Raises:
        InputError: ``run`` holds no translators, or of an architecture that the published code does not know.
    """
    if Path(epoch).name != epoch:
        raise InputError(f"epoch {epoch!r}: cannot begin the name of a file; give a number, or {LATEST}")
    if (kind := kind_of(run)) != "folder":
        raise InputError(f"{run}: {'no such folder' if kind == 'nothing' else f'is a {kind}'}; name a run folder")
    translators = {way: run / f"{way}.safetensors" for way in DIRECTIONS if (run / f"{way}.safetensors").is_file()}
    if not translators:
        raise InputError(f"{run}: holds no ab.safetensors or ba.safetensors; name a run folder")
    networks: dict[str, Weights] = {}
    for way, path in translators.items():
        generator, card = load_translator(path)
        if card.generator not in GENERATOR_NAMES.values():
            known = ", ".join(GENERATOR_NAMES.values())
            raise InputError(f"{path}: the published code cannot build its {card.generator}; it knows {known}")
        networks[GENERATOR_LABELS[way][0]] = generator.state_dict()
    if newest := checkpoints(run)[-1:]:
        networks = {**networks_of(_stored_networks(newest[0])), **networks}
    with added_to(out) as scratch:
        files = write_networks(scratch, epoch, networks)
        write_options(scratch / OPTIONS_FILE, _published_options(card, out.name))
    return [out / file.name for file in files]


def _stored_networks(checkpoint: Path) -> Weights:
    """Return the weights of a method in a checkpoint.

    Raises:
        InputError: it holds none.
    """
    weights = load_checkpoint(checkpoint).get("networks")
    if not isinstance(weights, Mapping):
        raise InputError(f"{checkpoint}: holds no networks; delete it to export the translators alone")
    check_numbers_of(weights, str(checkpoint))
    return weights


def _published_options(card: Card, name: str) -> dict[str, Any]:
    """Return the options under which the published code builds these generators."""
    models = {ours: theirs for theirs, ours in METHOD_NAMES.items()}
    generators = {ours: theirs for theirs, ours in GENERATOR_NAMES.items()}
    channels = (card.channels_in, card.channels_out)
    channels_a, channels_b = channels if card.direction == "ab" else channels[::-1]
    return {
        "name": name,
        "model": models.get(card.method, "cycle_gan"),
        "which_model_netG": generators[card.generator],
        "ngf": card.width,
        "norm": card.norm,
        "no_dropout": not card.dropout,
        "input_nc": channels_a,
        "output_nc": channels_b,
        "dataset_mode": "unaligned_scale",
        "resize_mode": card.resize,
        "crop_mode": "rectangle",
        "fineSizeH": card.size[0],
        "fineSizeW": card.size[1],
        **({SCALE: "{}x{}".format(*card.load_size)} if card.load_size else {}),
    }
