"""Calibration: from footage to a setting of the synthetic flow, and the file that keeps it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import torch

from recyclegan.calibration.fit import NUM_SIMULATED, Parts, fit_flow, joined, reach, simulate
from recyclegan.calibration.pairs import Footage, Seen, View, look
from recyclegan.config import from_dict, to_dict
from recyclegan.errors import InputError
from recyclegan.files import kind_of, read_json, write_json
from recyclegan.pace import Progress
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.motion import FlowSynthesis

FLOW_FILE = "flow.json"
"""Name of the file in a data folder."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

Quantiles = dict[str, tuple[float, ...]]
"""For each part of the flow, how large it is at each of QUANTILES, regardless of sign."""


@dataclass(frozen=True)
class Found:
    """The motion that was found in one domain."""

    pairs: int
    """Pairs of neighbouring frames that were looked at."""
    still: int
    """Those without motion, which were left out."""
    cuts: int
    """Those at cuts, or too fast for their flow to be trusted, which were left out."""
    quantiles: Quantiles


@dataclass(frozen=True)
class Calibration:
    """A setting of the synthetic flow, and what it was fitted to."""

    flow: FlowSynthesis
    headroom: float = 1.0
    """Synthetic motion over found motion that was aimed at."""
    size: tuple[int, int] | None = None
    """Height and width of the frames that were looked at."""
    found: dict[str, Found] = field(default_factory=dict)
    """By domain."""
    synthetic: Quantiles = field(default_factory=dict)
    """What the setting gives, measured in the same way."""
    notes: tuple[str, ...] = ()
    """What there is to say of the footage."""


def calibrate(
    footage: Footage,
    view: View,
    num_pairs: int = 100,
    headroom: float = 1.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Calibration:
    """Return the setting of the synthetic flow that moves frames as their neighbours in ``footage`` move.

    ``num_pairs`` pairs of each domain are looked at; domains without motion are left out.

    Raises:
        InputError: nothing moves, a file cannot be read, frames do not fit the view, or OpenCV is not installed.
    """
    if num_pairs < 1 or not 0 < headroom < math.inf:
        raise InputError(f"calibrate: found {num_pairs} pairs and a headroom of {headroom:g}, expected both above 0")
    seen = {
        domain: look(clips, view, num_pairs, (seed, number), _named_progress(progress, f"motion in {domain}"))
        for number, (domain, clips) in enumerate(footage.items())
    }
    moving = [found.parts for found in seen.values() if found.parts is not None]
    if not moving:
        raise InputError(_nothing_moves(seen))
    parts, size = joined(moving), _size(footage, view)
    flow = fit_flow(parts, size, headroom, seed)
    synthetic, note = simulate(flow, size, NUM_SIMULATED, seed), []
    if reach(synthetic.length) < headroom * reach(parts.length) / 2:
        flow = replace(flow, shift=flow.shift + 1)
        synthetic = simulate(flow, size, NUM_SIMULATED, seed)
        note = [
            f"found motion of {reach(parts.length):.2g} px, less than the smallest shift; shift is set to {flow.shift}"
        ]
    notes = [note for domain, found in seen.items() for note in _notes(domain, found)] + note
    found = {domain: _found(result) for domain, result in seen.items()}
    return Calibration(flow, headroom, size, found, quantiles(synthetic), tuple(notes))


def _named_progress(progress: Progress | None, what: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(done, total, what) if progress else None


def _size(footage: Footage, view: View) -> tuple[int, int]:
    """Return the size of the frames that are looked at; that of the first clip where sizes differ."""
    first = next(iter(footage.values()))[0]
    return view.crop.size(*view.resize.size(*first.size))


def _found(seen: Seen) -> Found:
    return Found(seen.num_pairs, seen.num_still, seen.num_cuts, quantiles(seen.parts) if seen.parts else {})


def _notes(domain: str, seen: Seen) -> Iterator[str]:
    if seen.num_pairs == 0:
        yield f"{domain}: left out, because no clip has two frames"
    elif seen.parts is None:
        yield f"{domain}: left out, because nothing moves ({_left_out(seen)})"
    elif seen.num_still or seen.num_cuts:
        yield f"{domain}: {_left_out(seen)} were left out"


def _left_out(seen: Seen) -> str:
    return f"of {seen.num_pairs} pairs of frames {seen.num_still} without motion and {seen.num_cuts} at cuts"


def _nothing_moves(seen: dict[str, Seen]) -> str:
    found = "; ".join(note for domain, result in seen.items() for note in _notes(domain, result))
    return f"calibrate: {found}; expected clips that move; take others, or set the synthetic flow by hand"


def write_calibration(calibration: Calibration, path: AnyPath) -> None:
    """Write a calibration as JSON.

    Raises:
        InputError: the file cannot be written.
    """
    write_json(as_path(path), to_dict(calibration))


def read_calibration(path: AnyPath) -> Calibration:
    """Return the calibration of a file; ``flow`` alone is enough.

    Raises:
        InputError: the file is missing, no JSON, or holds other fields or values of the wrong type.
    """
    path = as_path(path)
    if kind_of(path) == "nothing":
        raise InputError(f"{path}: cannot be read (no such file); write it with recyclegan calibrate")
    values = read_json(path)
    if isinstance(values, dict) and "flow" not in values:
        raise InputError(f"{path}: holds no 'flow'; expected the file that recyclegan calibrate writes")
    return from_dict(Calibration, values, f"{path}: calibration")


def quantiles(parts: Parts) -> Quantiles:
    """Return how large each part is at each of QUANTILES, regardless of sign."""
    names = ("length", "shift", "zoom", "rotation", "rest", "correlation")
    at = torch.tensor(QUANTILES, dtype=parts.length.dtype)
    return {name: tuple(round(q, 3) for q in getattr(parts, name).abs().quantile(at).tolist()) for name in names}
