"""Single frames through a translator, at a size that is chosen once."""

import math
from typing import TYPE_CHECKING

import numpy as np

from recyclegan.arrays import Image
from recyclegan.data.resize import Resize
from recyclegan.engines.devices import seconds_of
from recyclegan.live.keeping_up import KeepingUp, Pace, Size, size_that_keeps_up, smaller_size
from recyclegan.settings.streaming import LiveScale
from recyclegan.translation.mixing import mixed
from recyclegan.translation.passage import Passage

if TYPE_CHECKING:
    from recyclegan.translation import Translator

_WORTH = 450.0
"""Seconds of work that setting up an engine must be worth: that of ONNX Runtime is, compiling is not."""
_LOOKS = 3


class FrameTranslator:
    """Translates frame after frame at a (height, width), each coming back as large as it was."""

    def __init__(self, translator: "Translator", size: Size) -> None:
        self.translator, self.size = translator, size
        self._passage = Passage(translator.card, Resize("rectangle", *size), translator.computing)

    def __call__(self, image: Image, strength: float = 1.0) -> Image:
        """Return a frame translated, in RGB, with so much of the translation; the rest is the source.

        Raises:
            InputError: it cannot be translated.
        """
        if strength == 0:
            return image
        made = self._passage.begin(image[None], image.shape[:2]).images()[0]
        translated = np.repeat(made, 3, axis=2) if made.shape[2] == 1 else made
        return mixed(image, translated, strength, self.translator.card.labels_in)

    def seconds(self, image: Image) -> float:
        """Return how long a frame takes, once all is warm."""
        return seconds_of(lambda: self(image), self.translator.device, _LOOKS)


def fitting(translator: "Translator", image: Image, rate: float, scale: LiveScale) -> tuple[FrameTranslator, str]:
    """Return what translates frames such as ``image``, ``rate`` of them a second, and what was chosen, in words.

    The engine is chosen by timing where it is "auto", the size where ``scale`` is.

    Raises:
        InputError: such frames cannot be translated.
    """
    whole = FrameTranslator(translator, _whole(translator, image, scale))
    pace = whole.seconds(image)
    translator.passage.settle(image, math.ceil(_WORTH / pace))
    if scale == "auto":
        found = size_that_keeps_up(whole.size, lambda size: FrameTranslator(translator, size).seconds(image), rate)
    else:
        found = KeepingUp.at(whole.size, whole.seconds(image), rate)
    words = [found.words(whole.size, rate), *translator.computing.account.choices]
    return FrameTranslator(translator, found.size), "; ".join(words)


def hastened(frames: FrameTranslator, image: Image, pace: Pace) -> FrameTranslator | None:
    """Return what translates frames such as ``image`` at a smaller size, faster; None where there is no smaller one."""
    size = smaller_size(_whole(frames.translator, image, "auto"), frames.size, pace)
    return FrameTranslator(frames.translator, size) if size else None


def _whole(translator: "Translator", image: Image, scale: LiveScale) -> Size:
    height, width = image.shape[:2]
    return (height, width) if scale == "native" else translator.card.scale.whole.size(height, width)
