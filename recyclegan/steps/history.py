"""The fakes of earlier steps that discriminators are shown."""

import numpy as np
import torch

from recyclegan.tensors import Frames


class HistoryBuffer:
    """Shows the discriminator fakes of earlier steps half of the time. Source: Shrivastava et al. 2017.

    A buffer of size 0 hands fakes through. What it keeps are copies, which hold no batch alive.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.kept: list[Frames] = []

    def exchange(self, fakes: Frames, rng: np.random.Generator) -> Frames:
        """Return as many frames as came in, each new or, with probability one half, an older one that it replaces."""
        return torch.cat([self._exchange_one(fake, rng) for fake in fakes.split(1)]) if self.size else fakes

    def _exchange_one(self, fake: Frames, rng: np.random.Generator) -> Frames:
        if len(self.kept) < self.size:
            self.kept.append(fake.clone())
            return fake
        if rng.random() < 0.5:
            return fake
        place = int(rng.integers(self.size))
        old, self.kept[place] = self.kept[place], fake.clone()
        return old
