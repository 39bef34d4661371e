"""Distillation: from a teacher of any kind to a student that is small, fast and steadier.

For: ``recyclegan distill``. In: a translator, an ONNX file of any model, or frames that any model translated; footage.
Out: a run folder like that of training, whose translator's card says how far it is from its teacher.
"""

from recyclegan.distillation.distilling import (
    Distilled,
    News,
    distill,
    distill_config,
    learn_from,
    open_teacher,
    resume_distilling,
)
from recyclegan.distillation.teachers import Teacher

__all__ = [
    "Distilled",
    "News",
    "Teacher",
    "distill",
    "distill_config",
    "learn_from",
    "open_teacher",
    "resume_distilling",
]
