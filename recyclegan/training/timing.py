"""How long a training step takes on this machine."""

import statistics
import time

import torch

from recyclegan.methods import METHODS
from recyclegan.training.config import TrainConfig
from recyclegan.training.footage import load_footage
from recyclegan.training.loop import make_fabric
from recyclegan.training.step import TrainState, train_step

NUM_TIMED = 3


def step_seconds(config: TrainConfig) -> float:
    """Return the median seconds of three training steps after a first one; nothing is written.

    Raises:
        InputError: the data or the devices do not allow it.
    """
    fabric = make_fabric(config)
    torch.manual_seed(config.seed)
    method_class = METHODS[config.method_name]
    method = method_class(config.method, config.networks, config.frames.channels)
    footage = load_footage(config, method_class.clip_length, fabric, None)
    state = TrainState(method, config, fabric, NUM_TIMED + 1)
    seconds = []
    for step in range(NUM_TIMED + 1):
        start = time.perf_counter()
        train_step(state, footage.batch(step), step)
        if fabric.device.type == "cuda":
            torch.cuda.synchronize(fabric.device)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])
