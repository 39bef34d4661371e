"""What is chosen by measuring on the very frames that are to be translated: the engine and the precision."""

import os
import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from typing import Any, get_args

import torch
from torch import Tensor, nn

from recyclegan.data import default_cache_folder
from recyclegan.engines.devices import halves_of, seconds_of
from recyclegan.engines.engines import (
    AGREEMENT,
    Engine,
    TorchEngine,
    agreement,
    are_of_one_colour,
    is_installed,
    make_engine,
)
from recyclegan.errors import InputError
from recyclegan.files import read_json, write_json
from recyclegan.settings.training import Precision
from recyclegan.settings.translating import EngineName
from recyclegan.tensors import Frames, Translated

HALVES: dict[Precision, torch.dtype] = {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
SHORT = 60
"""Frames below which nothing is measured: it would take longer than it saves."""
_WORTH = 30
"""Times as long as trying an engine that the work ahead must take for that to be tried."""
SETUP_SECONDS: dict[EngineName, float] = {"onnxruntime": 10.0, "openvino": 10.0, "compile": 60.0}
"""Seconds that engines need before their first frame, about."""
_MOST_KEPT = 500
"""Choices that are remembered."""


@dataclass(frozen=True)
class Choice:
    """What was chosen, and what there is to say of it."""

    engine: Engine
    precision: Precision
    words: str = ""


@dataclass(frozen=True)
class Chooser:
    """Chooses on the first of the frames that are to be translated.

    Half precision is taken only where it makes the same picture, to ``AGREEMENT``. Something is tried only where the
    work ahead, ``num_frames``, takes many times as long as trying it. The fastest is remembered for the next time.
    """

    generator: nn.Module
    device: torch.device
    shown: Callable[[Translated], Tensor]
    """Makes of what an engine returns the levels that are compared."""

    def choose(
        self, frames: Frames, engines: Sequence[EngineName], precisions: Sequence[Precision], num_frames: int
    ) -> Choice:
        """Return the fastest of these engines and precisions; the first of both is taken where nothing else is.

        Raises:
            InputError: the first engine in the first precision cannot be used.
        """
        key = _key_of(self.generator, self.device, frames, [*engines, *precisions])
        for engine, precision in product(engines, precisions):
            if _remembered().get(key) == [engine, precision]:
                with suppress(InputError):
                    again = make_engine(engine, self.generator, self.device)
                    again(frames, HALVES.get(precision))
                    return self._agreed(again, precision, frames)
        choices = self._tried(frames, engines, precisions, num_frames)
        best, _ = min(choices, key=lambda tried: tried[1])
        if not are_of_one_colour(frames).any():
            _remember(key, [best.engine.name, best.precision])
        messages = ", ".join(f"{one.engine.name} {one.precision} {seconds:.3g} s a frame" for one, seconds in choices)
        return replace(best, words=f"{best.words} ({messages})" if len(choices) > 1 else best.words)

    def _tried(
        self, frames: Frames, engines: Sequence[EngineName], precisions: Sequence[Precision], num_frames: int
    ) -> list[tuple[Choice, float]]:
        """Return what could be tried, with the seconds that it takes for a frame."""
        made = dict[EngineName, Engine]()
        tried = list[tuple[Choice, float]]()
        for precision, name in product(precisions, sorted(engines, key=lambda name: SETUP_SECONDS.get(name, 0.0))):
            pace = min((seconds for _, seconds in tried), default=0.0)
            setup = 0.0 if name in made else SETUP_SECONDS.get(name, 0.0)
            if tried and num_frames * pace < _WORTH * (setup + 2 * pace):
                continue
            with suppress(InputError) if tried else nullcontext():
                made[name] = made.get(name) or make_engine(name, self.generator, self.device)
                choice = self._agreed(made[name], precision, frames)
                work = partial(made[name], frames, HALVES.get(precision))
                tried.append((choice, seconds_of(work, self.device) / len(frames)))
        return tried

    def _agreed(self, engine: Engine, precision: Precision, frames: Frames) -> Choice:
        """Return the choice of an engine and a precision, whose picture is that of 32 bits.

        Raises:
            InputError: it is another.
        """
        half = HALVES.get(precision)
        if half is None:
            return Choice(engine, precision, f"engine {engine.name}")
        translated = engine(frames, half)
        is_finite = bool(torch.isfinite(translated).all())
        exact = self.shown(TorchEngine(self.generator)(frames))
        found = agreement(self.shown(translated), exact, 255) if is_finite else 0.0
        if found < AGREEMENT:
            raise InputError(f"precision {precision}: agrees with 32 to {found:.0f} dB; give --precision 32")
        return Choice(engine, precision, f"engine {engine.name}, {precision} ({min(found, 99):.0f} dB to 32)")


def engines_for(device: torch.device) -> list[EngineName]:
    """Return the engines that can be tried on a device, torch first."""
    return [name for name in get_args(EngineName) if is_installed(name, device)]


def precisions_for(device: torch.device) -> list[Precision]:
    """Return 32, and the half precisions that a device computes faster."""
    return ["32", *(name for half in halves_of(device) for name in HALVES if HALVES[name] == half)]


def _key_of(generator: nn.Module, device: torch.device, frames: Frames, candidates: Sequence[str]) -> str:
    """Return what a choice depends on: weights, shape, what there was to choose from, machine, versions."""
    hashed = sha256()
    for name, value in generator.state_dict().items():
        hashed.update(name.encode())
        hashed.update(value.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes() if value.dim() else b"")
    machine = (
        torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.processor()} {os.cpu_count() or 1}"
    )
    threads, shape = str(torch.get_num_threads()), str(tuple(frames.shape))
    about = [machine, platform.node(), threads, shape, *candidates, *_versions()]
    hashed.update("\n".join(about).encode())
    return hashed.hexdigest()[:32]


def _versions() -> list[str]:
    found = []
    for package in ("torch", "onnxruntime", "openvino", "recyclegan"):
        with suppress(PackageNotFoundError):
            found.append(f"{package} {version(package)}")
    return found


def _remembered() -> Mapping[str, Any]:
    with suppress(InputError, OSError, ValueError):
        known = read_json(default_cache_folder() / "engines.json")
        return known if isinstance(known, dict) else {}
    return {}


def _remember(key: str, choice: list[str]) -> None:
    """Write a choice down, where the cache folder can be written to."""
    kept = dict(list(_remembered().items())[-_MOST_KEPT + 1 :])
    with suppress(InputError, OSError):
        write_json(default_cache_folder() / "engines.json", {**kept, key: choice})
