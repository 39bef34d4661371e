"""The town: all its surfaces, and where they are at any time."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from recyclegan.roadworld.camera import Journey, Route
from recyclegan.roadworld.planner import Planner
from recyclegan.roadworld.surfaces import Builder

Table = Float[np.ndarray, "rows columns"]


@dataclass(frozen=True)
class Placed:
    """All surfaces' start points and directions in the world, (x, z), at one time."""

    start: Table
    direction: Table


class Town:
    """The town of one seed, long enough for a journey of ``distance`` metres."""

    def __init__(self, seed: int, route: Route, journey: Journey, distance: float) -> None:
        builder = Builder()
        Planner(seed, builder).build(distance)
        self.things, self.surfaces = builder.tables()
        self._route, self._journey = route, journey

    def moving(self) -> Bool[np.ndarray, "surfaces"]:
        """Return for each surface whether it moves through the world."""
        moving = (self.things.speed != 0) | self.things.follows
        return moving[self.surfaces.thing]

    def placed(self, time: float) -> Placed:
        """Return where all surfaces are after ``time`` seconds."""
        things, surfaces = self.things, self.surfaces
        # The cars ahead draw away and fall back a little.
        gap = 1.0 + 0.12 * np.sin(0.7 * time)
        followed = self._journey.distance(time) + things.along * gap
        z = np.where(things.follows, followed, things.along + things.speed * time)
        x = self._route.centre(z) + things.across
        heading = self._route.heading(z) + things.turn
        cos, sin = np.cos(heading)[surfaces.thing], np.sin(heading)[surfaces.thing]
        origin = np.stack([x, z], axis=1)[surfaces.thing]
        return Placed(origin + _rotate(surfaces.start, cos, sin), _rotate(surfaces.direction, cos, sin))


def _rotate(local: Table, cos: Float[np.ndarray, "rows"], sin: Float[np.ndarray, "rows"]) -> Table:
    right, ahead = local.T
    return np.stack([right * cos + ahead * sin, ahead * cos - right * sin], axis=1)
