"""Translators from published checkpoints, and published checkpoints from runs.

Networks in ``*_net_*.pth`` files, of the published code and its whole family, both ways; read without running code.

The letters follow the published code: ``G_A`` translates A to B and ``D_A`` judges its fakes, frames of B; ``P_A``
predicts frames of A.
"""

import io
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recyclegan.checkpoint import Card, load_translator, save_translator
from recyclegan.data.walk import printable
from recyclegan.domains import DIRECTIONS, Direction, Domain, source_domain
from recyclegan.errors import InputError
from recyclegan.files import added_to, kind_of, whole_folder, write_bytes
from recyclegan.labels import LabelSet
from recyclegan.networks import make_generator
from recyclegan.networks.weights import Shapes, check_numbers_of, difference, read_weights, shapes_of
from recyclegan.published.layout import LATEST, OPTIONS_FILE, epochs_in, network_file, read_options, write_options
from recyclegan.published.published_options import NORMS
from recyclegan.published.recipe import GENERATOR_NAMES, METHOD_NAMES
from recyclegan.settings.networks import GeneratorName, Norm
from recyclegan.states import checkpoints, load_checkpoint

Weights = Mapping[str, Tensor]

PLACES = {
    "G_A": "generators.ab",
    "G_B": "generators.ba",
    "D_A": "discriminators.b",
    "D_B": "discriminators.a",
    "P_A": "predictors.a",
    "P_B": "predictors.b",
}
"""Where a method keeps the network of each label."""
GENERATOR_LABELS: dict[Direction, tuple[str, ...]] = {"ab": ("G_A", "G"), "ba": ("G_B",)}
"""Labels of the generator of a direction; ``G`` alone is what one-sided members of the family write."""

_RESNETS: dict[int, GeneratorName] = {6: "resnet-6", 9: "resnet-9"}
_UNETS: dict[int, GeneratorName] = {7: "unet-128", 8: "unet-256"}
_RUNNING = ("running_mean", "running_var", "num_batches_tracked")


@dataclass(frozen=True)
class Architecture:
    """What the tensors of a generator tell of it."""

    generator: GeneratorName
    channels_in: int
    channels_out: int
    width: int
    norm: Norm
    dropout: bool = False
    """Whether there is dropout between the convolutions of a block; a U-Net's tensors do not tell."""

    def build(self) -> nn.Module:
        """Return such a generator with first weights."""
        return make_generator(self.generator, self.channels_in, self.channels_out, self.width, self.norm, self.dropout)


def find_generator(folder: Path, epoch: str, direction: Direction) -> Path | None:
    """Return the file of the generator of a direction, or None where the folder has none of that epoch."""
    files = (network_file(folder, epoch, label) for label in GENERATOR_LABELS[direction])
    return next((file for file in files if kind_of(file) == "file"), None)


def missing_epoch(folder: Path, epoch: str) -> InputError:
    """Return the error that a folder holds no generator of an epoch."""
    if kind_of(folder) != "folder":
        return InputError(f"{folder}: no such folder; expected one with {epoch}_net_G_A.pth")
    found = ", ".join(epochs_in(folder)) or "none"
    return InputError(f"{folder}: holds no {epoch}_net_G_A.pth or _G_B.pth; epochs found: {found}")


def write_networks(folder: Path, epoch: str, networks: Mapping[str, Weights]) -> list[Path]:
    """Write networks, by label, as files of an epoch, each whole or not at all; return the files."""
    files = []
    for label, weights in networks.items():
        file = network_file(folder, epoch, label)
        memory = io.BytesIO()
        torch.save(OrderedDict(weights), memory)
        write_bytes(file, memory.getbuffer())
        files.append(file)
    return files


def networks_of(weights: Weights) -> dict[str, Weights]:
    """Return the networks, by label, in the weights of a method, such as a checkpoint's ``networks``."""
    networks = {
        label: {
            name.removeprefix(f"{place}."): value for name, value in weights.items() if name.startswith(f"{place}.")
        }
        for label, place in PLACES.items()
    }
    return {label: network for label, network in networks.items() if network}


def read_generator(path: Path, norm: Norm = "instance") -> tuple[nn.Module, Architecture]:
    """Return the generator in a file, in evaluation mode, and its architecture, which its tensors tell.

    ``norm`` is believed where they do not: networks without norm and with instance norm have the same tensors.

    Raises:
        InputError: the file is unreadable, or no ResNet of 6 or 9 blocks or U-Net of 7 or 8 levels.
    """
    weights = read_weights(path)
    architecture = infer_architecture(weights, norm, str(path))
    _completed(shapes_of(architecture.build), weights, str(path))
    generator = architecture.build()
    load_network(generator, weights, str(path))
    return generator.eval().requires_grad_(False), architecture


def infer_architecture(weights: Weights, norm: Norm = "instance", source: str = "weights") -> Architecture:
    """Return the architecture of the generator that has these tensors.

    Raises:
        InputError: it is none that this program has.
    """
    if "model.1.weight" in weights:
        found = _infer_resnet(weights, norm, source)
    elif "model.model.0.weight" in weights:
        found = _infer_unet(weights, norm, source)
    else:
        first = printable(_first(weights))
        raise InputError(f"{source}: is no generator of this family (a ResNet or a U-Net); its first tensor is {first}")
    if not {found.channels_in, found.channels_out} <= {1, 3}:
        channels = f"{found.channels_in} channels to {found.channels_out}"
        raise InputError(f"{source}: translates {channels}; expected 3, or 1 for grey, on both sides")
    return found


