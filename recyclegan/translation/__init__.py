"""Translate frames, videos and folders with a trained generator; no flags are needed, because it describes itself."""

from recyclegan.translation.devices import pick_device
from recyclegan.translation.outputs import Existing, Output
from recyclegan.translation.translator import Precision, Progress, Translator

__all__ = ["Existing", "Output", "Precision", "Progress", "Translator", "pick_device"]
