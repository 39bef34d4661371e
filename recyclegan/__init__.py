"""Unpaired video-to-video translation that stays steady.

What is offered here is imported when it is first asked for, so that ``import recyclegan`` takes no time.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from recyclegan.version import __version__

if TYPE_CHECKING:
    from recyclegan.data.prepare import prepare_roadworld as prepare_roadworld
    from recyclegan.data.prepare import prepare_videos as prepare_videos
    from recyclegan.distillation import distill as distill
    from recyclegan.doctor import examine_data as examine_data
    from recyclegan.doctor import examine_run as examine_run
    from recyclegan.errors import InputError as InputError
    from recyclegan.evaluation import evaluate as evaluate
    from recyclegan.evaluation.comparison import compare_methods as compare_methods
    from recyclegan.exports import export as export
    from recyclegan.settings.evaluation import ComparisonConfig as ComparisonConfig
    from recyclegan.settings.evaluation import EvaluationConfig as EvaluationConfig
    from recyclegan.settings.frames import DataConfig as DataConfig
    from recyclegan.settings.motion import FlowSynthesis as FlowSynthesis
    from recyclegan.settings.networks import NetworkConfig as NetworkConfig
    from recyclegan.settings.presets import PRESETS as PRESETS
    from recyclegan.settings.training import TrainConfig as TrainConfig
    from recyclegan.training import train as train
    from recyclegan.translation import Output as Output
    from recyclegan.translation import Translator as Translator
    from recyclegan.video import read_image as read_image
    from recyclegan.video import read_video as read_video
    from recyclegan.video import write_image as write_image
    from recyclegan.video import write_video as write_video

_PLACES = {
    "ComparisonConfig": "settings.evaluation",
    "DataConfig": "settings.frames",
    "EvaluationConfig": "settings.evaluation",
    "FlowSynthesis": "settings.motion",
    "InputError": "errors",
    "NetworkConfig": "settings.networks",
    "Output": "translation",
    "PRESETS": "settings.presets",
    "TrainConfig": "settings.training",
    "Translator": "translation",
    "compare_methods": "evaluation.comparison",
    "distill": "distillation",
    "evaluate": "evaluation",
    "examine_data": "doctor",
    "examine_run": "doctor",
    "export": "exports",
    "prepare_roadworld": "data.prepare",
    "prepare_videos": "data.prepare",
    "read_image": "video",
    "read_video": "video",
    "train": "training",
    "write_image": "video",
    "write_video": "video",
}
"""The module that each name is imported from."""

__all__ = ["__version__", *_PLACES]


def __getattr__(name: str) -> Any:
    """Import what is offered when it is first asked for, so that floors below stay light to import."""
    if name not in _PLACES:
        raise AttributeError(f"module 'recyclegan' has no attribute {name!r}")
    return getattr(import_module(f"recyclegan.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    """Return the names that are offered, also those that are not imported yet."""
    return sorted({*globals(), *__all__})
