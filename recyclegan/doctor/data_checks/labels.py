"""Whether label maps hold the colours of their classes and no others."""

from collections import Counter
from collections.abc import Iterable

from recyclegan.doctor.colours import MANY, Colour, Colours
from recyclegan.doctor.finding import Finding, counted, listed, note, problem, warning
from recyclegan.doctor.survey import Survey
from recyclegan.domains import DOMAINS, Domain
from recyclegan.labels import LABEL_SETS

OWN = "own"
"""Stands for a palette that is none of the known ones."""
FLAT_IN_A_KNOWN_PALETTE = 0.15
"""Share of pixels that equal their neighbours from which a clip may be label maps; small lossy ones have so few."""
COVERED = 0.85
"""Share of pixels near a known palette from which a clip is label maps in it."""
FLAT = 0.45
"""Share of pixels that equal their neighbours in label maps of another palette."""
FREQUENT = 0.4
"""Share of their pixels that has a frequent colour, even after compression with loss."""
CLASS_SHARE = 0.002
"""Share of the pixels from which a colour is taken for a class, where the palette is not known."""
FEW_STRAYS = 32
"""Colours off a known palette that may be classes which it does not know; more of them are smeared."""
STRAY = 0.001
"""Share of pixels off the palette that is passed over."""


def undeclared_labels(survey: Survey) -> Iterable[Finding]:
    """Find label maps that the user did not call so."""
    found = {domain: name for domain in DOMAINS if (name := label_set_of(survey, domain))}
    if survey.labels is None and found:
        sets = " and ".join(f"{domain.upper()} looks like label maps in {_called(found[domain])}" for domain in found)
        yield note(sets, f"train with --labels {''.join(found)}, so that resizing makes no new colours")
    for domain in found.keys() - set(declared(survey)):
        yield problem(
            f"{domain.upper()}: looks like label maps in {_called(found[domain])}, which --labels"
            f" {survey.labels} does not say",
            f"give --labels {''.join(found)}; bicubic resizing would make colours that no class has",
        )


def colours_off_the_palette(survey: Survey) -> Iterable[Finding]:
    """Find label maps with smeared colours: compressed with loss, or resized with antialiasing."""
    for domain in declared(survey):
        name = label_set_of(survey, domain) or OWN
        colours = _colours(survey, domain)
        share = _off_palette(colours, name, colours)
        strays = [str(colour) for colour, _ in colours.common.most_common() if not _is_class(colour, name)]
        if colours.num_distinct > MANY or len(strays) > FEW_STRAYS:
            yield _smeared(survey, domain, name, share)
        elif share > STRAY:
            yield note(
                f"{domain.upper()}: {share:.1%} of pixels are off {_called(name)}: {listed(strays)}",
                "nothing to do for training, which takes the colours that it finds; scores need to know these",
            )


def _smeared(survey: Survey, domain: Domain, name: str, share: float) -> Finding:
    colours = _colours(survey, domain)
    views = [view for view in survey.views if view.domain == domain]
    shares = {view.name: _off_palette(view.colours, name, colours) for view in views}
    worst = listed(f"{clip} {shares[clip]:.1%}" for clip in sorted(shares, key=lambda clip: -shares[clip]))
    codecs = sorted({view.video.codec for view in views if view.video})
    certain = survey.labels is not None or name in LABEL_SETS
    return (problem if certain else warning)(
        f"{domain.upper()}: label maps of {counted(colours.num_distinct, 'colour')} or more (training takes {MANY});"
        f" {share:.1%} of pixels are off {_called(name)} ({worst})",
        f"write label maps anew as PNG or lossless video (ffv1){_instead_of(codecs)}, resized by nearest neighbour",
    )


def _instead_of(codecs: list[str]) -> str:
    return f", not {' or '.join(codecs)}" if codecs else ""


def declared(survey: Survey) -> list[Domain]:
    """Return the domains that hold label maps: as the user says, else as they look."""
    if survey.labels is None:
        return [domain for domain in DOMAINS if label_set_of(survey, domain)]
    return [domain for domain in DOMAINS if survey.labels != "none" and domain in survey.labels]


def label_set_of(survey: Survey, domain: Domain) -> str:
    """Return the label set that most clips of a domain are in, ``own`` for another palette, empty for none."""
    names = Counter(_label_set(view.colours) for view in survey.views if view.domain == domain)
    name, count = max(names.items(), key=lambda item: item[1], default=("", 0))
    return name if 2 * count > names.total() else ""


def _label_set(colours: Colours) -> str:
    nearest = max(LABEL_SETS, key=lambda name: (colours.exact[name], colours.near[name]))
    is_covered = 0 < COVERED * colours.num_bright <= colours.near[nearest]
    if colours.flatness >= FLAT_IN_A_KNOWN_PALETTE and is_covered:
        return nearest
    is_own = colours.flatness >= FLAT and colours.frequent(CLASS_SHARE * colours.num_pixels) >= FREQUENT
    return OWN if is_own else ""


def _off_palette(colours: Colours, name: str, domain: Colours) -> float:
    """Return the share of pixels whose colour is no class of the label set, or, for ``own``, not frequent."""
    if name in LABEL_SETS:
        return 1 - colours.exact[name] / max(1, colours.num_pixels)
    least = 0 if domain.num_distinct <= MANY else CLASS_SHARE * domain.num_pixels
    kept = sum(count for colour, count in colours.common.items() if domain.common[colour] >= least)
    return 1 - kept / max(1, colours.num_pixels)


def _is_class(colour: Colour, name: str) -> bool:
    return name == OWN or list(colour) in LABEL_SETS[name].painted.tolist()


def _colours(survey: Survey, domain: Domain) -> Colours:
    return sum((view.colours for view in survey.views if view.domain == domain), Colours())


def _called(name: str) -> str:
    return f"{name}'s palette" if name in LABEL_SETS else "a palette of its own"
