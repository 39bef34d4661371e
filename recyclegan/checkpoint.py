"""Training state that resumes exactly, and translators: what users carry.

A checkpoint is a folder ``step-XXXXXXXX`` in the run; a translator is one safetensors file that describes itself.
Neither is read by executing code.
"""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from recyclegan.config import from_dict, to_dict
from recyclegan.errors import InputError
from recyclegan.files import write_bytes
from recyclegan.networks import GeneratorName, Norm, make_generator
from recyclegan.states import STATE_FILE as STATE_FILE
from recyclegan.states import checkpoints as checkpoints
from recyclegan.states import load_checkpoint as load_checkpoint
from recyclegan.states import save_checkpoint as save_checkpoint
from recyclegan.tensors import DIRECTIONS, Colours, Direction

CARD_KEY = "recyclegan"


@dataclass(frozen=True)
class Card:
    """What a translator says of itself."""

    method: str
    """The method that trained it."""
    direction: Direction
    generator: GeneratorName
    channels_in: int
    channels_out: int
    width: int
    norm: Norm
    dropout: bool
    size: tuple[int, int]
    """Height and width in pixels of the frames it was trained on."""
    resize: Literal["scale_shortest", "rectangle", "square", "none"]
    """How frames came to that size: by their shorter side, by both sides, or as they were."""
    steps: int
    """Training steps behind these weights."""
    labels_in: bool = False
    """Whether it reads label maps, which are resized by nearest neighbour."""
    palette: Colours = ()
    """Colours of the label maps that it writes; empty where it writes video."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Scores that were measured with these weights."""


def save_translator(path: Path, generator: nn.Module, card: Card) -> None:
    """Write a generator and its card as one safetensors file, whole or not at all."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in generator.state_dict().items()}
    write_bytes(path, save(tensors, metadata={CARD_KEY: json.dumps(to_dict(card))}))


def load_translator(path: Path) -> tuple[nn.Module, Card]:
    """Return the generator, in evaluation mode on the CPU, and the card of a translator file.

    Raises:
        InputError: no such file, not a translator of this program, or weights that do not fit its card.
    """
    tensors, card = _read_translator(path)
    generator = make_generator(
        card.generator, card.channels_in, card.channels_out, card.width, card.norm, card.dropout, card.palette
    )
    try:
        generator.load_state_dict(tensors)
    except RuntimeError as error:
        raise InputError(f"{path}: its weights are not those of the {card.generator} that its card names") from error
    return generator.eval().requires_grad_(False), card


def _read_translator(path: Path) -> tuple[dict[str, Tensor], Card]:
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected a translator (.safetensors) or a run folder")
    try:
        with safe_open(path, "pt") as file:
            text = (file.metadata() or {}).get(CARD_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: is no safetensors file; expected a translator like RUN/ab.safetensors") from error
    if text is None:
        raise InputError(f"{path}: is a safetensors file of something else (it has no recyclegan card)")
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: its card is no JSON ({error}); name another file") from error
    return tensors, from_dict(Card, values, f"{path}: card")


def find_translator(place: Path, direction: Direction | None = None) -> Path:
    """Return the translator file that ``place`` means: itself, or the one of ``direction`` in a run folder.

    Without a direction a folder gives the only one it has, or ab.

    Raises:
        InputError: the folder has no such translator, or the file is one of the other direction.
    """
    if not place.is_dir():
        if direction and place.is_file() and load_card(place).direction != direction:
            raise InputError(
                f"{place}: translates {load_card(place).direction}, not {direction}; leave --direction out"
            )
        return place
    found = [way for way in DIRECTIONS if (place / f"{way}.safetensors").is_file()]
    if not found:
        raise InputError(f"{place}: holds no ab.safetensors or ba.safetensors; name a run folder or a translator file")
    way = direction or found[0]
    if way not in found:
        raise InputError(f"{place}: translates {' and '.join(found)} only, not {way}")
    return place / f"{way}.safetensors"


def load_card(path: Path) -> Card:
    """Return the card of a translator file."""
    return _read_translator(path)[1]


def add_metrics(path: Path, metrics: dict[str, float]) -> None:
    """Write scores into the card of a translator file."""
    generator, card = load_translator(path)
    save_translator(path, generator, replace(card, metrics={**card.metrics, **metrics}))


class MovingAverage:
    """An exponential moving average of modules' weights, kept beside them; young averages forget faster."""

    def __init__(self, modules: nn.Module, decay: float) -> None:
        """Start from the modules' present weights."""
        self.decay = decay
        self.average = {name: value.detach().clone() for name, value in modules.state_dict().items()}

    @torch.no_grad()
    def update(self, modules: nn.Module, step: int) -> None:
        """Move towards the weights after ``step`` steps, with decay at most ``(1 + step) / (10 + step)``."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in modules.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)
