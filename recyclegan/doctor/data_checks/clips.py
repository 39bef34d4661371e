"""Whether each clip shows something, and moves."""

from collections.abc import Iterable

import numpy as np

from recyclegan.doctor.finding import Finding, counted, listed, note, problem, warning
from recyclegan.doctor.survey import Survey, View
from recyclegan.settings.methods import METHODS

STILL = 0.5
"""Mean difference between thumbnails, in levels of 255, up to which frames are the same."""
BLANK = 2.0
"""Standard deviation within a thumbnail, in levels of 255, up to which it shows nothing."""
BLACK = 24
FEW_BLANK = 0.1
"""Share of a clip's frames that may be blank without a word."""


def unreadable_files(survey: Survey) -> Iterable[Finding]:
    """Find files that cannot be read; each is named."""
    return survey.damaged


def frozen_clips(survey: Survey) -> Iterable[Finding]:
    """Find clips of several frames that are all the same."""
    for view in survey.views:
        thumbs = view.thumbs.astype(float)
        if len(thumbs) > 1 and np.abs(thumbs - thumbs[0]).mean(axis=(1, 2, 3)).max() <= STILL and not _is_blank(view):
            yield warning(
                f"{view.name}: its {counted(view.num_frames, 'frame')} are all the same, so that one counts"
                f" {view.num_frames:,} times",
                "keep one frame of it, or replace the clip",
            )


def blank_frames(survey: Survey) -> Iterable[Finding]:
    """Find clips that are black or of one colour, and clips with many such frames."""
    for view in survey.views:
        blank = _blank(view)
        if blank.all():
            yield problem(
                f"{view.name}: shows nothing but {_colour(view)} in all {len(blank)} frames that were looked at",
                "remove the clip, or record it again",
            )
        elif blank.mean() > FEW_BLANK:
            yield note(
                f"{view.name}: {blank.sum()} of the {len(blank)} frames that were looked at are of one colour",
                "cut away fades and title cards",
            )


def short_clips(survey: Survey) -> Iterable[Finding]:
    """Find clips shorter than what some methods need in a row."""
    needed = max(method.clip_length for method in METHODS.values())
    short = [view for view in survey.views if view.split == "train" and view.num_frames < needed]
    if short:
        methods = [name for name, method in METHODS.items() if method.clip_length == needed]
        yield warning(
            f"{counted(len(short), 'clip')} in train with fewer than the {needed} frames in a row that"
            f" {' and '.join(methods)} need: {listed(view.name for view in short)}",
            "put the frames of one scene into one folder, or train another method",
        )


def _blank(view: View) -> np.ndarray:
    return view.thumbs.astype(float).std(axis=(1, 2)).max(axis=1) <= BLANK


def _is_blank(view: View) -> bool:
    return bool(_blank(view).all())


def _colour(view: View) -> str:
    red, green, blue = (round(level) for level in view.thumbs.mean(axis=(0, 1, 2)))
    return "black" if max(red, green, blue) < BLACK else f"one colour ({red}, {green}, {blue})"
