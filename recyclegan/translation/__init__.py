"""Translate frames, videos and folders with a trained generator; no flags are needed, because it describes itself.

For: ``recyclegan translate`` and `Translator`. In: a translator's file, a run or a repository, and footage.
Out: the same kind of thing in the other look; files appear whole or not at all.
"""

from recyclegan.translation.outputs import Existing, Output
from recyclegan.translation.pipeline import Progress
from recyclegan.translation.plan import find_inputs
from recyclegan.translation.stream_jobs import is_streamed, translate_stream
from recyclegan.translation.translator import Translator

__all__ = ["Existing", "Output", "Progress", "Translator", "find_inputs", "is_streamed", "translate_stream"]
