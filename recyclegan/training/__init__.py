"""Training: footage, one step, and the loop around it.

For: ``recyclegan train``. In: a `TrainConfig`. Out: a run folder: configuration, log, samples, checkpoints, two
translators and a page; the `Outcome` says how it ended.
"""

from recyclegan.settings.frames import DataConfig
from recyclegan.settings.training import TrainConfig, config_from_dict, config_to_dict
from recyclegan.training.fabric import Fabric
from recyclegan.training.finite import TrainingFailedError
from recyclegan.training.loop import Outcome, first_method, train
from recyclegan.training.minutes import step_seconds
from recyclegan.training.run_folder import read_config
from recyclegan.training.step import TrainState, learning_rate, train_step

__all__ = [
    "DataConfig",
    "Fabric",
    "Outcome",
    "TrainConfig",
    "TrainState",
    "TrainingFailedError",
    "config_from_dict",
    "config_to_dict",
    "first_method",
    "learning_rate",
    "read_config",
    "step_seconds",
    "train",
    "train_step",
]
