"""Work on clips in several processes: the same numbers, to the bit, whatever their number.

Every process computes with one thread: sums do not depend on how many share them, nothing waits for threads that other
work keeps from running, and as many processes as there are cores keep all of them busy.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import TypeVar

import torch

from recyclegan.errors import InputError
from recyclegan.evaluation.class_scores import Semantics, label_set, read_semantics
from recyclegan.evaluation.clip_measures import ClipMeasures, FlowSource, PartMeasures, measure_part
from recyclegan.evaluation.examples import Example, example_of
from recyclegan.evaluation.frame_spans import Part, frames_in, in_parts
from recyclegan.evaluation.memory import Memory
from recyclegan.evaluation.paired_clips import PairedClip
from recyclegan.evaluation.segmenters import load_segmenter
from recyclegan.metrics.flow_estimation import FlowKind, flow_estimator
from recyclegan.metrics.perceptual import load_distance
from recyclegan.settings.evaluation import EvaluationConfig

Task = TypeVar("Task")
Found = TypeVar("Found")

PIXELS_A_PROCESS = 6_000_000
"""Pixels of measured frames that are worth another process: starting one takes about as long as measuring them."""
MOST_PROCESSES = 16
PARTS_A_PROCESS = 4
"""Parts that the work of each process is cut into, so that none waits long for the others."""


@dataclass(frozen=True)
class Setup:
    """How clips are looked at, in a form that travels to other processes."""

    config: EvaluationConfig
    source: FlowKind
    exact_mask: str
    memory: Memory

    def flow_source(self) -> FlowSource:
        """Return what compares neighbouring frames.

        Raises:
            InputError: something that it needs is not installed, or a file holds no network.
        """
        config, estimate = self.config, None
        estimator = "dis" if self.source == "exact" else self.source
        if self.source != "exact" or find_spec("cv2"):
            estimate = flow_estimator(estimator, config.raft_weights)
        distance = load_distance(config.perceptual) if config.perceptual else None
        name = f"{estimator} {config.raft_weights or ''}"
        return FlowSource(self.source, estimate, distance, self.exact_mask, name, self.memory)


@dataclass(frozen=True)
class WorkerState:
    """What a process works on."""

    clips: Sequence[PairedClip]
    flow_source: FlowSource
    semantics: Semantics | None
    config: EvaluationConfig
    step: Callable[[], None] = lambda: None
    """Called after each frame, where the work is done in the calling process."""


Work = Callable[[WorkerState, Task], Found]


def measured(state: WorkerState, task: tuple[int, Part]) -> PartMeasures:
    """Return what is measured of a part of a clip, given by its number."""
    number, part = task
    return measure_part(state.clips[number], part, state.flow_source, state.semantics, state.step)


def shown(state: WorkerState, task: tuple[int, ClipMeasures]) -> Example:
    """Return what is shown of a clip, given by its number."""
    number, measures = task
    return example_of(
        state.clips[number], measures, state.flow_source, state.config.film_frames, state.config.num_worst
    )


class Workers:
    """One process or several that work on the clips of an evaluation."""

    def __init__(self, state: WorkerState, pool: ProcessPoolExecutor | None = None, processes: int = 1) -> None:
        self._state, self._pool, self._processes = state, pool, processes

    def tasks(self) -> list[tuple[int, Part]]:
        """Return the parts that are measured, in order, each with the number of its clip."""
        count = PARTS_A_PROCESS * self._processes if self._pool else 1
        clips, most = self._state.clips, self._state.config.most_frames
        per_clip = -(-count // len(clips)) if self._pool else 1
        return [(i, part) for i, clip in enumerate(clips) for part in in_parts(clip.runs(most), per_clip)]

    def measure(self, step: Callable[[], None]) -> Iterator[tuple[int, PartMeasures]]:
        """Yield the number of a clip and what was measured of a part of it, in order, calling ``step`` for each frame.

        Raises:
            InputError: a file cannot be read.
        """
        tasks = self.tasks()
        for (number, part), found in zip(tasks, self.each(measured, tasks, step), strict=True):
            if self._pool:
                for _ in part.frames:
                    step()
            yield number, found

    def each(
        self, work: Work[Task, Found], tasks: Sequence[Task], step: Callable[[], None] = lambda: None
    ) -> Iterator[Found]:
        """Yield what work on each task finds, in order."""
        if self._pool is None:
            state = replace(self._state, step=step)
            return (work(state, task) for task in tasks)
        futures = [self._pool.submit(_at_work, work, task) for task in tasks]
        return (future.result() for future in futures)


def worth(config: EvaluationConfig, clips: Sequence[PairedClip]) -> int:
    """Return how many processes the work on clips is worth, of those that are allowed."""
    pixels = sum(len(frames_in(clip.runs(config.most_frames))) * clip.size[0] * clip.size[1] for clip in clips)
    return max(1, min(config.processes or 1, MOST_PROCESSES, pixels // PIXELS_A_PROCESS))


def on_all_cores(config: EvaluationConfig) -> EvaluationConfig:
    """Return settings with as many processes as torch takes threads, where their number is left open."""
    return config if config.processes else replace(config, processes=torch.get_num_threads())


@contextmanager
def worker_processes(state: WorkerState, setup: Setup, processes: int) -> Iterator[Workers]:
    """Give a crew of so many processes; with one, this process does the work.

    What tells classes must be read from files or from label maps, where there are several.
    """
    if processes == 1:
        yield Workers(state)
        return
    semantics = state.semantics if state.config.segmenter is None else None
    start = (list(state.clips), setup, semantics)
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _take_state, start) as pool:
        try:
            yield Workers(state, pool, processes)
        except BrokenProcessPool as error:
            raise InputError("measuring: a process died; memory may have run out, so try fewer --processes") from error
        except BaseException:
            for child in multiprocessing.active_children():
                if child not in others:
                    child.terminate()
            raise


_states: list[WorkerState] = []
"""What this process works on, where it is one of a crew."""


def _take_state(clips: list[PairedClip], setup: Setup, semantics: Semantics | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the calling process ends the crew
    _set_threads(1, 1)
    config = setup.config
    if config.labels and config.segmenter:
        labels = label_set(config.labels)
        segmenter = load_segmenter(config.segmenter, labels, clips[0].size, config.segmenter_input)
        semantics = read_semantics(clips, labels, segmenter)
    _states[:] = [WorkerState(clips, setup.flow_source(), semantics, config)]


def _at_work(work: Work[Task, Found], task: Task) -> Found:
    return work(_states[0], task)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread meanwhile, in torch and in OpenCV, whose flow depends on their number."""
    before = torch.get_num_threads(), _opencv_threads()
    _set_threads(1, 1)
    try:
        yield
    finally:
        _set_threads(*before)


def _opencv_threads() -> int:
    with suppress(ImportError):
        return int(import_module("cv2").getNumThreads())
    return 1


def _set_threads(torch_threads: int, opencv_threads: int) -> None:
    torch.set_num_threads(torch_threads)
    with suppress(ImportError):
        import_module("cv2").setNumThreads(opencv_threads)
