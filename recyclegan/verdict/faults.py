"""What can be wrong with translated frames: for each fault the number that shows it, its sentence and its remedy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from recyclegan.metrics.frame_numbers import Numbers

UNCHANGED = 4.0
"""Mean difference between source and translation, in levels of 255, up to which nothing was changed."""
ONE_COLOUR = 4.0
"""Contrast within a translation, in levels, up to which it shows nothing."""
ALIKE = 0.1
"""Share of the sources' variety up to which translations are all the same."""
INVERTED = -0.15
"""Agreement of lightness up to which dark and light have changed places as a whole."""
UNRELATED = 0.1
"""Agreement of lightness up to which a translation hardly follows its source. A perfect night made of day has 0.4."""
PARTLY_SWAPPED = 0.3
"""Share of swapped area that is told of. A perfect night made of day has up to 0.2."""
SATURATED = 0.25
"""Share of values at black or full light, beyond the source's and target's, from which colours are saturated."""
HOLES = 0.0015
"""Share of the area from which black or glaring regions are told of."""
LARGE_HOLES = 0.05
GHOSTS, SURE_GHOSTS = 0.09, 0.35
"""Shares of what is flat in the source from which structure in it is told of: beside something else that is wrong, and
alone. Lamps and clouds of a perfect new look have up to 0.06 in many frames, and up to 0.27 in two."""
CHECKERBOARD = 4.0
"""Decibels, beyond the source's and target's, from which a pattern is told of."""
TINT = 12.0
"""Levels that the mean colour may lie outside of both looks."""
OF_ANY = frozenset({"change", "contrast", "variety_kept"})
"""Numbers that are told of label maps, too."""
SOFT_EDGES, SOFT_DETAIL = 0.6, 0.85
"""Shares of edges and of detail under which, both together, a translation is blurred."""
MUSHY_EDGES, MUSHY_DETAIL = 0.3, 0.6
TIED_MORE = "with it already, with higher --unsup-recycle and --unsup-spatial"
"""What is left to do for who has the preset that remedies name."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong."""

    name: str
    """What is wrong, in a word: inversion, holes, ..."""
    value: float
    """The number that shows it."""
    sentence: str
    """What was found, with the number; no capital, no full stop."""
    remedy: str
    """What to do, with an option of ``train``."""
    is_grave: bool = False
    """Whether it makes the translation unusable."""


def faults_in(numbers: Numbers) -> list[Fault]:
    """Return what the numbers accuse of, the gravest first; a number that is missing accuses of nothing."""
    found = list(_nothing_shown(numbers)) or [finding for check in CHECKS for finding in check(numbers)]
    found += _ghosts(numbers, GHOSTS if found else SURE_GHOSTS)
    return sorted(found, key=lambda finding: not finding.is_grave)


def strengths_in(numbers: Numbers) -> list[str]:
    """Return what the numbers show to be right, in words."""
    return list(_right(numbers))


def shows_pictures(numbers: Numbers) -> bool:
    """Return whether light, edges or colours were measured, and not only what may be told of label maps."""
    return bool(numbers.keys() - OF_ANY)


def _nothing_shown(numbers: Numbers) -> Iterator[Fault]:
    """Find translations that show nothing of their sources, of which nothing else is worth saying."""
    if numbers.get("contrast", ONE_COLOUR) < ONE_COLOUR:
        yield Fault(
            "one colour",
            numbers["contrast"],
            f"translations are of one colour, with a contrast of {numbers['contrast']:.1f} levels of 255",
            "train longer if the run is young; else train anew with a smaller --discriminator-width",
            is_grave=True,
        )
    elif numbers.get("variety_kept", 1.0) < ALIKE:
        yield Fault(
            "no variety",
            numbers["variety_kept"],
            "different frames are translated into nearly the same; they vary by"
            f" {percent(numbers['variety_kept'])} of what their sources vary by",
            "train anew with a larger weight on what ties to the source (--unsup-recycle, --cycle)",
            is_grave=True,
        )


def _unchanged(numbers: Numbers) -> Iterator[Fault]:
    if numbers.get("change", UNCHANGED) < UNCHANGED:
        yield Fault(
            "unchanged",
            numbers["change"],
            f"translations differ from sources by {numbers['change']:.1f} of 255 levels: nothing was learned",
            "lower the weights of --identity, --cycle and --content, or train longer",
        )


