"""Numbers of translated footage from its frames, each beside its source: gathered one by one, judged together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from recyclegan.arrays import Picture
from recyclegan.metrics import pictures
from recyclegan.metrics.pictures import NUM_KINDS, Kinds, Thumb

Numbers = dict[str, float]

LEAST_FLAT = 0.01
"""Share of flat area in the sources from which ghosts can be told."""
LEAST_SPREAD = 4.0
"""Standard deviation, in levels, from which there is contrast within a frame or variety among frames; and by which the
mean colours of frames may always differ."""


@dataclass(frozen=True)
class Look:
    """What is kept of a frame by itself."""

    thumb: Thumb
    chroma: Float64[np.ndarray, "2"]
    detail: float
    ripple: float
    blobs: Kinds
    """Shares of the area that are black, white or of a pure colour, each."""
    saturated: float

    @property
    def contrast(self) -> float:
        """Return the standard deviation of the thumbnail, in levels."""
        return float(self.thumb.astype(float).std(axis=(0, 1)).max())


@dataclass(frozen=True)
class Pair:
    """What is kept of a translated frame and its source."""

    source: Look
    translated: Look
    lightness_agreement: float
    swapped_area: float
    edges_kept: float
    new_blobs: Kinds
    ghosts: float
    flat: float


def look_of(image: Picture) -> Look:
    """Return what is kept of a frame."""
    return Look(
        pictures.thumbnail(image),
        pictures.mean_chroma(image),
        pictures.detail(image),
        pictures.ripple(image),
        pictures.blobs_by_kind(image),
        pictures.saturated_values(image),
    )


def pair_of(source: Picture, translated: Picture) -> Pair:
    """Return what is kept of a translated frame and its source of the same size."""
    return Pair(
        look_of(source),
        look_of(translated),
        pictures.lightness_agreement(source, translated),
        pictures.swapped_area(source, translated),
        pictures.edges_kept(source, translated),
        pictures.new_blobs_by_kind(source, translated),
        *pictures.ghosts(source, translated),
    )


def untouched(pair: Pair) -> Pair:
    """Return the pair that a source makes with itself."""
    return replace(
        pair,
        translated=pair.source,
        lightness_agreement=1.0,
        swapped_area=0.0,
        edges_kept=1.0,
        new_blobs=np.zeros(NUM_KINDS),
        ghosts=0.0,
    )


def numbers_of(pairs: Sequence[Pair], target: Sequence[Look] = (), labels: bool = False) -> Numbers:
    """Return the numbers of translated frames by name, beside their sources and frames of the ``target`` look.

    Each holds by itself. What cannot be told (a variety of one frame, a tint without a target) is left out, and where
    a domain holds ``labels`` whatever rests on brightness and colour is.

    - ``change``: mean difference to the source, in levels of 255.
    - ``contrast``: standard deviation within a translation, in levels; of the frame that has most.
    - ``variety_kept``: how much the translations differ from each other, as a share of how much the sources do.
    - ``lightness_agreement``: correlation with the source of what is lighter than its surroundings, -1 to 1.
    - ``swapped_area``: share of the area in which light and dark are swapped, 0 to 1.
    - ``edges_kept``: steepness of the source's edges that is kept, as a share.
    - ``detail_kept``: fine detail, as a share of the source's or the target's, whichever has less.
    - ``holes``: share of the area that is black, white or of a pure colour where the source is not, beyond the
      target's own share of regions of that colour: a black night excuses no cyan glow.
    - ``saturated``: share of values that are black or at full light, beyond the source's and the target's.
    - ``ghosts``: share of what is flat in the source that holds structure, 0 to 1.
    - ``checkerboard``: decibels by which patterns of two or four pixels stand out, beyond the source's and target's.
    - ``tint``: levels by which the mean colour lies off the way from the source's to the target's, beyond twice
      the spread of the target's.
    """
    if not pairs:
        return {}
    found = _of_any(pairs)
    if not labels:
        found |= _of_pictures(pairs, target)
    return {name: value for name, value in found.items() if np.isfinite(value)}


def references_of(pairs: Sequence[Pair], target: Sequence[Look] = ()) -> dict[str, Numbers]:
    """Return what the untouched sources would score, and where it says something the target itself, by name."""
    found = {"source": numbers_of([untouched(pair) for pair in pairs], target)}
    if target and pairs:
        least_detail, most_ripple = _levels(pairs, target)
        found["target"] = {
            "detail_kept": _mean(look.detail for look in target) / least_detail,
            "checkerboard": _mean(look.ripple for look in target) - most_ripple,
        }
    return found


def _of_any(pairs: Sequence[Pair]) -> Numbers:
    """Return what may be told of label maps, too."""
    before, after = (np.stack(thumbs).astype(float) for thumbs in _thumbs(pairs))
    shows_something = max(pair.source.contrast for pair in pairs) >= LEAST_SPREAD
    varies = len(pairs) > 1 and _variety(before) >= LEAST_SPREAD
    return {
        "change": float(np.abs(before - after).mean()),
        "contrast": max(pair.translated.contrast for pair in pairs) if shows_something else float("nan"),
        "variety_kept": _variety(after) / _variety(before) if varies else float("nan"),
    }


def _thumbs(pairs: Sequence[Pair]) -> tuple[list[Thumb], list[Thumb]]:
    return [pair.source.thumb for pair in pairs], [pair.translated.thumb for pair in pairs]


def _variety(thumbs: Float64[np.ndarray, "_ side side 3"]) -> float:
    """Return the standard deviation among frames, averaged over pixels, in levels."""
    return float(thumbs.std(axis=0).mean())


def _of_pictures(pairs: Sequence[Pair], target: Sequence[Look]) -> Numbers:
    least_detail, most_ripple = _levels(pairs, target)
    flat = _mean(pair.flat for pair in pairs)
    return {
        "lightness_agreement": _mean(pair.lightness_agreement for pair in pairs),
        "swapped_area": _mean(pair.swapped_area for pair in pairs),
        "edges_kept": _mean(pair.edges_kept for pair in pairs),
        "detail_kept": _mean(pair.translated.detail for pair in pairs) / least_detail,
        "holes": _holes(pairs, target),
        "saturated": max(0.0, _mean(pair.translated.saturated for pair in pairs) - _most_saturated(pairs, target)),
        "ghosts": _mean(pair.ghosts for pair in pairs) / flat if flat >= LEAST_FLAT else float("nan"),
        "checkerboard": _mean(pair.translated.ripple for pair in pairs) - most_ripple,
        "tint": _tint(pairs, target) if target else float("nan"),
    }


def _levels(pairs: Sequence[Pair], target: Sequence[Look]) -> tuple[float, float]:
    """Return the detail and the ripple that can be expected: the lower detail, and the higher ripple, of both looks."""
    looks = [[pair.source for pair in pairs], *([target] if target else [])]
    details = [_mean(look.detail for look in own) for own in looks]
    return max(min(details), 1e-3), max(_mean(look.ripple for look in own) for own in looks)


def _holes(pairs: Sequence[Pair], target: Sequence[Look]) -> float:
    """Return the share of regions that the sources have not, beyond the target's own of the same colour."""
    new = np.mean([pair.new_blobs for pair in pairs], axis=0)
    known = np.mean([look.blobs for look in target], axis=0) if target else 0.0
    return float(np.maximum(new - known, 0.0).sum())


def _most_saturated(pairs: Sequence[Pair], target: Sequence[Look]) -> float:
    return max(_mean(pair.source.saturated for pair in pairs), _mean((look.saturated for look in target), 0.0))


def _tint(pairs: Sequence[Pair], target: Sequence[Look]) -> float:
    """Return how far mean colours lie off the straight way from source to target, beyond the target's spread."""
    aims = np.stack([look.chroma for look in target])
    spread = float(np.sqrt(((aims - aims.mean(axis=0)) ** 2).sum(axis=1).mean()))
    off = [_distance(pair.translated.chroma, pair.source.chroma, aims.mean(axis=0)) for pair in pairs]
    return max(0.0, float(np.mean(off)) - 2 * max(spread, LEAST_SPREAD))


def _distance(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    """Return the distance of a point from the straight line between two others."""
    direction = end - start
    share = np.clip((point - start) @ direction / max(float(direction @ direction), 1e-9), 0, 1)
    return float(np.linalg.norm(point - start - share * direction))


def _mean(values: Iterable[float], otherwise: float = float("nan")) -> float:
    """Return the mean of what is finite, or ``otherwise`` where nothing is."""
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else otherwise
