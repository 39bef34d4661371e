"""Several processes that train together, and what they say to each other.

For: training. In: devices as words, values of one process. Out: a `Fabric`; values of all; one voice for errors.
"""

from recyclegan.distributed.fabric import Fabric

__all__ = ["Fabric"]
