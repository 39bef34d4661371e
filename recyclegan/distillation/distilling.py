"""``distill``: a teacher is opened, its frames are made, a student learns from them, and both are measured."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from recyclegan.checkpoint import CARD_KEY
from recyclegan.distillation.budget import widest_within
from recyclegan.distillation.foreign_networks import ForeignTeacher
from recyclegan.distillation.likeness import Likeness, measure_likeness
from recyclegan.distillation.teacher_pairs import PAIRS, make_pairs, source_clips, target_clips
from recyclegan.distillation.teachers import FootageTeacher, Teacher, TranslatorTeacher
from recyclegan.domains import DIRECTIONS, Direction
from recyclegan.engines.exported import open_session
from recyclegan.engines.onnx_reading import is_exported
from recyclegan.errors import InputError
from recyclegan.files import kind_of, read_json, write_json
from recyclegan.pace import Progress
from recyclegan.paths import AnyPath, as_path, as_path_or_none
from recyclegan.runs.run_folder import check_run_folder, holds_run, only_training, read_config, unmade_on_failure
from recyclegan.settings.distillation import TRAINING, Budget, LevelsChoice, StudentName, student_networks
from recyclegan.settings.frames import Reading
from recyclegan.settings.methods import DistillConfig
from recyclegan.settings.training import TrainConfig
from recyclegan.training import Outcome, train

RECORD = "distill.json"


@dataclass(frozen=True)
class News:
    """Who is told of how far it is: of steps, of other work, of notes, and of time spent waiting for data."""

    report: Callable[[int, int, dict[str, float]], None] | None = None
    progress: Progress | None = None
    notify: Callable[[str], None] | None = None
    waited: Callable[[float], None] | None = None


@dataclass(frozen=True)
class Distilled:
    """How distillation ended."""

    outcome: Outcome
    """How training ended."""
    likeness: Likeness | None = field(default=None)
    """The student beside its teacher; None where training was ended before its last step."""


def distill_config(
    teacher: Teacher, data: AnyPath, out: AnyPath, student: StudentName = "light-unet", **changes: Any
) -> TrainConfig:
    """Return how a student of a teacher is trained: at its scale, and by default as ``TRAINING`` says.

    ``changes`` are further fields of the configuration.

    Raises:
        InputError: there are no clips, or a field is none.
    """
    clips = source_clips(as_path(data), teacher, Reading())
    frames = teacher.frames(clips["train"][0])
    return TrainConfig(
        **{"data": data, "out": out, "networks": student_networks(student), "frames": frames, **TRAINING, **changes}
    )


def distill(
    teacher: AnyPath | Teacher,
    data: AnyPath,
    out: AnyPath,
    student: StudentName = "light-unet",
    target: AnyPath | None = None,
    direction: Direction | None = None,
    budget: str | None = None,
    news: News = News(),
    **options: Any,
) -> Distilled:
    """Make a small, fast and steady student of any model, as ``recyclegan distill`` does.

    Args:
        teacher: a run folder, translator or ONNX file of any image-to-image model; or footage that one made of
            ``data``, under the same names.
        data: a folder of videos or frames, or one with train/A.
        out: the run folder to write.
        student: the architecture.
        target: footage of the look aimed at; by default B of ``data``, if it has one.
        direction: which way, where the teacher is a run; by default ab.
        budget: frames a second from file to file, as "25fps@256x128": the widest student that keeps up here.
        news: who is told how far it is.
        options: further fields of `TrainConfig`, such as ``steps=2000``.

    Raises:
        InputError: as `learn_from`, or the budget cannot be kept.

    Example:
        >>> distill("runs/day2night", "data", "runs/student", steps=1).outcome.steps
        1
    """
    device = options.get("device", "auto")
    opened = teacher if isinstance(teacher, Teacher) else open_teacher(teacher, direction, device)
    if budget:
        timed = widest_within(Budget.read(budget), student, device, news.progress)
        options = {"networks": student_networks(student, timed.width), **options}
    return learn_from(opened, distill_config(opened, data, out, student, **options), target, news)


def learn_from(teacher: Teacher, config: TrainConfig, target: AnyPath | None = None, news: News = News()) -> Distilled:
    """Train a student on ``config.data`` into the run folder ``config.out``, and measure it beside its teacher.

    What the teacher makes of the clips is written to ``OUT/pairs`` first. Where there is footage of the look aimed at
    (``target``, or B of the data folder), an adversary judges the student as well. Signals end it as they end training;
    ``resume_distilling`` goes on.

    Raises:
        InputError: as `recyclegan.training.train`, or the teacher cannot translate the clips.
    """
    target = as_path_or_none(target)
    with unmade_on_failure(config.out), only_training(config.out):
        check_run_folder(config, resume=False)
        sources = source_clips(config.data, teacher, config.frames.reading)
        targets = target_clips(config.data, target, teacher, config.frames.reading)
        _keep_record(config.out, teacher, config, target)
        make_pairs(config.out / PAIRS, teacher, sources, targets, config.frames, news.progress)
        return _trained(for_pairs(config, bool(targets)), False, news)


def resume_distilling(out: AnyPath, news: News = News(), **changes: Any) -> Distilled:
    """Go on with a run that ``distill`` began, with the same bits as if it had never stopped, and without its teacher.

    ``changes`` are fields that may differ from those that it was started with, such as more ``steps``.

    Raises:
        InputError: the folder holds no such run, or as `recyclegan.training.train`.
    """
    out = as_path(out)
    if kind_of(out / RECORD) == "nothing":
        raise InputError(f"{out}: holds no run of distill; begin one with recyclegan distill TEACHER --data DIR")
    if not holds_run(out):
        raise InputError(f"{out}: its teacher's frames are not all made; give the first command again without --resume")
    return _trained(replace(read_config(out), out=out, data=out / PAIRS, **changes), True, news)


def _trained(config: TrainConfig, resume: bool, news: News) -> Distilled:
    outcome = train(config, resume, False, news.report, news.progress, news.notify, news.waited)
    if outcome.steps < outcome.num_steps or not outcome.is_first_process:
        return Distilled(outcome)
    return Distilled(outcome, measure_likeness(config, news.progress))


def for_pairs(config: TrainConfig, has_target: bool) -> TrainConfig:
    """Return the configuration of training on ``OUT/pairs``: with an adversary, or, without target, hardly any."""
    method, networks = config.method, config.networks
    assert isinstance(method, DistillConfig)
    if not has_target:
        method = replace(method, adversarial=0.0)
    if not method.adversarial:
        networks = replace(networks, discriminator="pixel", discriminator_width=1)
    return replace(config, data=config.out / PAIRS, method=method, networks=networks)


def _keep_record(out: Path, teacher: Teacher, config: TrainConfig, target: Path | None) -> None:
    """Keep what the pairs of a run are made of.

    Raises:
        InputError: the folder holds those of something else, which were not finished.
    """
    values = {"teacher": teacher.name, "data": config.data, "target": target, "size": config.frames.size}
    record = json.loads(json.dumps(values, default=str))
    if kind_of(out / RECORD) == "nothing":
        write_json(out / RECORD, record)
    elif (found := read_json(out / RECORD)) != record:
        changed = next(name for name in record if not isinstance(found, dict) or found.get(name) != record[name])
        raise InputError(f"{out}: was begun with another {changed}; found {record[changed]}; name another --out")


def open_teacher(
    place: AnyPath, direction: Direction | None = None, device: str = "auto", levels: LevelsChoice = "auto"
) -> Teacher:
    """Return the teacher that a place is.

    A run folder, a translator (.safetensors or exported .onnx), ``hf://owner/name``; an ONNX file of others, whose
    ``levels`` are those that it reads; or a folder of videos or frames that any model made.

    Raises:
        InputError: it is none of them, or cannot be read.
    """
    path = Path(place)
    if is_exported(path) and kind_of(path) == "file":
        return _of_onnx(path, direction, levels)
    is_folder = kind_of(path) == "folder"
    if is_folder and not any((path / f"{way}.safetensors").exists() for way in DIRECTIONS):
        return FootageTeacher(path)
    return TranslatorTeacher(place, direction, device)


def _of_onnx(path: Path, direction: Direction | None, levels: LevelsChoice) -> Teacher:
    session = open_session(path)
    if CARD_KEY in session.get_modelmeta().custom_metadata_map:
        return TranslatorTeacher(path, direction, "cpu")
    return ForeignTeacher(path, session, levels)
