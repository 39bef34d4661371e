"""The lines of ``stats.jsonl``: mean losses and measures, the same whether a run was stopped on its way or not."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recyclegan.distributed.fabric import Fabric
from recyclegan.distributed.processes import mean_over_processes
from recyclegan.logs import StatsLog, read_stats
from recyclegan.settings.training import TrainConfig


class RunLog:
    """Gathers losses, and writes their means every ``log_every`` steps and measures every ``sample_every``.

    Both are also written where a run ends. When it goes on, what only the end had brought is dropped again.
    """

    def __init__(self, config: TrainConfig, fabric: Fabric) -> None:
        self._config, self._fabric = config, fabric
        self._sums: dict[str, float] = defaultdict(float)
        self._num_steps = 0
        self._due: dict[str, Any] = {}
        self._last: dict[str, Any] = {}
        self._file: StatsLog | None = None

    def open(self, path: Path, first: int) -> None:
        """Write to ``path`` from now on, in a run that goes on after ``first`` steps."""
        self._file = StatsLog(path, first)
        self._append(self._due)

    def add(self, losses: Mapping[str, float]) -> None:
        """Take the losses of one step."""
        self._num_steps += 1
        for name, value in losses.items():
            self._sums[name] += value

    def means(self, done: int, rate: float, last: bool) -> dict[str, float]:
        """Return what of losses is to be written after ``done`` steps: their means over steps and processes.

        Where several processes train, all of them must call it.
        """
        if not (last or self._logs(done)):
            return {}
        means = {name: value / self._num_steps for name, value in self._sums.items()}
        return {**mean_over_processes(self._fabric, means), "lr": rate}

    def write(self, done: int, losses: Mapping[str, float], measures: Mapping[str, float]) -> None:
        """Write what there is after ``done`` steps: what ``means`` returned, and measures where some were taken."""
        logs, samples = self._logs(done), done % self._config.sample_every == 0
        due = {**(losses if logs else {}), **(measures if samples else {})}
        self._due = {"step": done, **due} if due else {}
        if losses or measures:
            self._last = {"step": done, **losses, **measures}
            self._append(self._last)
        if logs:
            self._sums.clear()
            self._num_steps = 0

    def renew(self, path: Path) -> bool:
        """Write the last line again where ``path`` has lost it; return whether it had."""
        if not self._last or self._last in read_stats(path):
            return False
        StatsLog(path, self._last["step"]).write(self._last)
        return True

    def _logs(self, done: int) -> bool:
        return done % self._config.log_every == 0

    def _append(self, entry: Mapping[str, Any]) -> None:
        if self._file and entry:
            self._file.write(entry)

    def state_dict(self) -> dict[str, Any]:
        """Return what the next line depends on, the last one, and what of it stays when the run goes on."""
        return {"sums": dict(self._sums), "num_steps": self._num_steps, "due": self._due, "last": self._last}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from what ``state_dict`` returned."""
        self._sums = defaultdict(float, state["sums"])
        self._num_steps, self._due, self._last = state["num_steps"], state["due"], state.get("last", {})
