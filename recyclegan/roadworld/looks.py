"""The looks: how the same drive is lit by day, by night, in rain and at sunset."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

Colour = Float[np.ndarray, "3"]
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Look:
    """Light, sky and air; colours are display values from 0 to 1 (lights may exceed 1).

    ``ambient`` and ``sun`` light the surfaces; ``elevation`` is the sun's height in radians; ``shadow`` is how much of
    the light a cast shadow takes; ``haze`` is its colour and ``haze_per_metre`` its density; ``cloudiness`` goes from
    0 to 1; ``wet`` is how far the ground mirrors the sky; ``lamps`` is the light of street lamps and headlights, and of
    the windows that are lit.
    """

    ambient: Triple
    sun: Triple
    elevation: float
    shadow: float
    zenith: Triple
    horizon: Triple
    cloud: Triple
    cloudiness: float
    haze: Triple
    haze_per_metre: float
    glow: float = 0.0
    wet: float = 0.0
    lamps: float = 0.0
    stars: float = 0.0


_LOOKS: dict[str, Look] = {
    "day": Look(
        ambient=(0.62, 0.65, 0.70), sun=(0.62, 0.58, 0.50), elevation=0.9, shadow=0.38,
        zenith=(0.38, 0.54, 0.78), horizon=(0.74, 0.79, 0.83), cloud=(0.86, 0.86, 0.86), cloudiness=0.5,
        haze=(0.68, 0.72, 0.76), haze_per_metre=0.0035,
    ),
    "night": Look(
        ambient=(0.24, 0.26, 0.36), sun=(0.06, 0.07, 0.11), elevation=0.7, shadow=0.1,
        zenith=(0.04, 0.05, 0.11), horizon=(0.15, 0.14, 0.20), cloud=(0.17, 0.15, 0.19), cloudiness=0.35,
        haze=(0.11, 0.11, 0.16), haze_per_metre=0.004, lamps=1.0, stars=1.0,
    ),
    "rain": Look(
        ambient=(0.72, 0.75, 0.78), sun=(0.10, 0.10, 0.10), elevation=1.1, shadow=0.08,
        zenith=(0.46, 0.49, 0.53), horizon=(0.62, 0.64, 0.66), cloud=(0.44, 0.46, 0.49), cloudiness=0.7,
        haze=(0.60, 0.63, 0.66), haze_per_metre=0.011, wet=0.6, lamps=0.12,
    ),
    "sunset": Look(
        ambient=(0.50, 0.42, 0.46), sun=(0.95, 0.56, 0.32), elevation=0.16, shadow=0.45,
        zenith=(0.34, 0.32, 0.44), horizon=(0.84, 0.58, 0.42), cloud=(0.58, 0.40, 0.42), cloudiness=0.6,
        haze=(0.72, 0.52, 0.42), haze_per_metre=0.006, glow=0.7, lamps=0.15,
    ),
}  # fmt: skip

LOOKS: tuple[str, ...] = tuple(_LOOKS)
"""The names of the looks in which every drive can be seen."""


@dataclass(frozen=True)
class Light:
    """A look as one drive has it: with its own sun, sky and exposure."""

    look: Look
    sun: Colour
    """The unit vector to the sun: x, y, z."""
    tint: Colour
    """The camera's exposure and white balance: the factor on each colour channel."""


def light_of(seed: int, name: str) -> Light:
    """Return the light of the drive of ``seed`` in the look called ``name``, one of `LOOKS`."""
    rng = np.random.default_rng((seed, 5))
    azimuth = rng.uniform(0.5, 1.3) * rng.choice([-1, 1])
    overcast, elevation = rng.random(), rng.uniform(0.75, 1.15)
    tint = rng.uniform(0.82, 1.14) * (1 + rng.normal(0, 0.04, 3))
    look = _LOOKS[name]
    if name == "day":
        look = _clouded(look, overcast)
    if name == "sunset":
        azimuth *= 0.35
    height = look.elevation * elevation
    sun = np.array([np.sin(azimuth) * np.cos(height), np.sin(height), np.cos(azimuth) * np.cos(height)])
    return Light(look, sun, tint)


def _clouded(look: Look, overcast: float) -> Look:
    """Return the look under a sky from clear (0) to grey (1)."""
    return replace(
        look,
        zenith=_mix(look.zenith, (0.60, 0.61, 0.62), overcast),
        horizon=_mix(look.horizon, (0.70, 0.70, 0.69), overcast),
        cloud=_mix(look.cloud, (0.50, 0.51, 0.53), overcast),
        sun=_mix(look.sun, (0.30, 0.29, 0.27), overcast),
        shadow=look.shadow * (1 - 0.6 * overcast),
        cloudiness=0.35 + 0.5 * overcast,
    )


def _mix(first: Triple, second: Triple, share: float) -> Triple:
    """Return the colour that lies ``share`` of the way from the first to the second."""
    red, green, blue = ((1 - share) * np.array(first) + share * np.array(second)).tolist()
    return red, green, blue
