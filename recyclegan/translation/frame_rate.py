"""How fast a translator is on this machine, timed in a moment."""

import time

import numpy as np

from recyclegan.translation.translator import Translator


def frames_per_second(translator: Translator, seconds: float, size: tuple[int, int]) -> float:
    """Return the frames of ``size`` (height, width) that ``translate_images`` makes in a second, one at a time.

    The first is not timed; then as many are as begin within ``seconds``, one at least.
    """
    noise = np.random.default_rng(0).integers(0, 256, (1, *size, translator.card.channels_in), np.uint8)
    translator.translate_images(noise)
    count, start = 0, time.perf_counter()
    while not count or time.perf_counter() - start < seconds:
        translator.translate_images(noise)
        count += 1
    return count / (time.perf_counter() - start)
