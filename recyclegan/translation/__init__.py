"""Translate frames, videos and folders with a trained generator; no flags are needed, because it describes itself."""

from recyclegan.translation.outputs import Existing, Output
from recyclegan.translation.translator import Precision, Progress, Translator, pick_device

__all__ = ["Existing", "Output", "Precision", "Progress", "Translator", "pick_device"]
