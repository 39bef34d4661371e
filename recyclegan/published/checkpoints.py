"""Networks in ``*_net_*.pth`` files, of the published code and its whole family, both ways; read without running code.

The letters follow the published code: ``G_A`` translates A to B and ``D_A`` judges its fakes, frames of B; ``P_A``
predicts frames of A.
"""

import io
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from recyclegan.domains import Direction
from recyclegan.errors import InputError
from recyclegan.files import kind_of, write_bytes
from recyclegan.networks import make_generator
from recyclegan.networks.loading import Shapes, difference, read_weights, shapes_of
from recyclegan.published.layout import epochs_in, network_file
from recyclegan.settings.networks import GeneratorName, Norm

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


def find_generator(folder: Path, epoch: str, way: Direction) -> Path | None:
    """Return the file of the generator of a direction, or None where the folder has none of that epoch."""
    files = (network_file(folder, epoch, label) for label in GENERATOR_LABELS[way])
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
        raise InputError(
            f"{source}: is no generator of this family (a ResNet or a U-Net); its first tensor is {_first(weights)}"
        )
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
