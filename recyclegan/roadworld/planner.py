"""Where everything in the town stands, what it looks like, and how it moves.

The town: all its surfaces, and where they are at any time.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from recyclegan.roadworld.camera import Journey, Route
from recyclegan.roadworld.shapes import FACADES, SIGNALS, Kind
from recyclegan.roadworld.surfaces import BLOCK, LAMP_OFFSET, PAVING_EDGE, ROAD_EDGE, VIEW, Builder, Colour

Table = Float[np.ndarray, "rows columns"]


@dataclass(frozen=True)
class Placed:
    """All surfaces' start points and directions in the world, (x, z), at one time."""

    start: Table
    direction: Table


class Town:
    """The town of one seed, long enough for a journey of ``distance`` metres; with traffic lights it is the same."""

    def __init__(
        self, seed: int, route: Route, journey: Journey, distance: float, traffic_lights: bool = False
    ) -> None:
        builder = Builder()
        planner = Planner(seed, builder)
        planner.build(distance)
        if traffic_lights:
            planner.add_traffic_lights(distance)
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


FOLIAGE: tuple[Colour, ...] = (
    (0.24, 0.36, 0.15),
    (0.31, 0.39, 0.17),
    (0.20, 0.33, 0.18),
    (0.42, 0.39, 0.20),
    (0.44, 0.33, 0.19),
)
SEASONS = (0.3, 0.3, 0.2, 0.1, 0.1)
"""The colours of leaves and grass, and how often each is a drive's main one."""