def _inversion(numbers: Numbers) -> Iterator[Fault]:
    """Find what is lighter than its surroundings and becomes darker.

    Brightness as such would accuse a good translation from day to night, where the sky is rightly light and then dark.
    """
    agreement, swapped = numbers.get("lightness_agreement", 1.0), numbers.get("swapped_area", 0.0)
    if agreement < INVERTED or swapped > PARTLY_SWAPPED:
        yield Fault(
            "inversion",
            swapped,
            f"light and dark are swapped in {percent(swapped)} of the area (local lightness agrees with the source by"
            f" {agreement:+.2f}, 1 is all, -1 a negative)",
            "train anew with --preset steady-footage, which starts with light in place; more of a tie to the source is"
            " --content 1 1 besides, and another --seed may do",
            is_grave=agreement < INVERTED,
        )
    elif agreement < UNRELATED:
        yield Fault(
            "unrelated",
            agreement,
            f"light and dark hardly follow the source (local lightness agrees by {agreement:+.2f}, 1 is all)",
            f"train longer, or anew with --preset steady-footage, which starts with light in place; {TIED_MORE}",
            is_grave=numbers.get("edges_kept", 1.0) < SOFT_EDGES,
        )


def _saturation_or_holes(numbers: Numbers) -> Iterator[Fault]:
    saturated, holes = numbers.get("saturated", 0.0), numbers.get("holes", 0.0)
    if saturated > SATURATED:
        yield Fault(
            "saturation",
            saturated,
            f"colours are saturated: {percent(saturated)} of all values, beyond those of source and target, are black"
            " or at full light",
            "train anew with a lower --lr",
        )
    elif holes > HOLES:
        yield Fault(
            "holes",
            holes,
            f"black or glaring holes take {percent(holes)} of the area, where the source shows something",
            "train longer (--resume with more --steps), or anew with --preset steady-footage; with it already, at a"
            " lower --lr",
            is_grave=holes > LARGE_HOLES,
        )


def _ghosts(numbers: Numbers, most: float) -> Iterator[Fault]:
    if numbers.get("ghosts", 0.0) > most:
        yield Fault(
            "ghosts",
            numbers["ghosts"],
            f"ghosts: {percent(numbers['ghosts'])} of what is flat in the source shows shapes",
            f"train anew with --preset steady-footage, which starts with shapes in place; {TIED_MORE}",
        )


def _checkerboard(numbers: Numbers) -> Iterator[Fault]:
    if numbers.get("checkerboard", 0.0) > CHECKERBOARD:
        yield Fault(
            "checkerboard",
            numbers["checkerboard"],
            "a checkerboard: patterns of two or four pixels stand out by"
            f" {numbers['checkerboard']:.0f} dB more than in source and target",
            "train longer; else anew with --preset steady-footage, whose generator widens without such patterns",
        )


def _tint(numbers: Numbers) -> Iterator[Fault]:
    if numbers.get("tint", 0.0) > TINT:
        yield Fault(
            "tint",
            numbers["tint"],
            f"a tint: the mean colour lies {numbers['tint']:.0f} of 255 levels outside of both looks",
            "train anew with --preset steady-footage, which starts at the target's colours",
        )


def _mush(numbers: Numbers) -> Iterator[Fault]:
    edges, detail = numbers.get("edges_kept", 1.0), numbers.get("detail_kept", 1.0)
    if edges < SOFT_EDGES and detail < SOFT_DETAIL:
        yield Fault(
            "mush",
            edges,
            f"blurred: {percent(edges)} of the steepness of the source's edges and {percent(detail)} of the fine"
            " detail are kept",
            "train longer, or anew at a larger --size: what was trained small is enlarged, and soft",
            is_grave=edges < MUSHY_EDGES and detail < MUSHY_DETAIL,
        )


CHECKS: tuple[Callable[[Numbers], Iterator[Fault]], ...] = (
    _inversion,
    _saturation_or_holes,
    _mush,
    _checkerboard,
    _tint,
    _unchanged,
)
"""Every check, in the order of the sentence."""


def _right(numbers: Numbers) -> Iterator[str]:
    """Yield what is right, in words, and what was not judged."""
    agreement = numbers.get("lightness_agreement", 0.0)
    if agreement >= UNRELATED and numbers.get("swapped_area", 0.0) <= PARTLY_SWAPPED:
        yield f"light and dark are in place ({agreement:+.2f})"
    if numbers.get("edges_kept", 0.0) >= SOFT_EDGES:
        yield f"edges are kept ({percent(min(numbers['edges_kept'], 1.0))})"
    if numbers.get("holes", 1.0) <= HOLES:
        yield "no holes"
    if numbers.get("variety_kept", 0.0) >= ALIKE:
        yield "frames differ as their sources do"
    if numbers and not shows_pictures(numbers):
        yield "light, edges and colours are not judged (label maps), so look at them"


def percent(share: float) -> str:
    """Return a share in words, with a decimal where it is small."""
    return f"{share:.1%}".replace("%", " %") if 0 < share < 0.0995 else f"{share:.0%}".replace("%", " %")
