"""``recyclegan doctor FOLDER`` and ``recyclegan doctor --report``."""

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from recyclegan.cli.next_step import after_examining
from recyclegan.cli.parsing import parse
from recyclegan.cli.progress import counter, progress_bars
from recyclegan.errors import InputError

if TYPE_CHECKING:
    from recyclegan.doctor import Finding, Severity

PROBLEMS_FOUND = 1
"""Exit code where there is a problem."""


@dataclass(frozen=True)
class DoctorOptions:
    """What ``doctor`` takes. Exits with 0 where there is no problem, 1 where there are some, 2 where the folder cannot
    be examined."""

    folder: tyro.conf.Positional[Path | None] = None
    """Data folder (DIR/train/A, DIR/train/B, ...) or run folder (with config.json)."""
    report: bool = False
    """Print what an issue should tell: versions, devices, the cache; no folder is needed, and no name of yours is
    in it."""
    size: tuple[int, int] | None = None
    """Data: height and width in pixels of the frames to train on."""
    labels: Literal["none", "a", "b", "ab"] | None = None
    """Data: domains that hold label maps; by default guessed."""
    frames: int = 64
    """Data: frames of each clip that are looked at, spread evenly over it."""
    data: Path | None = None
    """Run: data folder to take frames from, where that of config.json has moved."""
    as_json: Annotated[bool, tyro.conf.arg(name="json")] = False
    """Print JSON."""


def doctor(words: list[str]) -> int:
    """Examine a data folder or a run: what is wrong, and what to do."""
    options = parse(DoctorOptions, words, "doctor")
    if options.report:
        print(_report(options.as_json))
    if options.folder is None and not options.report:
        raise InputError("doctor: found no folder; name a data folder or a run folder, or give --report")
    return _examine(options.folder, options) if options.folder else 0


def _examine(folder: Path, options: DoctorOptions) -> int:
    """Print what is found in a folder, and return the exit code."""
    from recyclegan.doctor import examine_data, examine_run

    with progress_bars() as bars:
        show = counter(bars)
        if is_run := _is_run(folder):
            findings = examine_run(folder, options.data, show)
        else:
            findings = examine_data(folder, options.size, options.labels, options.frames, show)
    print(_as_json(folder, findings) if options.as_json else _as_text(folder, findings))
    if any(finding.severity == "problem" for finding in findings):
        return PROBLEMS_FOUND
    if not options.as_json:
        print(after_examining(folder, is_run, options.data), end="")
    return 0


def _report(as_json: bool) -> str:
    """Return what the program runs on, a line a thing."""
    from recyclegan.doctor import environment

    facts = environment()
    if as_json:
        return json.dumps(facts, indent=2)
    return "\n".join(f"{name + ':':<12}{value}" for name, value in facts.items())


def _is_run(folder: Path) -> bool:
    """Return whether a folder is a run and not data.

    Raises:
        InputError: it is neither, or not there.
    """
    if not folder.is_dir():
        found = "is a file" if folder.exists() else "no such folder"
        raise InputError(f"{folder}: {found}; name a data folder (DIR/train/A, DIR/train/B) or a run folder")
    names = {place.name.lower() for place in folder.iterdir()}
    if names & {"config.json", "stats.jsonl", "ab.safetensors", "ba.safetensors"}:
        return True
    if names & {"train", "val", "a", "b"}:
        return False
    held = ", ".join(sorted(names)[:5]) or "nothing"
    raise InputError(f"{folder}: holds {held}; expected train/A and train/B of a data folder, or config.json of a run")


_TITLES: "dict[Severity, str]" = {
    "problem": "Problems: training fails, or its result misleads",
    "warning": "Warnings: the result will probably suffer",
    "note": "Notes",
}


def _as_text(folder: Path, findings: "list[Finding]") -> str:
    lines = []
    for severity, title in _TITLES.items():
        found = [finding for finding in findings if finding.severity == severity]
        lines += [title, *(f"  - {finding.what}\n    -> {finding.remedy}" for finding in found), ""] if found else []
    return "\n".join([*lines, f"{folder}: {_summary(findings)}"])


def _as_json(folder: Path, findings: "list[Finding]") -> str:
    values = {"folder": str(folder), "summary": _summary(findings), "findings": [asdict(found) for found in findings]}
    return json.dumps(values, indent=2)


def _summary(findings: "list[Finding]") -> str:
    counts = Counter(finding.severity for finding in findings)
    return ", ".join(
        f"{counts[severity] or 'no'} {severity}{'' if counts[severity] == 1 else 's'}" for severity in _TITLES
    )