def _infer_resnet(weights: Weights, norm: Norm, source: str) -> Architecture:
    blocks = {name.split(".")[1] for name in weights if ".conv_block." in name}
    if len(blocks) not in _RESNETS:
        raise InputError(f"{source}: is a ResNet of {len(blocks)} blocks; expected 6 or 9")
    width, channels_in = _shape(weights, "model.1.weight", source)[:2]
    channels_out = _shape(weights, f"model.{17 + len(blocks)}.weight", source)[0]
    dropout = any(name.endswith("conv_block.6.weight") and value.ndim == 4 for name, value in weights.items())
    known_norm = _infer_norm(weights, "model.1", norm, source)
    return Architecture(_RESNETS[len(blocks)], channels_in, channels_out, width, known_norm, dropout)


def _infer_unet(weights: Weights, norm: Norm, source: str) -> Architecture:
    levels = sum(value.ndim == 4 for value in weights.values()) // 2
    if levels not in _UNETS:
        raise InputError(f"{source}: is a U-Net of {levels} levels; expected 7 (unet_128) or 8 (unet_256)")
    width, channels_in = _shape(weights, "model.model.0.weight", source)[:2]
    channels_out = _shape(weights, "model.model.3.weight", source)[1]
    known_norm = _infer_norm(weights, "model.model.1.model.1", norm, source)
    return Architecture(_UNETS[levels], channels_in, channels_out, width, known_norm)


def _shape(weights: Weights, name: str, source: str) -> torch.Size:
    """Return the shape of the weights of a convolution."""
    if name not in weights or weights[name].ndim != 4 or not all(weights[name].shape):
        raise InputError(f"{source}: {name} is no convolution's, as in this family; check its architecture")
    return weights[name].shape


def _infer_norm(weights: Weights, convolution: str, norm: Norm, source: str) -> Norm:
    """Return the norm of a network; ``convolution`` names one that a norm follows."""
    if all(value.ndim != 1 for name, value in weights.items() if name.endswith(".weight")):
        return "none" if norm == "none" else "instance"
    if f"{convolution}.bias" in weights:
        raise InputError(f"{source}: its instance norm has weights of its own; expected batch norm, or norm without")
    return "batch"


def load_network(network: nn.Module, weights: Weights, source: str) -> None:
    """Load tensors of this family into a network.

    Running statistics of instance norm, which old versions of torch kept, are dropped. Biases that are missing before
    a norm, which takes them out again, are zeros.

    Raises:
        InputError: the tensors are those of another network.
    """
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    network.load_state_dict(_completed(wanted, weights, source))


def _completed(wanted: Shapes, weights: Weights, source: str) -> Weights:
    """Return the tensors that a network of these shapes loads: without running statistics, with biases of zeros."""
    kept = {name: value for name, value in weights.items() if name in wanted or name.rpartition(".")[2] not in _RUNNING}
    output = list(wanted)[-1]
    missing = [name for name in wanted if name.endswith(".bias") and name not in kept and name != output]
    found = {name: tuple(value.shape) for name, value in kept.items()}
    if reason := difference({**{name: wanted[name] for name in missing}, **found}, wanted):
        raise InputError(f"{source}: is another network than expected ({reason}); check its architecture")
    return {**{name: torch.zeros(wanted[name]) for name in missing}, **kept}


def _first(weights: Weights) -> str:
    return next(iter(weights), "none")[:80]


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
    files = {direction: file for direction in DIRECTIONS if (file := find_generator(folder, epoch, direction))}
    if not files:
        raise missing_epoch(folder, epoch)
    options = _stored_options(folder)
    norm: Any = options.get("norm") if options.get("norm") in NORMS else "instance"
    with whole_folder(out) as scratch:
        for direction, file in files.items():
            generator, architecture = read_generator(file, norm)
            card = _card(direction, architecture, options, file)
            if labels:
                card = _card_of_labels(card, labels, label_domain)
            save_translator(scratch / f"{direction}.safetensors", generator, card)
    notes = [f"{file.name}: {direction}" for direction, file in files.items()]
    return notes if options else [*notes, f"{folder}: holds no opt.txt; the trained size is taken to be 256x256"]


def _stored_options(folder: Path) -> dict[str, str]:
    """Return the options of training, which today's pytorch-CycleGAN-and-pix2pix keeps in ``train_opt.txt``."""
    return read_options(folder / OPTIONS_FILE) or read_options(folder / "train_opt.txt")


def _card(direction: Direction, architecture: Architecture, options: dict[str, str], file: Path) -> Card:
    """Return the card of a generator.

    Raises:
        InputError: the numbers of the architecture, or the sizes in the options, are none of a translator.
    """
    scale = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", options.get(SCALE, ""))
    try:
        return _unchecked_card(direction, architecture, options, (int(scale[1]), int(scale[2])) if scale else None)
    except InputError as error:
        raise InputError(f"{file}: {error}; check it, and the sizes in opt.txt") from error


def _unchecked_card(
    direction: Direction, architecture: Architecture, options: dict[str, str], load_size: tuple[int, int] | None
) -> Card:
    return Card(
        method=METHOD_NAMES.get(options.get("model", ""), UNKNOWN_METHOD),
        direction=direction,
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
    translators = {
        direction: run / f"{direction}.safetensors"
        for direction in DIRECTIONS
        if (run / f"{direction}.safetensors").is_file()
    }
    if not translators:
        raise InputError(f"{run}: holds no ab.safetensors or ba.safetensors; name a run folder")
    networks: dict[str, Weights] = {}
    for direction, path in translators.items():
        generator, card = load_translator(path)
        card.refuse_extras(str(path))
        if card.generator not in GENERATOR_NAMES.values():
            known = ", ".join(GENERATOR_NAMES.values())
            raise InputError(f"{path}: the published code cannot build its {card.generator}; it knows {known}")
        networks[GENERATOR_LABELS[direction][0]] = generator.state_dict()
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
