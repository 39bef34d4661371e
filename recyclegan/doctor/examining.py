"""The examinations of a data folder and of a run folder: one look, and a table of checks."""

from collections.abc import Callable, Iterable

from recyclegan.doctor import clip_checks, doubles, run_folder_checks, split_checks, training_checks
from recyclegan.doctor.finding import Finding, found_by, from_error
from recyclegan.doctor.run_view import RunView
from recyclegan.doctor.scan import Scan, look_at
from recyclegan.errors import InputError
from recyclegan.pace import Show
from recyclegan.paths import AnyPath, as_path, as_path_or_none
from recyclegan.runs import read_config
from recyclegan.settings.frames import Labels

DataCheck = Callable[[Scan], Iterable[Finding]]
"""Yields what it finds in a data folder, nothing where all is well."""

DATA_CHECKS: tuple[DataCheck, ...] = (
    split_checks.missing_folders,
    split_checks.no_readable_clip,
    split_checks.nothing_held_out,
    split_checks.few_frames,
    split_checks.unequal_domains,
    clip_checks.unreadable_files,
    clip_checks.frozen_clips,
    clip_checks.blank_frames,
    clip_checks.short_clips,
    doubles.shared_footage,
    clip_checks.mixed_sizes_in_a_clip,
    clip_checks.different_shapes_in_a_domain,
    clip_checks.different_shapes_of_the_domains,
    clip_checks.oblong_pixels,
    clip_checks.smaller_than_training,
    clip_checks.different_rates,
    clip_checks.varying_rates,
    clip_checks.interlaced_videos,
    clip_checks.undeclared_labels,
    clip_checks.colours_off_the_palette,
    split_checks.labels_that_do_not_fit,
    split_checks.cache_room,
    split_checks.step_memory,
)
"""Every check of a data folder, in the order of the report. A new one is a function and a line here."""

DEFAULT_FRAMES = 64


def examine_data(
    path: AnyPath,
    size: tuple[int, int] | None = None,
    labels: Labels | None = None,
    frames: int = DEFAULT_FRAMES,
    progress: Show | None = None,
) -> list[Finding]:
    """Return what is wrong with a data folder, or worth knowing of it.

    ``frames`` is how many frames of each clip are looked at, evenly spread. ``size`` is the (height, width) to train
    on, by default that of training. ``labels`` says which domains hold label maps; by default they are guessed.

    Raises:
        InputError: there is no such folder, or ``frames`` is not positive.

    Example:
        >>> findings = examine_data("data", size=(32, 48))
        >>> lines = [f"{finding.severity}: {finding.what}; {finding.remedy}" for finding in findings]
    """
    path = as_path(path)
    if not path.is_dir():
        raise InputError(f"{path}: no such folder; name a data folder (DIR/train/A, DIR/train/B) or a run folder")
    if frames < 1:
        raise InputError(f"frames: found {frames}, expected at least 1")
    scan = look_at(path, frames, size, labels, progress or (lambda *_: None))
    return [finding for check in DATA_CHECKS for finding in found_by(check, scan)]


RunCheck = Callable[[RunView], Iterable[Finding]]
"""Yields what it finds in a run, nothing where all is well."""

RUN_CHECKS: tuple[RunCheck, ...] = (
    run_folder_checks.unreadable_configuration,
    run_folder_checks.learning_rate,
    run_folder_checks.missing_terms,
    run_folder_checks.too_few_steps,
    run_folder_checks.batch_larger_than_data,
    training_checks.damaged_log,
    training_checks.values_not_finite,
    training_checks.discriminator_has_won,
    training_checks.discriminator_cannot_tell,
    training_checks.adversarial_out_of_bounds,
    training_checks.equivariance_rises,
    training_checks.still_falling_or_settled,
    training_checks.nothing_to_look_at,
    training_checks.inverted_colours,
    training_checks.vanishing_variety,
    training_checks.nothing_but_one_colour,
    training_checks.saturated_colours,
    training_checks.holes,
    training_checks.lost_edges,
    training_checks.checkerboard,
    training_checks.ghosts,
    training_checks.tint,
    training_checks.nothing_changed,
    run_folder_checks.stopped_early,
    run_folder_checks.damaged_checkpoints,
    run_folder_checks.missing_translators,
    run_folder_checks.left_behind,
    run_folder_checks.disk_use,
)
"""Every check of a run, in the order of the report. A new one is a function and a line here."""


def examine_run(path: AnyPath, data: AnyPath | None = None, progress: Show | None = None) -> list[Finding]:
    """Return what is wrong with a run, or worth knowing of it.

    A few held-out frames are translated with the run's own translators; ``data`` is a data folder to take them from,
    by default the one that the run was trained on.

    Raises:
        InputError: there is no such folder, or no such ``data``.

    Example:
        >>> findings = examine_run("runs/day2night")
        >>> lines = [f"{finding.severity}: {finding.what}; {finding.remedy}" for finding in findings]
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