class Planner:
    """Fills a builder with the town of one seed, block by block, each block from a seed of its own."""

    WALLS = (
        (0.60, 0.60, 0.60),
        (0.44, 0.44, 0.45),
        (0.64, 0.57, 0.46),
        (0.50, 0.30, 0.24),
        (0.30, 0.38, 0.20),
        (0.46, 0.54, 0.64),
        (0.78, 0.79, 0.80),
        (0.34, 0.29, 0.25),
        (0.56, 0.62, 0.68),
        (0.33, 0.35, 0.38),
        (0.40, 0.42, 0.26),
        (0.70, 0.72, 0.74),
    )
    TRIMS = ((0.72, 0.72, 0.70), (0.30, 0.27, 0.25), (0.50, 0.50, 0.50), (0.30, 0.38, 0.22), (0.42, 0.28, 0.24))
    BODIES = (
        (0.58, 0.59, 0.60),
        (0.34, 0.35, 0.37),
        (0.78, 0.78, 0.77),
        (0.16, 0.16, 0.17),
        (0.50, 0.26, 0.20),
        (0.28, 0.38, 0.22),
        (0.34, 0.44, 0.56),
        (0.62, 0.56, 0.44),
        (0.44, 0.46, 0.30),
        (0.56, 0.64, 0.72),
    )
    CLOTHES = (
        (0.52, 0.26, 0.22),
        (0.32, 0.38, 0.46),
        (0.38, 0.39, 0.38),
        (0.30, 0.40, 0.24),
        (0.64, 0.62, 0.58),
        (0.15, 0.15, 0.17),
        (0.50, 0.44, 0.28),
        (0.54, 0.58, 0.62),
    )
    FACES = (((.72, .71, .68), (.52, .24, .20)), ((.32, .42, .58), (.78, .78, .76)), ((.52, .24, .20), (.76, .74, .72)),
             ((.26, .38, .24), (.76, .76, .72)), ((.62, .55, .36), (.16, .16, .16)))  # fmt: skip

    def __init__(self, seed: int, builder: Builder) -> None:
        self._seed = seed
        self._add = builder
        rng = np.random.default_rng((seed, 1))
        self._season = rng.choice(len(FOLIAGE), p=SEASONS)
        self._walls = rng.permutation(len(self.WALLS))[:6]
        self._concrete = tuple(rng.uniform(0.42, 0.62) * np.array([1.0, 0.98, 0.94]))

    def build(self, distance: float) -> None:
        """Add all that can be seen on a journey of ``distance`` metres."""
        self._traffic(distance)
        for block in range(-1, int((distance + VIEW) / BLOCK) + 2):
            self._spans(block)
            for side in (-1, 1):
                self._block(np.random.default_rng((self._seed, 2, block + 10, side + 1)), block * BLOCK, side)

    def add_traffic_lights(self, distance: float) -> None:
        """Add a traffic light to each side of the road at every second block: red, amber or green throughout."""
        for block in range(-1, int((distance + VIEW) / BLOCK) + 2):
            rng = np.random.default_rng((self._seed, 7, block + 10))
            if block % 2 == self._seed % 2:
                kind = SIGNALS[rng.integers(len(SIGNALS))]
                for side in (-1, 1):
                    self._add.thing(block * BLOCK + 12 + rng.uniform(-1, 1), side * (ROAD_EDGE + 0.3))
                    self._add.billboard(kind, 0.9, 4.8, (self._concrete, self._concrete))

    def _jitter(self, rng: np.random.Generator, colour: Colour | np.ndarray) -> Colour:
        red, green, blue = np.clip(np.array(colour) * rng.uniform(0.85, 1.15) + rng.normal(0, 0.025, 3), 0.04, 0.9)
        return float(red), float(green), float(blue)

    def _pick(self, rng: np.random.Generator, colours: tuple[Colour, ...]) -> Colour:
        return self._jitter(rng, colours[rng.integers(len(colours))])

    def _block(self, rng: np.random.Generator, start: float, side: int) -> None:
        self._building(rng, start, side)
        for along, across in ((rng.uniform(1, 9), 10.6), (rng.uniform(13, 22), 10.6), (23.5, 16.5)):
            if rng.random() < 0.85:
                self._tree(rng, start + along, side * (across + rng.uniform(-0.7, 0.7)))
        self._lamp_post(start + LAMP_OFFSET, side)
        if rng.random() < 0.85:
            self._sign(rng, start + rng.uniform(9, 21), side)
        if rng.random() < 0.5:
            self._cabinet(rng, start + rng.uniform(2, 22), side)
        for _ in range(rng.integers(2, 6)):
            self._person(rng, start + rng.uniform(0, BLOCK), side)
        if rng.random() < 0.7:
            turn = 0.0 if side > 0 else np.pi
            self._add.thing(start + rng.uniform(3, 21), side * 4.2, turn)
            self._car(rng)

    def _building(self, rng: np.random.Generator, start: float, side: int) -> None:
        add, length, depth = self._add, rng.uniform(16, 22), rng.uniform(8, 11)
        floors, floor = int(rng.integers(2, 5)), rng.uniform(2.8, 3.3)
        wall = self._jitter(rng, self.WALLS[rng.choice(self._walls)])
        colours = (wall, self._pick(rng, self.TRIMS))
        height, bay = floors * floor, length / round(length / rng.uniform(2.6, 3.6))
        add.thing(start + BLOCK / 2, side * (13.0 + rng.uniform(0, 2.0)))
        begin, along = ((0.0, -length / 2), (0.0, 1.0)) if side < 0 else ((0.0, length / 2), (0.0, -1.0))
        facade = FACADES[rng.integers(len(FACADES))]
        ground = Kind.SHOP if rng.random() < 0.5 else facade
        add.surface(
            ground, begin, along, length, floor, tile=(bay * (1 + (ground is Kind.SHOP)), floor), colours=colours
        )
        add.surface(facade, begin, along, length, height - floor, base=floor, tile=(bay, floor), colours=colours)
        left = -depth if side < 0 else 0.0
        add.surface(
            Kind.SIDE_WALL, (left, -length / 2), (1.0, 0.0), depth, height, tile=(depth / 2, floor), colours=colours
        )
        if rng.random() < 0.6:
            rise = rng.uniform(1.6, 2.8)
            add.surface(Kind.ROOF, begin, along, length, rise, base=height, colours=colours)
            add.surface(Kind.GABLE, (left, -length / 2), (1.0, 0.0), depth, rise, base=height, colours=colours)

    def _tree(self, rng: np.random.Generator, along: float, across: float) -> None:
        kind = Kind(
            int(rng.choice([Kind.TREE_ROUND, Kind.TREE_TALL, Kind.TREE_WIDE, Kind.BUSH], p=[0.3, 0.25, 0.3, 0.15]))
        )
        height = rng.uniform(1.6, 2.4) if kind is Kind.BUSH else rng.uniform(4.8, 8.0)
        width = height * {Kind.TREE_TALL: 0.62, Kind.BUSH: 1.3}.get(kind, 0.85)
        leaf = FOLIAGE[self._season if rng.random() < 0.6 else rng.integers(len(FOLIAGE))]
        self._add.thing(along, across)
        self._add.billboard(kind, width, height, (self._jitter(rng, leaf), leaf))

    def _lamp_post(self, along: float, side: int) -> None:
        kind = Kind.LAMP_POST if side > 0 else Kind.LAMP_POST_MIRRORED
        self._add.thing(along, side * (ROAD_EDGE - 0.5))
        self._add.billboard(kind, 2.6, 6.4, (self._concrete, self._concrete))

    def _sign(self, rng: np.random.Generator, along: float, side: int) -> None:
        kind = (Kind.SIGN_ROUND, Kind.SIGN_TRIANGLE, Kind.SIGN_BOARD)[rng.integers(3)]
        width = rng.uniform(1.1, 1.45)
        face, edge = self.FACES[rng.integers(len(self.FACES))]
        self._add.thing(along, side * (ROAD_EDGE + 0.8))
        self._add.billboard(kind, width, width * 2.5, (self._jitter(rng, face), self._jitter(rng, edge)))

    def _cabinet(self, rng: np.random.Generator, along: float, side: int) -> None:
        width, height = rng.uniform(1.0, 1.6), rng.uniform(1.2, 1.7)
        grey = self._jitter(rng, self._concrete)
        self._add.thing(along, side * (PAVING_EDGE - 0.6))
        inner = ((-width / 2, 0.6), (0.0, -1.0)) if side > 0 else ((width / 2, 0.0), (0.0, 1.0))
        self._add.surface(Kind.CABINET, (-width / 2, 0.0), (1.0, 0.0), width, height, colours=(grey, grey))
        self._add.surface(Kind.CABINET, *inner, 0.6, height, colours=(grey, grey))

    def _person(self, rng: np.random.Generator, along: float, side: int) -> None:
        kind = Kind(int(rng.integers(Kind.PERSON_STRIDING, Kind.PERSON_IN_COAT + 1)))
        speed = 0.0 if kind is Kind.PERSON_STANDING else float(rng.choice([-1.0, 1.0]) * rng.uniform(0.9, 1.5))
        height = rng.uniform(1.6, 1.95)
        self._add.thing(along, side * rng.uniform(5.7, 7.2), speed=speed)
        colours = (self._pick(rng, self.CLOTHES), self._pick(rng, self.CLOTHES))
        self._add.billboard(kind, height * 0.46, height, colours)

    def _car(self, rng: np.random.Generator) -> None:
        van = rng.random() < 0.3
        width, length, height = (2.0, 4.9, 2.15) if van else (1.85, 4.3, 1.62)
        rear, front, flank = (
            (Kind.VAN_REAR, Kind.VAN_REAR, Kind.VAN_SIDE) if van else (Kind.CAR_REAR, Kind.CAR_FRONT, Kind.CAR_SIDE)
        )
        body = self._pick(rng, self.BODIES)
        x, z, colours, tile = width / 2, length / 2, (body, body), (-length, height)
        self._add.surface(rear, (-x, -z), (1.0, 0.0), width, height, colours=colours)
        self._add.surface(front, (x, z), (-1.0, 0.0), width, height, colours=colours)
        self._add.surface(flank, (x, -z), (0.0, 1.0), length, height, colours=colours)
        self._add.surface(flank, (-x, z), (0.0, -1.0), length, height, colours=colours, tile=tile)
        if not van:
            self._add.surface(Kind.CAR_CABIN, (-x, -0.36 * length), (1.0, 0.0), width, height, colours=colours)
            self._add.surface(Kind.CAR_CABIN, (x, 0.20 * length), (-1.0, 0.0), width, height, colours=colours)

    def _traffic(self, distance: float) -> None:
        rng = np.random.default_rng((self._seed, 3))
        self._add.thing(rng.uniform(10, 15), 1.7, follows=True)
        self._car(rng)
        self._add.thing(rng.uniform(38, 48), 1.7, follows=True)
        self._car(rng)
        speed, along = rng.uniform(5, 9), rng.uniform(12, 30)
        # Cars that come towards the camera reach it from as far as it and they travel together.
        while along < 2.5 * distance + VIEW + 50:
            self._add.thing(along, -1.7, np.pi, speed=-speed)
            self._car(rng)
            along += rng.uniform(22, 50)

    def _spans(self, block: int) -> None:
        rng = np.random.default_rng((self._seed, 4, block + 10))
        phase = self._seed % 3
        if block % 3 == phase:
            face, mark = self.FACES[rng.integers(1, 4)]
            self._add.thing(block * BLOCK + 16, 0.0)
            self._add.billboard(Kind.GANTRY, 13.0, 7.2, (self._jitter(rng, face), self._jitter(rng, mark)))
        if block % 6 == (phase + 1) % 6:
            concrete = self._jitter(rng, self._concrete)
            self._add.thing(block * BLOCK + 2, 0.0)
            self._add.billboard(Kind.BRIDGE, 26.0, 7.6, (concrete, concrete))
