"""Engines: the ways in which a generator is run, behind one small interface, and the proof that they agree."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import ClassVar

import torch
from torch import Tensor, nn

from recyclegan.errors import InputError, first_line
from recyclegan.settings.translating import EngineName
from recyclegan.tensors import Frames, Translated

AGREEMENT = 40.0
"""Decibels by which pictures of two engines or precisions agree at least: a level and a half of 255 on the average."""
Network = Callable[[Frames], Translated]


class Engine(ABC):
    """Runs a generator on frames in [-1, 1], on the device of the frames."""

    name: ClassVar[EngineName]
    halves: ClassVar[bool] = True
    """Whether it can compute in half precision."""
    grows: ClassVar[bool] = True
    """Whether batches of other sizes cost it nothing."""

    @abstractmethod
    def __call__(self, frames: Frames, half: torch.dtype | None = None) -> Translated:
        """Return the translated frames, computed in 32 bits or in ``half`` precision.

        Raises:
            InputError: it cannot be used on this machine.
        """


class TorchEngine(Engine):
    """The generator as it is."""

    name: ClassVar[EngineName] = "torch"

    def __init__(self, generator: Network) -> None:
        self._generator = generator
        self._seen = set[tuple[object, ...]]()

    def __call__(self, frames: Frames, half: torch.dtype | None = None) -> Translated:
        """Return what the generator makes of the frames."""
        shape = (*frames.shape, half)
        with _convolutions_tried(shape in self._seen), autocast(frames.device.type, half):
            made = self._generator(frames)
        self._seen.add(shape)
        return made


class CompiledEngine(TorchEngine):
    """The generator as ``torch.compile`` makes it, anew for each size of frames; a smaller batch is filled up."""

    name: ClassVar[EngineName] = "compile"
    grows: ClassVar[bool] = False

    def __init__(self, generator: Network) -> None:
        super().__init__(torch.compile(generator, dynamic=False))
        self._most: dict[tuple[int, ...], int] = {}

    def __call__(self, frames: Frames, half: torch.dtype | None = None) -> Translated:
        """Return what the compiled generator makes of the frames.

        Raises:
            InputError: it cannot be compiled here, as where there is no compiler.
        """
        count, size = len(frames), frames.shape[1:]
        self._most[size] = most = max(count, self._most.get(size, 0))
        filled = torch.cat([frames, frames[-1:].expand(most - count, -1, -1, -1)]) if count < most else frames
        with told_as_unusable(self.name):
            return super().__call__(filled, half)[:count]


class ProvenEngine(Engine):
    """An engine that is believed once the first frame that it sees is that of torch, to ``AGREEMENT``.

    A frame of one colour, such as a black lead-in, proves nothing: instance norm blows up what is but rounding in it.
    """

    def __init__(self, engine: Engine, generator: nn.Module) -> None:
        self.engine, self._torch = engine, TorchEngine(generator)
        self.name, self.halves, self.grows = engine.name, engine.halves, engine.grows  # type: ignore[misc]
        self._is_proven = False

    def __call__(self, frames: Frames, half: torch.dtype | None = None) -> Translated:
        """Return the translated frames.

        Raises:
            InputError: the engine cannot be used, or its first frame is another than torch's.
        """
        made = self.engine(frames, half)
        if not self._is_proven and (shown := are_of_one_colour(frames).logical_not().nonzero().flatten()).numel():
            found = agreement(made[shown[:1]], self._torch(frames[shown[:1]], half))
            if found < AGREEMENT:
                raise InputError(
                    f"engine {self.engine.name}: its first frame agrees with torch's to {found:.0f} dB, expected "
                    f"{AGREEMENT:.0f} at least; give --engine torch"
                )
            self._is_proven = True
        return made


def make_engine(name: EngineName, generator: nn.Module, device: torch.device) -> Engine:
    """Return the engine of that name for a generator that lies on the device.

    Raises:
        InputError: its package is not installed, or it is none for this device or this generator.
    """
    if name == "torch":
        return TorchEngine(generator)
    if name == "compile":
        return ProvenEngine(CompiledEngine(generator), generator)
    if device.type != "cpu":
        raise InputError(f"engine {name}: runs on a CPU only, not on {device}; give --device cpu, or another engine")
    if name == "winograd":
        from recyclegan.engines.winograd import WinogradEngine

        return ProvenEngine(WinogradEngine(generator), generator)
    from recyclegan.engines.exported import EXPORTED
    from recyclegan.engines.onnx_reading import ExportedGenerator, FileEngine

    if isinstance(generator, ExportedGenerator):
        return FileEngine(generator)
    return ProvenEngine(EXPORTED[name](generator), generator)


def is_installed(name: EngineName, device: torch.device) -> bool:
    """Return whether an engine can be tried on a device."""
    if name in ("onnxruntime", "openvino"):
        return device.type == "cpu" and all(find_spec(package) for package in (name, "onnx"))
    return name != "winograd" or device.type == "cpu"


def are_of_one_colour(frames: Frames) -> Tensor:
    """Return of each frame whether all of its pixels are the same."""
    return (frames.amax((-2, -1)) == frames.amin((-2, -1))).all(dim=1)


def agreement(made: Tensor, wanted: Tensor, span: float = 2.0) -> float:
    """Return the peak signal-to-noise ratio in decibels of pictures whose levels lie ``span`` apart at most."""
    error = float((made.double() - wanted.double()).square().mean())
    return math.inf if error == 0 else -10 * math.log10(error / span**2) if math.isfinite(error) else -math.inf


@contextmanager
def told_as_unusable(name: EngineName, remedy: str = "give --engine torch") -> Iterator[None]:
    """Turn what a library says where it cannot be used into one line; that memory is out stays what it is.

    Raises:
        InputError: the library failed.
    """
    try:
        yield
    except (InputError, torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:
        raise InputError(f"engine {name}: cannot be used here ({first_line(error)}); {remedy}") from error


def autocast(device: str, half: torch.dtype | None) -> AbstractContextManager[None]:
    """Return the context in which a kind of device computes in half precision, or, for None, in 32 bits."""
    return torch.autocast(device, half) if half else nullcontext()


@contextmanager
def _convolutions_tried(are_tried: bool) -> Iterator[None]:
    """Let cuDNN try which of its convolutions is the fastest, which pays for shapes that come again."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = are_tried or before
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before
