"""What surfaces are made of: each part's class, colour and texture."""

from dataclasses import dataclass
from enum import IntEnum, auto
from functools import cache
from typing import Literal

import numpy as np
from jaxtyping import Shaped

SKY, ROAD, SIDEWALK, TERRAIN, TREE, BUILDING, INFRASTRUCTURE, SIGN, PERSON, CAR = 2, 3, 4, 6, 7, 9, 10, 14, 20, 24
ROAD_CLASSES: tuple[int, ...] = (SKY, ROAD, SIDEWALK, TERRAIN, TREE, BUILDING, INFRASTRUCTURE, SIGN, PERSON, CAR)
"""The class ids that occur in a drive; they are VIPER's."""
TRAFFIC_LIGHT = 13
"""The class that a drive with traffic lights has besides."""


class Texture(IntEnum):
    """The kinds of texture; the value is the row in the table of textures."""

    SMOOTH = 0
    ASPHALT = auto()
    TILES = auto()
    GRASS = auto()
    LEAVES = auto()
    BRICKS = auto()
    STREAKS = auto()


class Part(IntEnum):
    """The parts that surfaces are made of; 0 is a hole, through which the surface behind is seen."""

    HOLE = 0
    SKY = auto()
    ASPHALT = auto()
    MARKING = auto()
    KERB = auto()
    PAVING = auto()
    GRASS = auto()
    WALL = auto()
    WINDOW = auto()
    TRIM = auto()
    DOOR = auto()
    ROOF = auto()
    CROWN = auto()
    TRUNK = auto()
    BODY = auto()
    GLASS = auto()
    TYRE = auto()
    TAIL_LIGHT = auto()
    HEADLIGHT = auto()
    PLATE = auto()
    SKIN = auto()
    TOP = auto()
    LEGS = auto()
    HAIR = auto()
    METAL = auto()
    LAMP = auto()
    CONCRETE = auto()
    SIGN_FACE = auto()
    SIGN_EDGE = auto()
    SIGN_MARK = auto()
    SIGNAL_CASE = auto()
    SIGNAL_RED = auto()
    SIGNAL_AMBER = auto()
    SIGNAL_GREEN = auto()


FIXED, MAIN, SECOND = 0, 1, 2
Quality = Literal["class_id", "contrast", "texels", "texture"]


@dataclass(frozen=True)
class Material:
    """A part's class id, colour (linear, 0 to 1; used where ``slot`` is FIXED), and texture.

    ``slot`` tells where the colour comes from: FIXED from here, MAIN or SECOND from the surface.
    ``contrast`` is how far the texture lightens and darkens the colour, ``texels`` how many of its texels fill a metre.
    """

    class_id: int
    colour: tuple[float, float, float] = (0.0, 0.0, 0.0)
    slot: int = FIXED
    texture: Texture = Texture.SMOOTH
    contrast: float = 0.1
    texels: float = 12.0


MATERIALS: dict[Part, Material] = {
    Part.HOLE: Material(0),
    Part.SKY: Material(SKY, slot=MAIN, texels=90.0),
    Part.ASPHALT: Material(ROAD, slot=MAIN, texture=Texture.ASPHALT, contrast=0.14, texels=16.0),
    Part.MARKING: Material(ROAD, (0.74, 0.73, 0.70), texture=Texture.ASPHALT, contrast=0.14, texels=16.0),
    Part.KERB: Material(SIDEWALK, (0.58, 0.57, 0.55), texture=Texture.TILES, contrast=0.10, texels=20.0),
    Part.PAVING: Material(SIDEWALK, slot=SECOND, texture=Texture.TILES, contrast=0.22, texels=20.0),
    Part.GRASS: Material(TERRAIN, texture=Texture.GRASS, contrast=0.38, texels=18.0),
    Part.WALL: Material(BUILDING, slot=MAIN, texture=Texture.BRICKS, contrast=0.16, texels=20.0),
    Part.WINDOW: Material(BUILDING, (0.12, 0.14, 0.17), contrast=0.25, texels=6.0),
    Part.TRIM: Material(BUILDING, slot=SECOND, contrast=0.08),
    Part.DOOR: Material(BUILDING, (0.18, 0.13, 0.10), contrast=0.12),
    Part.ROOF: Material(BUILDING, slot=SECOND, texture=Texture.BRICKS, contrast=0.25, texels=24.0),
    Part.CROWN: Material(TREE, slot=MAIN, texture=Texture.LEAVES, contrast=0.55, texels=18.0),
    Part.TRUNK: Material(TREE, (0.26, 0.19, 0.13), texture=Texture.STREAKS, contrast=0.35, texels=60.0),
    Part.BODY: Material(CAR, slot=MAIN, contrast=0.06),
    Part.GLASS: Material(CAR, (0.12, 0.14, 0.17), contrast=0.25),
    Part.TYRE: Material(CAR, (0.05, 0.05, 0.055), contrast=0.1),
    Part.TAIL_LIGHT: Material(CAR, (0.55, 0.16, 0.12), contrast=0.0),
    Part.HEADLIGHT: Material(CAR, (0.85, 0.85, 0.80), contrast=0.0),
    Part.PLATE: Material(CAR, (0.72, 0.72, 0.66), contrast=0.0),
    Part.SKIN: Material(PERSON, (0.58, 0.45, 0.37), contrast=0.05),
    Part.TOP: Material(PERSON, slot=MAIN, texture=Texture.STREAKS, contrast=0.15, texels=60.0),
    Part.LEGS: Material(PERSON, slot=SECOND, texture=Texture.STREAKS, contrast=0.15, texels=60.0),
    Part.HAIR: Material(PERSON, (0.12, 0.09, 0.07), contrast=0.1),
    Part.METAL: Material(INFRASTRUCTURE, (0.34, 0.36, 0.37), texture=Texture.STREAKS, contrast=0.15, texels=60.0),
    Part.LAMP: Material(INFRASTRUCTURE, (0.80, 0.79, 0.74), contrast=0.0),
    Part.CONCRETE: Material(INFRASTRUCTURE, slot=MAIN, texture=Texture.STREAKS, contrast=0.22, texels=14.0),
    Part.SIGN_FACE: Material(SIGN, slot=MAIN, contrast=0.04),
    Part.SIGN_EDGE: Material(SIGN, slot=SECOND, contrast=0.04),
    Part.SIGN_MARK: Material(SIGN, slot=SECOND, contrast=0.04),
    Part.SIGNAL_CASE: Material(TRAFFIC_LIGHT, (0.06, 0.06, 0.06), contrast=0.0),
    Part.SIGNAL_RED: Material(TRAFFIC_LIGHT, (0.95, 0.07, 0.05), contrast=0.0),
    Part.SIGNAL_AMBER: Material(TRAFFIC_LIGHT, (0.95, 0.58, 0.04), contrast=0.0),
    Part.SIGNAL_GREEN: Material(TRAFFIC_LIGHT, (0.05, 0.85, 0.35), contrast=0.0),
}


@cache
def of_each_part(quality: Quality, kind: type[np.generic]) -> Shaped[np.ndarray, "parts"]:
    """Return a quality of the material of each part, as numbers of a kind."""
    return np.array([getattr(MATERIALS[part], quality) for part in Part], kind)
