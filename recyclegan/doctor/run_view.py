"""What the checks of a run look at: its configuration, its course, its checkpoints, and a few translations."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from recyclegan.data import Clip, index_data
from recyclegan.data.resize import Resize
from recyclegan.doctor.finding import Finding, from_error, note
from recyclegan.doctor.scan import images_at, spread
from recyclegan.domains import DIRECTIONS, Direction, Domain, source_domain, target_domain
from recyclegan.errors import InputError
from recyclegan.logs import damaged_lines, read_stats, series
from recyclegan.metrics.frame_numbers import Look, Pair, look_of, pair_of
from recyclegan.pace import Show
from recyclegan.pages.charts import LARGEST_DRAWN
from recyclegan.settings.extra_inputs import named_in_words
from recyclegan.settings.methods import METHODS
from recyclegan.settings.training import TrainConfig
from recyclegan.states import checkpoints
from recyclegan.translation import Translator
from recyclegan.verdict import NAMES, Verdict, judge_pairs

Points = list[tuple[float, float]]

NUM_FRAMES = 6
"""Frames that are translated in each direction."""
MEASURES = frozenset({"equivariance", "variety", *NAMES})
"""Names in ``stats.jsonl`` that stand for measures, not for terms of the loss."""


@dataclass(frozen=True)
class Log:
    """The course of a run as it stands in ``stats.jsonl``."""

    entries: list[dict[str, Any]]
    damaged: list[int]
    """The numbers, from 1, of lines that are no entries."""
    unreadable: Finding | None = None
    """What is said of a file that cannot be read."""


def is_sane(value: float) -> bool:
    """Return whether a value is finite, and small enough to be reckoned with."""
    return abs(value) <= LARGEST_DRAWN


@dataclass(frozen=True)
class Translations:
    """Frames of different scenes and their translations, as they were measured."""

    direction: Direction
    pairs: tuple[Pair, ...]
    target: tuple[Look, ...]
    """Frames of the look aimed at, none where its footage is not there."""
    has_labels: bool
    """Whether one of the domains holds label maps, whose brightness means nothing."""

    @cached_property
    def verdict(self) -> Verdict:
        """Return what there is to say of them."""
        return judge_pairs(self.pairs, self.target, self.has_labels)


@dataclass(frozen=True)
class RunView:
    """What was seen of a run folder."""

    run: Path
    config: TrainConfig | None
    """None where it cannot be read."""
    config_findings: tuple[Finding, ...]
    """What is said of a configuration that cannot be read."""
    data: Path | None
    """Footage to translate; None where none was named and the configuration is not there."""
    progress: Show = field(default=lambda *_: None)
    translator_findings: list[Finding] = field(default_factory=list)
    """What is said of translators or footage that cannot be used."""

    @cached_property
    def log(self) -> Log:
        """Return what ``stats.jsonl`` holds."""
        path = self.run / "stats.jsonl"
        try:
            return Log(read_stats(path), damaged_lines(path))
        except InputError as error:
            return Log([], [], from_error(error))

    @cached_property
    def points(self) -> dict[str, Points]:
        """Return the (step, value) points of every number in ``stats.jsonl``."""
        return series(self.log.entries)

    @property
    def steps_done(self) -> int:
        """Return the last step that was logged, 0 where none was."""
        return max((entry["step"] for entry in self.log.entries), default=0)

    def terms(self, direction: Direction) -> dict[str, Points]:
        """Return the course of each loss term of a direction, by its name alone."""
        names = {key: key.removeprefix(f"{direction}/") for key in self.points if key.startswith(f"{direction}/")}
        return {name: self.points[key] for key, name in names.items() if name not in MEASURES}

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Return the directions that the run trains."""
        return METHODS[self.config.method_name].directions if self.config else DIRECTIONS

    @cached_property
    def checkpoints(self) -> tuple[Path, ...]:
        """Return the checkpoint folders, oldest first."""
        return tuple(checkpoints(self.run))

    def clips(self, domain: Domain, split: str) -> tuple[Clip, ...]:
        """Return the clips of the run's footage, none where it is not there."""
        try:
            return index_data(self.data, split, (domain,))[domain] if self.data else ()
        except InputError:
            return ()

    @cached_property
    def translations(self) -> tuple[Translations, ...]:
        """Return a few translations of held-out footage in each direction for which there is a translator."""
        made = []
        for direction in DIRECTIONS:
            if (self.run / f"{direction}.safetensors").is_file():
                try:
                    made += self._translate(direction)
                except InputError as error:
                    self.translator_findings.append(from_error(error))
        return tuple(made)

    def _translate(self, direction: Direction) -> list[Translations]:
        clips = self._held_out(source_domain(direction))
        if not clips:
            return []
        translator = Translator.from_pretrained(self.run, direction)
        card, pairs = translator.card, []
        if card.extras:
            also = named_in_words([*card.extras])
            remedy = f"look at the newest picture in {self.run / 'samples'}"
            self.translator_findings.append(note(f"{direction}: is not looked at, because it reads {also} too", remedy))
            return []
        for done, image in enumerate(_frames_of(clips), start=1):
            self.progress(done, NUM_FRAMES, f"translating {direction}")
            pairs.append(pair_of(image, translator.translate_images(image[None])[0]))
        has_labels = card.labels_in or bool(card.palette)
        target = () if has_labels else _looks(self._held_out(target_domain(direction)), clips[0].size)
        return [Translations(direction, tuple(pairs), target, has_labels)]

    def _held_out(self, domain: Domain) -> tuple[Clip, ...]:
        """Return held-out clips, or those that were trained on where there are none."""
        return self.clips(domain, "val") or self.clips(domain, "train")


def _looks(clips: tuple[Clip, ...], size: tuple[int, int]) -> tuple[Look, ...]:
    """Return frames of the look aimed at, brought to one size."""
    resize = Resize("rectangle", *size)
    return tuple(look_of(resize(image)) for image in _frames_of(clips)) if clips else ()


def _frames_of(clips: tuple[Clip, ...]) -> list[np.ndarray]:
    """Return frames spread over the clips, and over each clip."""
    chosen = [clips[number] for number in spread(len(clips), NUM_FRAMES)]
    each = -(-NUM_FRAMES // len(chosen))
    return [image for clip in chosen for _, image in images_at(clip, spread(clip.num_frames, each), [])][:NUM_FRAMES]
