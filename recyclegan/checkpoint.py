"""Translators: what users carry. Each is one safetensors file that describes itself, read without executing code."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from recyclegan.config import CountOrNone, Within, check_numbers, from_dict, to_dict
from recyclegan.data import Scale
from recyclegan.domains import DIRECTIONS, Direction
from recyclegan.errors import InputError
from recyclegan.files import check_is_file, write_bytes
from recyclegan.labels import LARGEST_PALETTE
from recyclegan.networks import make_generator
from recyclegan.networks.weights import Shapes, check_numbers_of, difference, shapes_of
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.extra_inputs import MOST_EXTRAS, named_in_words
from recyclegan.settings.networks import GeneratorName, Norm
from recyclegan.shipped import hidden_by

CARD_KEY = "recyclegan"
LONGEST_CARD = 1 << 20
"""Characters of a card's JSON."""
LONGEST_FINDING = 300
"""Characters of what is said of a damaged card."""
MOST_METRICS = 1000
Side = Annotated[int, Within(32, 32_768)]
"""Pixels along a side of the frames of training."""
Level = Annotated[int, Within(0, 255)]


@dataclass(frozen=True)
class Card:
    """What a translator says of itself."""

    method: str
    """The method that trained it."""
    direction: Direction
    generator: GeneratorName
    channels_in: Annotated[int, Within(1, 3)]
    channels_out: Annotated[int, Within(1, 3)]
    width: Annotated[int, Within(1, 65_536)]
    norm: Norm
    dropout: bool
    size: tuple[Side, Side]
    """Height and width in pixels of the frames it was trained on."""
    resize: Literal["scale_shortest", "rectangle", "square", "none"]
    """How frames came to their size: by their shorter side, by both sides, or as they were."""
    steps: CountOrNone
    """Training steps behind these weights."""
    load_size: tuple[Side, Side] | None = None
    """Height and width of the frames that SIZE was cut from: the scale of training, which frames are brought to; None
    in cards that do not know it, whose frames are brought to SIZE."""
    labels_in: bool = False
    """Whether it reads label maps, which are resized by nearest neighbour."""
    palette: tuple[tuple[Level, Level, Level], ...] = ()
    """Colours of the label maps that it writes; empty where it writes video."""
    extras: dict[str, int] = field(default_factory=dict)
    """Channels of each further input, by name, in the order in which they lie behind the frame's."""
    detail: tuple[tuple[float, ...], ...] = ()
    """What the detail is multiplied by that the scale of training leaves out of a frame, a row a channel of the target;
    empty where translations do not get it back."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Scores that were measured with these weights."""

    def __post_init__(self) -> None:
        """Refuse what no translator is."""
        check_numbers(self, "card.")
        self._check("channels", {self.channels_in, self.channels_out} <= {1, 3}, "1 or 3 of each domain")
        self._check("resize", self.resize != "square" or len(set(self.scale.loaded)) == 1, "equal sides for square")
        self._check("extras", set(self.extras.values()) <= {1, 3}, "1 or 3 channels of each")
        self._check("extras", len(self.extras) <= MOST_EXTRAS, f"at most {MOST_EXTRAS}")
        self._check("palette", len(self.palette) <= LARGEST_PALETTE, f"at most {LARGEST_PALETTE} colours")
        self._check("palette", not self.palette or self.channels_out == 3, "3 channels out beside a palette")
        rows = {len(row) for row in self.detail}
        self._check("detail", not rows or rows == {self.channels_in}, f"{self.channels_in} numbers a row")
        self._check("detail", len(self.detail) in (0, self.channels_out), f"a row for {self.channels_out} channels")
        self._check("detail", not (self.detail and (self.palette or self.labels_in)), "none beside label maps")
        self._check("metrics", len(self.metrics) <= MOST_METRICS, f"at most {MOST_METRICS}")
        self._check("metrics", all(math.isfinite(value) for value in self.metrics.values()), "finite numbers")

    def _check(self, name: str, holds: bool, expected: str) -> None:
        if not holds:
            raise InputError(f"card.{name}: expected {expected}")

    def refuse_extras(self, what: str) -> None:
        """Refuse what can give a translator nothing beside frames, where it reads more.

        Raises:
            InputError: it does.
        """
        if self.extras:
            names = named_in_words([*self.extras])
            raise InputError(f"{what}: this translator also reads {names}; only translate can give it that (--extra)")

    @property
    def num_extras(self) -> int:
        """Return how many channels it reads behind those of the frame."""
        return sum(self.extras.values())

    @property
    def scale(self) -> Scale:
        """Return the scale that it was trained at."""
        return Scale(self.size, self.load_size or self.size, self.resize)


