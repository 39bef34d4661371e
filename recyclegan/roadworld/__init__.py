"""The embedded world: seeded drives through a small town, with exact classes, optical flow and visibility.

For: the demonstration and the tests. In: a seed, a look and a size. Out: frames with their truth.
"""

from recyclegan.roadworld.drive import Drive, RoadFrame
from recyclegan.roadworld.looks import LOOKS
from recyclegan.roadworld.materials import ROAD_CLASSES

__all__ = ["LOOKS", "ROAD_CLASSES", "Drive", "RoadFrame"]
