"""What fits into so many minutes on this machine: size of frames, width of networks and steps.

For: ``train --minutes``, ``compare --minutes`` and the demo. In: a `TrainConfig`. Out: another, and why, in words.
"""

from recyclegan.planning.step_time import step_seconds

__all__ = ["step_seconds"]
