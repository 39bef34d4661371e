"""The examination of a data folder: one look at its clips, and a table of checks."""

from collections.abc import Callable, Iterable

from recyclegan.doctor.data_checks import clips, doubles, labels, resources, sizes, splits, times
from recyclegan.doctor.finding import Finding, found_by
from recyclegan.doctor.survey import Progress, Survey, look_at
from recyclegan.errors import InputError
from recyclegan.paths import AnyPath, as_path
from recyclegan.settings.frames import Labels

DataCheck = Callable[[Survey], Iterable[Finding]]
"""Yields what it finds in a data folder, nothing where all is well."""

DATA_CHECKS: tuple[DataCheck, ...] = (
    splits.missing_folders,
    splits.no_readable_clip,
    splits.nothing_held_out,
    splits.few_frames,
    splits.unequal_domains,
    clips.unreadable_files,
    clips.frozen_clips,
    clips.blank_frames,
    clips.short_clips,
    doubles.shared_footage,
    sizes.mixed_sizes_in_a_clip,
    sizes.different_shapes_in_a_domain,
    sizes.different_shapes_of_the_domains,
    sizes.oblong_pixels,
    sizes.smaller_than_training,
    times.different_rates,
    times.varying_rates,
    times.interlaced_videos,
    labels.undeclared_labels,
    labels.colours_off_the_palette,
    resources.cache_room,
    resources.step_memory,
)
"""Every check of a data folder, in the order of the report. A new one is a function and a line here."""

DEFAULT_FRAMES = 64


def examine_data(
    path: AnyPath,
    size: tuple[int, int] | None = None,
    labels: Labels | None = None,
    frames: int = DEFAULT_FRAMES,
    progress: Progress | None = None,
) -> list[Finding]:
    """Return what is wrong with a data folder, or worth knowing of it.

    ``frames`` frames of each clip are looked at, spread evenly over it. ``size`` is the (height, width) to train on, by
    default that of training. ``labels`` says which domains hold label maps; by default they are guessed.

    Raises:
        InputError: there is no such folder, or ``frames`` is not positive.

    Example:
        >>> findings = examine_data("data", size=(32, 48))
        >>> told = [f"{finding.severity}: {finding.what}; {finding.remedy}" for finding in findings]
    """
    path = as_path(path)
    if not path.is_dir():
        raise InputError(f"{path}: no such folder; name a data folder (DIR/train/A, DIR/train/B) or a run folder")
    if frames < 1:
        raise InputError(f"frames: found {frames}, expected at least 1")
    survey = look_at(path, frames, size, labels, progress or (lambda *_: None))
    return [finding for check in DATA_CHECKS for finding in found_by(check, survey)]
