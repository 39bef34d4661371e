"""Tables of the things in the town and of the vertical rectangles that they are made of.

Tileable textures with prefiltered levels, and how they are sampled without flicker.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8

from recyclegan.roadworld.materials import Texture
from recyclegan.roadworld.shapes import Kind

SIZE = 128
LEVELS = 8
_LEVEL_START = np.cumsum([0] + [(SIZE >> level) ** 2 for level in range(LEVELS)]).astype(np.int32)

Tile = Float[np.ndarray, "size size"]
Samples = Float32[np.ndarray, "pixels"]


def _unit(tile: Tile) -> Tile:
    tile = tile - tile.mean()
    return np.clip(tile / (2 * tile.std()), -1, 1)


def _noise(rng: np.random.Generator, roughness: float, stretch: float = 1.0) -> Tile:
    """Return tileable noise whose amplitude falls with frequency to the power ``roughness``."""
    fy = np.fft.fftfreq(SIZE)[:, None] * stretch
    fx = np.fft.fftfreq(SIZE)[None, :] / stretch
    amplitude = (fx**2 + fy**2 + 1e-4) ** (-roughness / 2)
    return _unit(np.fft.ifft2(np.fft.fft2(rng.standard_normal((SIZE, SIZE))) * amplitude).real)


def _masonry(rng: np.random.Generator, width: int, height: int, shift: int) -> Tile:
    """Return bricks of ``width`` by ``height`` texels, each of its own tone, between dark joints."""
    y, x = np.mgrid[:SIZE, :SIZE]
    row = y // height
    x = (x + (row % 2) * shift) % SIZE
    tones = rng.uniform(-0.6, 1.0, (SIZE // height, SIZE // width))
    joint = (x % width == 0) | (y % height == 0)
    return np.where(joint, -1.0, tones[row, x // width])


def _draw(texture: Texture) -> Tile:
    rng = np.random.default_rng((7, int(texture)))
    match texture:
        case Texture.ASPHALT:
            return _unit(0.6 * _noise(rng, 0.3) + 0.6 * _noise(rng, 1.4))
        case Texture.TILES:
            return 0.8 * _masonry(rng, 16, 16, 0) + 0.2 * _noise(rng, 0.5)
        case Texture.GRASS:
            return _unit(_noise(rng, 0.5, stretch=0.6) + 0.5 * _noise(rng, 1.5))
        case Texture.LEAVES:
            return np.tanh(2.5 * _noise(rng, 1.1))
        case Texture.BRICKS:
            return 0.8 * _masonry(rng, 16, 8, 8) + 0.3 * _noise(rng, 1.5)
        case Texture.STREAKS:
            return _noise(rng, 1.0, stretch=3.0)
        case _:
            return _noise(rng, 1.6)


def _levels(tile: Tile) -> Float[np.ndarray, "texels"]:
    levels = []
    while True:
        levels.append(tile.ravel())
        if len(tile) == 1:
            return np.concatenate(levels)
        tile = tile.reshape(len(tile) // 2, 2, -1, 2).mean(axis=(1, 3))


@cache
def _table() -> Samples:
    return np.concatenate([_levels(_draw(texture)) for texture in Texture]).astype(np.float32)


def sample(
    texture: UInt8[np.ndarray, "pixels"],
    x: Samples,
    y: Samples,
    footprint: Samples,
) -> Samples:
    """Return the texture's value, about -1 to 1, at (x, y) texels, averaged over ``footprint`` texels.

    Bilinear between the texels of the level whose texels are nearest to the footprint in size.
    """
    level = _level(footprint)
    shrink = np.ldexp(np.float32(1), -level)
    x, y = x * shrink - np.float32(0.5), y * shrink - np.float32(0.5)
    left, top = np.floor(x), np.floor(y)
    x -= left
    y -= top
    mask = np.right_shift(SIZE, level) - 1
    start = _LEVEL_START[level] + texture * _LEVEL_START[-1]
    columns, rows = left.astype(np.int32), top.astype(np.int32)
    shift = 7 - level
    first, second = start + ((rows & mask) << shift), start + (((rows + 1) & mask) << shift)
    columns, right = columns & mask, (columns + 1) & mask
    table = _table()
    upper = table.take(first + columns) * (1 - x) + table.take(first + right) * x
    lower = table.take(second + columns) * (1 - x) + table.take(second + right) * x
    return upper + (lower - upper) * y


def _level(footprint: Samples) -> Int[np.ndarray, "pixels"]:
    # The exponent of a float32, rounded at sqrt(2), is its rounded base-2 logarithm; far faster than np.log2.
    exponent = ((footprint * np.float32(2**0.5)).view(np.int32) >> 23) - 127
    return np.clip(exponent, 0, LEVELS - 1)


BLOCK = 24.0
"""The length in metres along the road of one block of houses."""
ROAD_EDGE, PAVING_EDGE, KERB = 5.2, 8.0, 0.25
"""Where asphalt and paving end, metres from the centre line, and the kerb's width."""
VIEW = 150.0
"""How far ahead surfaces are drawn, in metres."""
LAMP_OFFSET = 6.0
"""Where in its block each street lamp stands."""
SKY_ROW, GROUND_ROW = 0, 1

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Things:
    """Rigid bodies: where they are at time 0 along and across the road, their heading to it, and their speeds.

    ``along`` is z; ``across`` is x from the centre line; ``turn`` is added to the road's heading; ``speed`` is along z,
    in m/s; ``follows`` tells that a thing keeps its ``along`` as a distance to the camera.
    """

    along: Float[np.ndarray, "things"]
    across: Float[np.ndarray, "things"]
    turn: Float[np.ndarray, "things"]
    speed: Float[np.ndarray, "things"]
    follows: Bool[np.ndarray, "things"]