def save_translator(path: AnyPath, generator: nn.Module, card: Card) -> None:
    """Write a generator and its card as one safetensors file, whole or not at all."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in generator.state_dict().items()}
    write_bytes(as_path(path), save(tensors, metadata={CARD_KEY: write_card(card)}))


def load_translator(path: AnyPath) -> tuple[nn.Module, Card]:
    """Return the generator, in evaluation mode on the CPU, and the card of a translator file.

    Raises:
        InputError: no such file, not a translator of this program, or weights that are not those of its card or not
            finite.
    """
    path = as_path(path)
    card = load_card(path)
    options = card.width, card.norm, card.dropout, card.palette, card.num_extras
    make = partial(make_generator, card.generator, card.channels_in, card.channels_out, *options)
    tensors = _read_tensors(path, shapes_of(make), card.generator)
    generator = make()
    generator.load_state_dict(tensors)
    return generator.eval().requires_grad_(False), card


def load_card(path: AnyPath) -> Card:
    """Return the card of a translator file.

    Raises:
        InputError: no such file, or its card is none.
    """
    with _opened(path := as_path(path)) as file:
        text = (file.metadata() or {}).get(CARD_KEY)
    if text is None:
        raise InputError(f"{path}: is a safetensors file of something else (it has no recyclegan card)")
    return read_card(text, path)


def write_card(card: Card) -> str:
    """Return a card as the JSON that files keep under ``CARD_KEY``."""
    return json.dumps(to_dict(card))


def read_card(text: str, path: Path) -> Card:
    """Return the card that ``write_card`` wrote into the file of that path, or raise an InputError that names it."""
    if len(text) > LONGEST_CARD:
        raise InputError(f"{path}: its card has {len(text)} characters, expected at most {LONGEST_CARD}; it is damaged")
    try:
        return from_dict(Card, json.loads(text), "card")
    except InputError as error:
        raise InputError(f"{path}: {str(error)[:LONGEST_FINDING]}; it is damaged, or of another version") from error
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise InputError(f"{path}: its card is no JSON ({error}); name another file") from error


def _read_tensors(path: Path, wanted: Shapes, generator: str) -> dict[str, Tensor]:
    """Return the tensors of a file, none of which is read before their shapes are known to be those wanted."""
    with _opened(path) as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
        if reason := difference(shapes, wanted):
            raise InputError(
                f"{path}: its weights are not those of the {generator} that its card names ({reason}); it is damaged"
            )
        tensors = {name: file.get_tensor(name) for name in shapes}
    check_numbers_of(tensors, str(path))
    return tensors


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Yield an open safetensors file; the library's errors of every class become one line."""
    check_is_file(path, "expected a translator (.safetensors) or a run folder")
    try:
        with safe_open(path, "pt") as file:
            yield file
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check its permissions") from error
    except Exception as error:
        raise InputError(f"{path}: is no safetensors file; expected a translator like RUN/ab.safetensors") from error


def find_translator(place: Path, direction: Direction | None = None) -> Path:
    """Return the translator file that ``place`` means: itself, or the one of ``direction`` in a run folder.

    Without a direction a folder gives the only one it has, or ab.

    Raises:
        InputError: the folder has no such translator, or the file is one of the other direction.
    """
    if not place.is_dir():
        if direction and place.is_file():
            check_direction(place, load_card(place), direction)
        return place
    found = [direction for direction in DIRECTIONS if (place / f"{direction}.safetensors").is_file()]
    if not found:
        raise InputError(
            f"{place}: holds no ab.safetensors or ba.safetensors{hidden_by(place)}; name a run folder or a translator "
            "file"
        )
    direction = direction or found[0]
    if direction not in found:
        raise InputError(f"{place}: translates {' and '.join(found)} only, not {direction}")
    return place / f"{direction}.safetensors"


def check_direction(path: Path, card: Card, direction: Direction | None) -> None:
    """Refuse, by an InputError, a translator of another direction than the one asked for, where one is."""
    if direction and card.direction != direction:
        raise InputError(f"{path}: translates {card.direction}, not {direction}; leave --direction out")


def add_metrics(path: AnyPath, metrics: dict[str, float]) -> None:
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
        now = modules.state_dict()
        moving = [name for name, value in now.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.average[name] for name in moving], [now[name] for name in moving], 1 - decay)
        for name in now.keys() - set(moving):
            self.average[name].copy_(now[name])
