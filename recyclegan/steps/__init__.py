"""One training step, its losses and the line that they become in the log.

For: training. In: a batch of both domains in [-1, 1]. Out: networks one step on, and loss terms by name.
"""

from recyclegan.steps.finite import TrainingFailedError
from recyclegan.steps.step import train_step
from recyclegan.steps.train_state import TrainState, learning_rate

__all__ = ["TrainState", "TrainingFailedError", "learning_rate", "train_step"]
