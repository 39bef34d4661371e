"""Translating live: frames as they come, from a camera, a screen, a file or a pipe, to whoever looks on.

For: ``recyclegan live``. In: a translator, an input and an output. Out: frames while they are new; figures in a line.
"""

from recyclegan.live.places import open_source, opened_sink
from recyclegan.live.session import Live
from recyclegan.live.sinks import Controls

__all__ = ["Controls", "Live", "open_source", "opened_sink"]
