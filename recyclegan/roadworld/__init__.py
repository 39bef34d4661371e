"""The embedded world: seeded drives through a small town, with exact classes, optical flow and visibility."""

from recyclegan.roadworld.drive import Drive, RoadFrame
from recyclegan.roadworld.looks import LOOKS
from recyclegan.roadworld.parts import ROAD_CLASSES

__all__ = ["LOOKS", "ROAD_CLASSES", "Drive", "RoadFrame"]
