"""What a run's own translations of held-out frames look like: the faults of the verdict on them."""

from collections.abc import Iterable

from recyclegan.doctor.finding import Finding, counted, note, problem, warning
from recyclegan.doctor.run_view import RunView


def nothing_to_look_at(view: RunView) -> Iterable[Finding]:
    """Find runs whose translations cannot be seen, because their footage or translators are not there or damaged."""
    made = view.translations
    yield from view.translator_findings
    if not made and not view.translator_findings:
        where = f" at {view.data}" if view.data else ""
        missing = "translators" if not list(view.run.glob("*.safetensors")) else f"footage{where}"
        yield note(f"no translation was looked at, because there is no {missing}", "name footage with --data DIR")


def inverted_colours(view: RunView) -> Iterable[Finding]:
    """Find directions that turn what is lighter than its surroundings into something darker."""
    return _faults(view, "inversion", "unrelated")


def vanishing_variety(view: RunView) -> Iterable[Finding]:
    """Find directions that translate different frames into the same one."""
    return _faults(view, "no variety")


def nothing_but_one_colour(view: RunView) -> Iterable[Finding]:
    """Find directions that produce a single colour."""
    return _faults(view, "one colour")


def saturated_colours(view: RunView) -> Iterable[Finding]:
    """Find directions that drive colours to black and to full light."""
    return _faults(view, "saturation")


def holes(view: RunView) -> Iterable[Finding]:
    """Find directions that tear black or glaring holes into what the source shows."""
    return _faults(view, "holes")


def lost_edges(view: RunView) -> Iterable[Finding]:
    """Find directions that blur edges and detail."""
    return _faults(view, "mush")


def checkerboard(view: RunView) -> Iterable[Finding]:
    """Find directions that leave patterns of two or four pixels."""
    return _faults(view, "checkerboard")


def ghosts(view: RunView) -> Iterable[Finding]:
    """Find directions that put shapes where the source is flat."""
    return _faults(view, "ghosts")


def tint(view: RunView) -> Iterable[Finding]:
    """Find directions that give a colour that neither look has."""
    return _faults(view, "tint")


def nothing_changed(view: RunView) -> Iterable[Finding]:
    """Find directions that return their input."""
    return _faults(view, "unchanged")


def _faults(view: RunView, *names: str) -> Iterable[Finding]:
    """Yield the faults of these names in each direction: a problem where they make it unusable, else a warning."""
    for seen in view.translations:
        for fault in seen.verdict.findings:
            if fault.name in names:
                tell = problem if fault.is_grave else warning
                yield tell(f"{seen.way}, {counted(len(seen.pairs), 'frame')}: {fault.sentence}", fault.remedy)
