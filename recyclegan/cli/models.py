"""``recyclegan models [NAME...]``: the translators that come with the package."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import tyro

from recyclegan.cli.help import columns
from recyclegan.cli.next_step import next_step
from recyclegan.cli.parsing import parse
from recyclegan.config import Within
from recyclegan.errors import InputError, nearest
from recyclegan.shipped import Shipped, shipped

if TYPE_CHECKING:
    from recyclegan.translation import Translator

SIZE = (128, 256)
"""Height and width of the frames that are timed."""
NAMES = tyro.conf.arg(metavar="[NAME...]")


@dataclass(frozen=True)
class ModelsOptions:
    """What ``models`` takes. Each is taken by its name where a model is: recyclegan translate day2night IN OUT."""

    names: tyro.conf.Positional[Annotated[tuple[str, ...], NAMES]] = ()
    """Tell all that is known of these; without names a line or two of each."""
    seconds: Annotated[float, Within(0, 60)] = 0.5
    """Seconds for which each is timed on this machine; 0 times none."""


def models(words: list[str]) -> None:
    """List the translators that come with the package, and how fast each is here."""
    options = parse(ModelsOptions, words, "models")
    known = shipped()
    for name in options.names:
        if name not in known:
            raise InputError(f"models: unknown {name!r}{nearest(name, known)}; known: {', '.join(known)}")
    tell = _in_full if options.names else _in_short
    for name in options.names or known:
        print("\n".join(tell(known[name], options.seconds)))
    if not options.names:
        print(f"pictures: {next(iter(known.values())).picture.parent}; all of one: recyclegan models NAME")
    print(next_step("translate", (options.names or tuple(known))[0], "INPUT", "OUTPUT"))


def _in_short(model: Shipped, seconds: float) -> list[str]:
    """Return the lines of one in the list."""
    facts = [_size(model), *_speed(model, seconds), model.data, model.licence]
    return [f"{model.name:<12}{model.does}", *_below(", ".join(facts))]


def _in_full(model: Shipped, seconds: float) -> Iterator[str]:
    """Yield all that is known of one."""
    yield f"{model.name:<12}{model.does}"
    yield from _below(", ".join([_size(model), *_speed(model, seconds)]))
    yield from _below(f"data: {model.data}")
    yield from _below(f"licence: {model.licence}")
    yield f"{'':12}on drives that it never saw:"
    yield from (f"{'':14}{name:<24}{value:.4g}" for name, value in model.scores.items())
    yield f"{'':12}made by {model.script}, seed {model.seed}, with"
    yield from (f"{'':14}{command}" for command in model.commands)
    yield f"{'':12}sha256: {model.sha256}"
    yield f"{'':12}weights: {model.weights}"
    yield f"{'':12}picture: {model.picture}"


def _below(text: str) -> list[str]:
    return [f"{'':12}{line}" for line in wrap(text, columns() - 12, break_on_hyphens=False)]


def _size(model: Shipped) -> str:
    return f"{model.weights.stat().st_size / 1e6:.1f} MB"


def _speed(model: Shipped, seconds: float) -> list[str]:
    """Return how fast one is here, in words; nothing where it is not to be timed."""
    if not seconds:
        return []
    from recyclegan.translation import Translator

    translator = Translator.from_pretrained(model.weights)
    rate = frames_per_second(translator, seconds, SIZE)
    return [f"{rate:.3g} frames/s of {SIZE[1]}x{SIZE[0]} here ({translator.device.type})"]


def frames_per_second(translator: "Translator", seconds: float, size: tuple[int, int]) -> float:
    """Return the frames of ``size`` (height, width) that ``translate_images`` makes in a second, one at a time.

    The first is not timed; then as many are as begin within ``seconds``, one at least.
    """
    import numpy as np

    noise = np.random.default_rng(0).integers(0, 256, (1, *size, translator.card.channels_in), np.uint8)
    translator.translate_images(noise)
    count, start = 0, time.perf_counter()
    while not count or time.perf_counter() - start < seconds:
        translator.translate_images(noise)
        count += 1
    return count / (time.perf_counter() - start)
