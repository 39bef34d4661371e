"""What a comparison will do, in a line, before it begins."""

from collections.abc import Sequence

from recyclegan.comparison.entry import Entry
from recyclegan.data.index import find_clips
from recyclegan.domains import Direction, source_domain
from recyclegan.evaluation.stretches import frames_in, runs_of
from recyclegan.settings.comparison import ComparisonConfig


def plan_of(entries: Sequence[Entry], config: ComparisonConfig) -> str:
    """Return how many runs there are, how long each is trained, and on how many frames each is measured.

    Raises:
        InputError: held-out footage cannot be read.
    """
    contenders = len({entry.contender for entry in entries})
    done = sum(entry.is_done for entry in entries)
    budget = f"{config.minutes:g} minutes" if config.minutes is not None else f"{config.steps} steps"
    ways = dict.fromkeys(way for entry in entries for way in entry.ways)
    frames = "; ".join(_frames(entries[0], way, config) for way in ways)
    finished = f", {done} of them finished" if done else ""
    return (
        f"{contenders} contenders x {config.seeds} seeds = {len(entries)} runs{finished}, {budget} each;"
        f" then each is translated and measured: {frames}"
    )


def _frames(entry: Entry, way: Direction, config: ComparisonConfig) -> str:
    evaluation = config.evaluation
    counts = [
        clip.num_frames for clip in find_clips(entry.footage("val", source_domain(way)), reading=evaluation.reading)
    ]
    measured = sum(len(frames_in(runs_of(count, evaluation.most_frames))) for count in counts)
    told = f"all {measured}" if measured == sum(counts) else f"{measured} of {sum(counts)}"
    return f"{way} on {told} frames of {len(counts)} clips"
