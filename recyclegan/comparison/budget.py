"""Equal minutes: how many steps each contender takes in the time that all are given."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from recyclegan.files import whole_file
from recyclegan.training import TrainConfig, step_seconds

ROUNDS = 3
"""How often each contender is timed, in turn, so that what else the machine does falls on all of them."""


def equal_minutes(
    contenders: Mapping[str, TrainConfig],
    minutes: float,
    record: Path,
    show: Callable[[int, int | None, str], None],
    measure: Callable[[TrainConfig], float] = step_seconds,
) -> dict[str, int]:
    """Return the training steps of each contender that take ``minutes`` on this machine.

    The fastest of three timings counts. They are kept in ``record``, and a contender found there is not timed again, so
    that a comparison that goes on keeps its budget.
    """
    seconds: dict[str, float] = json.loads(record.read_text()) if record.is_file() else {}
    new = [name for name in contenders if name not in seconds]
    timed: dict[str, list[float]] = {name: [] for name in new}
    for done in range(ROUNDS * len(new)):
        show(done, ROUNDS * len(new), "timing")
        name = new[done % len(new)]
        timed[name].append(measure(contenders[name]))
    seconds |= {name: min(values) for name, values in timed.items()}
    with whole_file(record) as scratch:
        scratch.write_text(json.dumps(seconds, indent=1) + "\n")
    return {name: max(1, round(minutes * 60 / seconds[name])) for name in contenders}
