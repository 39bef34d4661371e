"""The one place that knows the scale of training: how whole frames come to it, and the window that is cut from them."""

from dataclasses import dataclass

from recyclegan.data.resize import WHOLE_FRAME, Crop, Resize
from recyclegan.settings.frames import DataConfig, ResizeMode

MARGIN = 286 / 256
"""Side of the frames over the side of the window that is cut from them, where no load size is given."""


@dataclass(frozen=True)
class Scale:
    """The scale that a network is trained at: frames are resized to the load size, and SIZE is cut from them.

    Whoever shows the network whole frames (samples, measures, translators) resizes them by ``whole`` and cuts nothing,
    so that things are as large in them as they were in training.
    """

    size: tuple[int, int]
    """Height and width of a window."""
    load_size: tuple[int, int] | None = None
    """Height and width that frames are resized to; None: SIZE where nothing is cut, else SIZE times ``MARGIN``."""
    resize: ResizeMode = "scale_shortest"
    cuts: bool = True
    """Whether windows are cut, or whole frames trained on; these are resized to SIZE itself."""

    @property
    def loaded(self) -> tuple[int, int]:
        """Return the height and width that frames are resized to."""
        if not self.cuts:
            return self.size
        height, width = self.size
        return self.load_size or (round(height * MARGIN), round(width * MARGIN))

    @property
    def whole(self) -> Resize:
        """Return how a whole frame is brought to the scale of training."""
        return Resize(self.resize, *self.loaded)

    @property
    def window(self) -> Crop:
        """Return the window that training cuts from such a frame."""
        return Crop("rectangle", *self.size) if self.cuts else WHOLE_FRAME


def scale_of(frames: DataConfig) -> Scale:
    """Return the scale that networks are trained at, and shown whole frames at ever after."""
    return Scale(frames.size, frames.load_size, frames.resize, cuts=frames.crop != "none")
