"""How far a student is from its teacher, and which of the two is steadier, on clips that were held out."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recyclegan.arrays import Image
from recyclegan.checkpoint import add_metrics
from recyclegan.data import find_clips
from recyclegan.evaluation import EvaluationConfig, evaluate
from recyclegan.evaluation.measure_catalogue import MEASURES
from recyclegan.evaluation.results import Results
from recyclegan.files import added_to, kind_of, natural_key
from recyclegan.pace import Progress, counted
from recyclegan.settings.training import TrainConfig
from recyclegan.training.extra_frames import TEACHER
from recyclegan.translation import Translator
from recyclegan.video import read_image, write_image

STUDENT = "student"
MEASURED = "measured"
"""The folder of a run with the report of each: ``RUN/measured/teacher/report.html``."""
COMPARED = ("warping_error", "added_flicker", "feature_frechet", "structure_distance", "sharpness")
"""Measures that are told of both."""


@dataclass(frozen=True)
class Likeness:
    """Numbers of a student and of its teacher."""

    shared: Mapping[str, float]
    """How like the teacher's its frames are, by name: ``psnr`` in decibels, ``class_agreement`` as a share."""
    teacher: Mapping[str, float]
    """What is measured of the teacher alone, by the names of `measure_catalogue`."""
    student: Mapping[str, float]
    split: str
    """Which clips were measured: ``val``, or ``train`` where none are held out."""

    def metrics(self) -> dict[str, float]:
        """Return all finite numbers as a card holds them: the student's by name, the teacher's with a prefix."""
        beside = {f"teacher_{name}": value for name, value in {**self.teacher, **self.shared}.items()}
        return {name: value for name, value in {**self.student, **beside}.items() if math.isfinite(value)}

    def lines(self) -> list[str]:
        """Return what there is to say of both, the warping error last."""
        where = "held-out clips" if self.split == "val" else "the clips that it learned from, as none are held out"
        like = ", ".join(f"{_TITLES[name]} {_FORMS[name].format(value)}" for name, value in self.shared.items())
        before, now = self.teacher["warping_error"], self.student["warping_error"]
        steadier = f"{1 - now / before:.0%} lower" if now < before else f"{now / before - 1:.0%} higher"
        return [
            f"like its teacher: {like} (on {where})",
            *(
                f"{MEASURES[name].title}: teacher {self.teacher[name]:.4g}, student {self.student[name]:.4g}"
                for name in COMPARED[1:]
                if name in self.teacher
            ),
            f"warping error: teacher {before:.4g}, student {now:.4g} ({steadier})",
        ]


_TITLES = {"psnr": "PSNR", "class_agreement": "class agreement"}
_FORMS = {"psnr": "{:.1f} dB", "class_agreement": "{:.1%}"}


def measure_likeness(config: TrainConfig, progress: Progress | None = None) -> Likeness:
    """Translate held-out clips with the student, measure both, and write the numbers into the student's card.

    Raises:
        InputError: clips cannot be read, or reports not be written.
    """
    split = "val" if kind_of(config.data / "val") == "folder" else "train"
    folder = config.data / split
    _translate(config, folder, progress)
    found = {who: _numbers(_evaluated(config, folder, who)) for who in (TEACHER, STUDENT)}
    likeness = Likeness(_shared(folder, config.frames.is_label("b")), found[TEACHER], found[STUDENT], split)
    add_metrics(config.out / "ab.safetensors", likeness.metrics())
    return likeness


def _translate(config: TrainConfig, folder: Path, progress: Progress | None) -> None:
    """Write what the student makes of each clip, as the teacher's frames are written."""
    translator = Translator.from_pretrained(config.out, "ab", config.device)
    clips = find_clips(folder / "A", reading=config.frames.reading)
    step = counted(progress, "student", sum(clip.num_frames for clip in clips))
    for clip in clips:
        size = read_image(frames_of(folder / TEACHER / clip.name)[0]).shape[:2]
        with added_to(folder / STUDENT / clip.name) as made:
            for number, image in enumerate(clip.images(config.frames.is_label("a"))):
                write_image(made / f"{number:06d}.png", translator.translate_images(image[None], size)[0])
                step()


def frames_of(folder: Path) -> list[Path]:
    """Return the frames in a folder, in order."""
    return sorted(folder.iterdir(), key=natural_key)


def _evaluated(config: TrainConfig, folder: Path, who: str) -> Results:
    settings = EvaluationConfig(num_shown=0, processes=1)
    return evaluate(
        folder / who, folder / "A", config.out / MEASURED / who, config.data / "train" / "B", None, settings
    )


def _numbers(results: Results) -> dict[str, float]:
    return {name: results.results[name].translated.value for name in COMPARED if name in results.results}


def _shared(folder: Path, as_labels: bool) -> dict[str, float]:
    """Return how like the teacher's frames the student's are, as a mean over all frames."""
    errors, agreements = [], []
    for teacher, student in _frame_pairs(folder, as_labels):
        errors.append(float(np.square(teacher.astype(np.float64) - student).mean()))
        agreements.append(float((teacher == student).all(axis=2).mean()))
    psnr = 10 * math.log10(255**2 / max(float(np.mean(errors)), 1e-9))
    return {"psnr": psnr, **({"class_agreement": float(np.mean(agreements))} if as_labels else {})}


def _frame_pairs(folder: Path, as_labels: bool) -> Iterator[tuple[Image, Image]]:
    for clip in find_clips(folder / TEACHER):
        pairs = zip(frames_of(folder / TEACHER / clip.name), frames_of(folder / STUDENT / clip.name), strict=True)
        for teacher, student in pairs:
            yield read_image(teacher, as_labels), read_image(student, as_labels)
