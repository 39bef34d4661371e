"""Translate frames, videos and folders with a trained generator; no flags are needed, because it describes itself."""

from recyclegan.translation.devices import pick_device
from recyclegan.translation.inputs import find_inputs
from recyclegan.translation.jobs import Progress
from recyclegan.translation.outputs import Existing, Output
from recyclegan.translation.translator import Translator

__all__ = ["Existing", "Output", "Progress", "Translator", "find_inputs", "pick_device"]