@dataclass(frozen=True)
class Surfaces:
    """Vertical rectangles; rows 0 and 1 stand for the sky and the ground.

    In its thing's frame (right, ahead) a surface begins at ``start`` and goes ``length`` metres in ``direction``; seen
    from its face the start is on the left. ``base`` and ``height`` are in metres, ``tile`` is the width and height of
    one copy of its shape.
    """

    thing: Int[np.ndarray, "surfaces"]
    start: Float[np.ndarray, "surfaces 2"]
    direction: Float[np.ndarray, "surfaces 2"]
    length: Float[np.ndarray, "surfaces"]
    base: Float[np.ndarray, "surfaces"]
    height: Float[np.ndarray, "surfaces"]
    tile: Float[np.ndarray, "surfaces 2"]
    kind: Int[np.ndarray, "surfaces"]
    two_sided: Bool[np.ndarray, "surfaces"]
    main: Float[np.ndarray, "surfaces 3"]
    second: Float[np.ndarray, "surfaces 3"]


class Builder:
    """Collects things and their surfaces, row by row."""

    def __init__(self) -> None:
        self._things: list[tuple[float, float, float, float, float]] = []
        self._surfaces: list[tuple[float, ...]] = []
        self.thing(0.0, 0.0)
        for _ in (SKY_ROW, GROUND_ROW):
            self.surface(Kind.PLAIN, (0.0, 0.0), (1.0, 0.0), 0.0, 0.0)

    def thing(self, along: float, across: float, turn: float = 0.0, speed: float = 0.0, follows: bool = False) -> None:
        """Begin a new thing; the surfaces that follow belong to it."""
        self._things.append((along, across, turn, speed, float(follows)))

    def surface(
        self,
        kind: Kind,
        start: tuple[float, float],
        direction: tuple[float, float],
        length: float,
        height: float,
        *,
        base: float = 0.0,
        tile: tuple[float, float] | None = None,
        two_sided: bool = False,
        colours: tuple[Colour, Colour] = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    ) -> None:
        """Add a surface to the current thing; without ``tile`` one copy of the shape fills it."""
        across, up = tile or (max(length, 1e-3), max(height, 1e-3))
        self._surfaces.append(
            (len(self._things) - 1, *start, *direction, length, base, height, across, up, kind, two_sided,
             *colours[0], *colours[1])
        )  # fmt: skip

    def billboard(self, kind: Kind, width: float, height: float, colours: tuple[Colour, Colour]) -> None:
        """Add a two-sided surface across the current thing's heading, centred on it."""
        self.surface(kind, (-width / 2, 0.0), (1.0, 0.0), width, height, two_sided=True, colours=colours)

    def tables(self) -> tuple[Things, Surfaces]:
        """Return all that was added."""
        along, across, turn, speed, follows = np.array(self._things).T
        rows = np.array(self._surfaces)
        surfaces = Surfaces(
            thing=rows[:, 0].astype(int), start=rows[:, 1:3], direction=rows[:, 3:5], length=rows[:, 5],
            base=rows[:, 6], height=rows[:, 7], tile=rows[:, 8:10], kind=rows[:, 10].astype(int),
            two_sided=rows[:, 11].astype(bool), main=rows[:, 12:15], second=rows[:, 15:18],
        )  # fmt: skip
        return Things(along, across, turn, speed, follows.astype(bool)), surfaces
