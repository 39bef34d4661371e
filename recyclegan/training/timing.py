"""How long a training step takes on this machine."""

import statistics
import time
from dataclasses import replace

import torch

from recyclegan.settings.training import TrainConfig
from recyclegan.training.loop import prepare
from recyclegan.training.step import train_step

NUM_TIMED = 3


def step_seconds(config: TrainConfig) -> float:
    """Return the median seconds of three training steps after a first one; nothing is written.

    Raises:
        InputError: the data or the devices do not allow it.
    """
    state, footage = prepare(replace(config, steps=NUM_TIMED + 1), None)
    device = state.fabric.device
    seconds = []
    for step in range(state.num_steps):
        start = time.perf_counter()
        train_step(state, footage.batch(step), step)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])
