"""Tables of the things in the town and of the vertical rectangles that they are made of."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from recyclegan.roadworld.shapes import Kind

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
