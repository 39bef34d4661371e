"""The examination of a run folder: its configuration, its course, what it translates, and a table of checks."""

from collections.abc import Callable, Iterable

from recyclegan.doctor.finding import Finding, found_by, from_error
from recyclegan.doctor.run_checks import adversary, course, keeping, pictures, settings
from recyclegan.doctor.run_view import RunView
from recyclegan.doctor.survey import Progress
from recyclegan.errors import InputError
from recyclegan.paths import AnyPath, as_path, as_path_or_none
from recyclegan.training import read_config

RunCheck = Callable[[RunView], Iterable[Finding]]
"""Yields what it finds in a run, nothing where all is well."""

RUN_CHECKS: tuple[RunCheck, ...] = (
    settings.unreadable_configuration,
    settings.learning_rate,
    settings.missing_terms,
    settings.too_few_steps,
    settings.batch_larger_than_data,
    course.damaged_log,
    course.values_not_finite,
    adversary.discriminator_has_won,
    adversary.discriminator_cannot_tell,
    adversary.adversarial_out_of_bounds,
    course.equivariance_rises,
    course.still_falling_or_settled,
    pictures.nothing_to_look_at,
    pictures.inverted_colours,
    pictures.vanishing_variety,
    pictures.nothing_but_one_colour,
    pictures.saturated_colours,
    pictures.holes,
    pictures.lost_edges,
    pictures.checkerboard,
    pictures.ghosts,
    pictures.tint,
    pictures.nothing_changed,
    keeping.stopped_early,
    keeping.damaged_checkpoints,
    keeping.missing_translators,
    keeping.left_behind,
    keeping.disk_use,
)
"""Every check of a run, in the order of the report. A new one is a function and a line here."""


def examine_run(path: AnyPath, data: AnyPath | None = None, progress: Progress | None = None) -> list[Finding]:
    """Return what is wrong with a run, or worth knowing of it.

    A few held-out frames are translated with the run's own translators; ``data`` is a data folder to take them from,
    by default the one that the run was trained on.

    Raises:
        InputError: there is no such folder, or no such ``data``.

    Example:
        >>> findings = examine_run("runs/day2night")
        >>> told = [f"{finding.severity}: {finding.what}; {finding.remedy}" for finding in findings]
    """
    path, data = as_path(path), as_path_or_none(data)
    for folder in (path, data):
        if folder is not None and not folder.is_dir():
            raise InputError(f"{folder}: no such folder; name a run folder, and a data folder for --data")
    config, said = None, tuple[Finding, ...]()
    try:
        config = read_config(path)
    except InputError as error:
        said = (from_error(error),)
    view = RunView(path, config, said, data or (config.data if config else None), progress or (lambda *_: None))
    return [finding for check in RUN_CHECKS for finding in found_by(check, view)]
