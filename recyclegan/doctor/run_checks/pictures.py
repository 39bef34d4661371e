"""What a run's own translations of held-out frames look like."""

from collections.abc import Iterable

import numpy as np

from recyclegan.doctor.finding import Finding, note, problem, warning
from recyclegan.doctor.moments import Patterns, patterns_of
from recyclegan.doctor.run_view import RunView, Thumbs

INVERTED = -0.15
"""Correlation of local brightness between source and translation, up to which dark and light have changed places."""
FAINT = 0.1
"""Product of the standard deviations of two patterns, in squared levels, up to which they say nothing."""
VARIED = 4.0
"""Standard deviation among sources, in levels of 255, from which their translations should differ."""
ALIKE = 0.1
"""Share of the sources' variety up to which translations are all the same."""
ONE_COLOUR = 4.0
"""Standard deviation within a translation, in levels of 255, up to which it shows nothing."""
SATURATED = 0.5
"""Share of values at black or at full light from which colours are saturated."""
UNCHANGED = 4.0
"""Mean difference between source and translation, in levels of 255, up to which nothing was changed."""


def nothing_to_look_at(view: RunView) -> Iterable[Finding]:
    """Find runs whose translations cannot be seen, because their footage or translators are not there or damaged."""
    made = view.translations
    yield from view.translator_findings
    if not made and not view.translator_findings:
        where = f" at {view.data}" if view.data else ""
        missing = "translators" if not list(view.run.glob("*.safetensors")) else f"footage{where}"
        yield note(f"no translation was looked at, because there is no {missing}", "name footage with --data DIR")


def inverted_colours(view: RunView) -> Iterable[Finding]:
    """Find directions that turn what is lighter than its surroundings into something darker.

    Brightness as such would accuse a good translation from day to night, where the sky is rightly light and then dark.
    """
    for seen in view.translations:
        if seen.has_labels:
            continue
        correlation = _correlation(patterns_of(seen.sources), patterns_of(seen.translated))
        if correlation < INVERTED:
            yield problem(
                f"{seen.way}: dark and light have changed places; what is lighter or darker than its surroundings"
                f" correlates with the source by {correlation:.2f} in {len(seen.sources)} frames",
                "train anew with --content 1 1, or with a cycle or an identity term (--cycle 10 10, --identity 5 5);"
                " another --seed may do",
            )


def vanishing_variety(view: RunView) -> Iterable[Finding]:
    """Find directions that translate different frames into the same one."""
    for seen in view.translations:
        sources, translated = _variety(seen.sources), _variety(seen.translated)
        if len(seen.sources) > 1 and sources >= VARIED and translated < ALIKE * sources:
            yield problem(
                f"{seen.way}: {len(seen.sources)} different frames are translated into nearly the same; they vary by"
                f" {translated:.1f} levels of 255, the sources by {sources:.1f}",
                "train anew with a larger weight on what ties to the source (--unsup-recycle, --cycle)",
            )


def nothing_but_one_colour(view: RunView) -> Iterable[Finding]:
    """Find directions that produce a single colour."""
    for seen in view.translations:
        contrast = float(seen.translated.astype(float).std(axis=(1, 2)).max())
        if contrast < ONE_COLOUR <= float(seen.sources.astype(float).std(axis=(1, 2)).max()):
            yield problem(
                f"{seen.way}: translations are of one colour, with a contrast of {contrast:.1f} levels of 255",
                "train longer if the run is young; else train anew with a smaller --discriminator-width",
            )


def saturated_colours(view: RunView) -> Iterable[Finding]:
    """Find directions that drive colours to black and to full light."""
    for seen in view.translations:
        before, after = _saturated(seen.sources), _saturated(seen.translated)
        if not seen.has_labels and after > SATURATED and after > 2 * before:
            yield warning(
                f"{seen.way}: {after:.0%} of all colour values are black or at full light, {before:.0%} in the sources",
                "train anew with a lower --lr, or look whether B itself is so",
            )


def nothing_changed(view: RunView) -> Iterable[Finding]:
    """Find directions that return their input."""
    for seen in view.translations:
        difference = float(np.abs(seen.sources.astype(float) - seen.translated).mean())
        if difference < UNCHANGED:
            yield warning(
                f"{seen.way}: translations differ from sources by {difference:.1f} of 255 levels: nothing was learned",
                "lower the weights of identity, cycle and content, or train longer",
            )


def _correlation(sources: Patterns, translated: Patterns) -> float:
    """Return the mean over frames of the correlation between pixels; flat frames count 0."""
    products = (sources * translated).mean(axis=1)
    spreads = sources.std(axis=1) * translated.std(axis=1)
    return float(np.where(spreads > FAINT, products / np.maximum(spreads, FAINT), 0).mean())


def _variety(thumbs: Thumbs) -> float:
    """Return the standard deviation among frames, averaged over pixels, in levels of 255."""
    return float(thumbs.astype(float).std(axis=0).mean())


def _saturated(thumbs: Thumbs) -> float:
    return float(((thumbs <= 2) | (thumbs >= 253)).mean())
