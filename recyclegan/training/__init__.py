"""Training: footage, the loop around steps, and what a run leaves.

For: ``recyclegan train``. In: a `TrainConfig`. Out: a run folder: configuration, log, samples, checkpoints, two
translators and a page; the `Outcome` says how it ended.
"""

from recyclegan.settings.frames import DataConfig
from recyclegan.settings.training import TrainConfig, config_from_dict, config_to_dict
from recyclegan.training.loop import Outcome, first_method, train

__all__ = ["DataConfig", "Outcome", "TrainConfig", "config_from_dict", "config_to_dict", "first_method", "train"]
