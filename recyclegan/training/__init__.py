"""Training: configuration, footage, one step, and the loop around it."""

from recyclegan.settings.frames import DataConfig
from recyclegan.settings.training import TrainConfig, config_from_dict, config_to_dict
from recyclegan.training.finite import TrainingFailedError
from recyclegan.training.loop import Outcome, first_method, train
from recyclegan.training.run_folder import read_config
from recyclegan.training.step import TrainState, learning_rate, train_step
from recyclegan.training.timing import step_seconds

__all__ = [
    "DataConfig",
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
