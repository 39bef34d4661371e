"""The winding road's centre line, the journey along it, and the camera's projection.

The world's axes: x to the right, y up, z along the road, in metres; headings in radians from z towards x.
The camera never rolls and pitches by shifting its image (as a view camera does), so that verticals stay vertical.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Float32

Along = Float[np.ndarray, "..."]
TAU = 2 * np.pi


class Waves:
    """A smooth function of one variable: a sum of seeded sine waves, at most 1 in size."""

    def __init__(self, rng: np.random.Generator, lengths: tuple[float, ...]) -> None:
        self._rates = TAU / (np.array(lengths) * rng.uniform(0.8, 1.25, len(lengths)))
        self._phases = rng.uniform(0, TAU, len(lengths))

    def __call__(self, where: Along | float) -> Along:
        """Return the value at ``where``."""
        angles = np.asarray(where, np.float64)[..., None] * self._rates + self._phases
        return np.asarray(np.sin(angles).mean(axis=-1))

    def slope(self, where: Along | float) -> Along:
        """Return the derivative at ``where``."""
        angles = np.asarray(where, np.float64)[..., None] * self._rates + self._phases
        return np.asarray((np.cos(angles) * self._rates).mean(axis=-1))

    def integral(self, where: Along | float) -> Along:
        """Return the integral from 0 to ``where``."""
        angles = np.asarray(where, np.float64)[..., None] * self._rates + self._phases
        return np.asarray(((np.cos(self._phases) - np.cos(angles)) / self._rates).mean(axis=-1))


class Route:
    """The road's centre line, x as a function of z."""

    SWAY = 16.0

    def __init__(self, rng: np.random.Generator) -> None:
        self._waves = Waves(rng, (330.0, 540.0))

    def centre(self, z: Along | float) -> Along:
        """Return x of the centre line at ``z``."""
        return np.asarray(self.SWAY * self._waves(z))

    def heading(self, z: Along | float) -> Along:
        """Return the road's heading at ``z``."""
        return np.asarray(np.arctan(self.SWAY * self._waves.slope(z)))


@dataclass(frozen=True)
class Pose:
    """Where the camera is, where it looks, and how far its image is shifted up by pitching (a tangent)."""

    x: float
    y: float
    z: float
    yaw: float
    pitch: float


class Journey:
    """The camera's motion: along the right lane at a varying speed, swaying, turning and bumping a little."""

    def __init__(self, rng: np.random.Generator, route: Route) -> None:
        self._route = route
        self.speed = float(rng.uniform(5.5, 9.0))
        self._pace = Waves(rng, (6.0, 11.0))
        self._sway, self._turn = Waves(rng, (5.0, 9.0)), Waves(rng, (3.0, 7.0))
        self._bump, self._nod = Waves(rng, (0.5, 1.1)), Waves(rng, (0.4, 0.9))

    def distance(self, time: float) -> float:
        """Return z of the camera after ``time`` seconds."""
        return self.speed * (time + 0.5 * float(self._pace.integral(time)))

    def pose(self, time: float) -> Pose:
        """Return the camera's pose after ``time`` seconds."""
        z = self.distance(time)
        return Pose(
            x=float(self._route.centre(z)) + 1.7 + 0.25 * float(self._sway(time)),
            y=1.72 + 0.03 * float(self._bump(time)),
            z=z,
            yaw=float(self._route.heading(z + 4.0)) + 0.035 * float(self._turn(time)),
            pitch=0.008 * float(self._nod(time)),
        )


@dataclass(frozen=True)
class Camera:
    """A pose and an image of ``height`` by ``width`` pixels."""

    pose: Pose
    height: int
    width: int

    @property
    def focal(self) -> float:
        """The focal length in pixels; the horizontal field of view is about 80 degrees."""
        return 0.6 * self.width

    @property
    def horizon(self) -> float:
        """The row of the horizon, between 0 and ``height - 1``."""
        return 0.46 * (self.height - 1) + self.focal * self.pose.pitch

    @cached_property
    def slopes_right(self) -> Float32[np.ndarray, "width"]:
        """How far to the right each column's rays go for a metre ahead."""
        return ((np.arange(self.width) - (self.width - 1) / 2) / self.focal).astype(np.float32)

    @cached_property
    def slopes_up(self) -> Float32[np.ndarray, "height"]:
        """How far up each row's rays go for a metre ahead."""
        return ((self.horizon - np.arange(self.height)) / self.focal).astype(np.float32)

    def to_camera(self, x: Along, z: Along) -> tuple[Along, Along]:
        """Return world positions as metres to the right of and ahead of the camera."""
        return self.turn(x - self.pose.x, z - self.pose.z)

    def turn(self, x: Along, z: Along) -> tuple[Along, Along]:
        """Return world directions as parts to the right and ahead."""
        cos, sin = np.cos(self.pose.yaw), np.sin(self.pose.yaw)
        return cos * x - sin * z, sin * x + cos * z

    def turn_back(self, right: Along, ahead: Along | float) -> tuple[Along, Along]:
        """Return directions to the right and ahead as world directions x and z: the inverse of `turn`."""
        cos, sin = float(np.cos(self.pose.yaw)), float(np.sin(self.pose.yaw))
        return cos * right + sin * ahead, cos * ahead - sin * right
