"""Whether there is enough to train on and to validate with."""

from collections.abc import Iterable

from recyclegan.doctor.finding import Finding, counted, note, problem, warning
from recyclegan.doctor.survey import Survey
from recyclegan.domains import DOMAINS

FEW_FRAMES = 400
"""The smallest domain of the CycleGAN paper, facades, has 400 images."""
FEW_CLIPS = 3
UNEQUAL = 10
"""Times as many frames in one domain as in the other."""


def missing_folders(survey: Survey) -> Iterable[Finding]:
    """Find domains whose folder is missing or empty."""
    return survey.absent


def nothing_held_out(survey: Survey) -> Iterable[Finding]:
    """Find a data folder without held-out clips; where there is but one clip of each look, none could be."""
    if not survey.views or (survey.root / "val").is_dir():
        return
    if all(len(views) == 1 for views in survey.domains.values()):
        yield note(
            f"{survey.root / 'val'}: is missing, and each domain has one clip, so samples show what was trained on",
            "let recyclegan prepare videos make the folder, which holds back the end of an only clip; or add clips",
        )
    else:
        yield warning(
            f"{survey.root / 'val'}: is missing, so samples and scores would show clips that were trained on",
            "move whole clips to val/A and val/B, or let recyclegan prepare videos hold some out",
        )


def few_frames(survey: Survey) -> Iterable[Finding]:
    """Find domains so small that the discriminator learns them by heart."""
    for domain, views in survey.domains.items():
        frames = sum(view.num_frames for view in views)
        held = f"train/{domain.upper()}: holds {counted(frames, 'frame')} in {counted(len(views), 'clip')}"
        if frames < FEW_FRAMES:
            yield warning(
                f"{held}, fewer than {FEW_FRAMES} frames, so the discriminator will learn them by heart",
                "add clips, train for fewer steps, and stop when the samples get worse",
            )
        elif len(views) < FEW_CLIPS:
            yield warning(
                f"{held}, so that it shows {counted(len(views), 'scene')}, however many frames that is",
                "add clips of other places and times; a few frames of many scenes teach more than many of one",
            )


def unequal_domains(survey: Survey) -> Iterable[Finding]:
    """Find domains of very different size."""
    if len(survey.domains) < 2:
        return
    frames = {domain: sum(view.num_frames for view in views) for domain, views in survey.domains.items()}
    larger, smaller = sorted(frames, key=lambda domain: -frames[domain])
    times = frames[larger] / max(1, frames[smaller])
    if times >= UNEQUAL:
        yield note(
            f"train/{larger.upper()} holds {times:.0f} times as many frames as train/{smaller.upper()}"
            f" ({frames[larger]:,} and {frames[smaller]:,})",
            f"an epoch passes over the larger one, so count in --steps; clips of {smaller.upper()} would help most",
        )


def no_readable_clip(survey: Survey) -> Iterable[Finding]:
    """Find domains whose clips are all damaged."""
    said = {finding.what.split(":")[0] for finding in survey.absent}
    for domain in DOMAINS:
        folder = survey.root / "train" / domain.upper()
        if folder.is_dir() and str(folder) not in said and not survey.of("train", domain):
            yield problem(f"{folder}: none of its clips can be read", "replace them; the files are named below")
