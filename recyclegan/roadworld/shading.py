"""Turns a view into a picture in one look."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Float32, Int

from recyclegan.arrays import Image
from recyclegan.roadworld.camera import Camera, Waves
from recyclegan.roadworld.looks import light_of
from recyclegan.roadworld.materials import (
    FIXED,
    MAIN,
    MATERIALS,
    Part,
    Texture,
    of_each_part,
)
from recyclegan.roadworld.planner import FOLIAGE, SEASONS, Placed
from recyclegan.roadworld.raster import View
from recyclegan.roadworld.surfaces import BLOCK, GROUND_ROW, LAMP_OFFSET, SKY_ROW, Surfaces, sample

Pixels = Float32[np.ndarray, "pixels"]
Colours = Float32[np.ndarray, "pixels 3"]
Chosen = Int[np.ndarray, "_"]
Colour = Float[np.ndarray, "3"]
Marks = Float[np.ndarray, "marks"]
_LAMPLIGHT = np.array([1.0, 0.80, 0.52], np.float32)
_GLOWING = (Part.LAMP, Part.TAIL_LIGHT, Part.HEADLIGHT)
_SIGNALS = (Part.SIGNAL_RED, Part.SIGNAL_AMBER, Part.SIGNAL_GREEN)
_SIGNAL_GLOW = 0.6
"""How bright traffic lights shine at any time of day, as a share of lamps by night."""
_LIT_WINDOW = np.array([0.95, 0.74, 0.42], np.float32)


class Painter:
    """Paints the views of one drive in one look."""

    def __init__(self, seed: int, look: str, surfaces: Surfaces, placed: Placed) -> None:
        light = light_of(seed, look)
        self._look, self._sun, self._tint = light.look, light.sun, light.tint.astype(np.float32)
        self._tile = surfaces.tile.astype(np.float32)
        # Drawn from the colour and not from the row, which differs between drives of other lengths.
        self._number = (surfaces.main.sum(axis=1) * 9973).astype(np.int32)
        self._height = np.maximum(surfaces.height, 0.1).astype(np.float32)
        rng = np.random.default_rng((seed, 6))
        self._brightness, self._shadow_reach = Waves(rng, (90.0, 37.0)), Waves(rng, (48.0, 31.0))
        self._paint = self._lit(_albedo(surfaces, *_ground_colours(rng)), surfaces, placed)

    def _lit(
        self, albedo: Float[np.ndarray, "surfaces parts 3"], surfaces: Surfaces, placed: Placed
    ) -> Float32[np.ndarray, "rows 3"]:
        """Return the colour of each part of each surface in this light."""
        along_x, along_z = placed.direction.T
        facing = np.maximum(0.3 * surfaces.two_sided, along_z * self._sun[0] - along_x * self._sun[2])
        facing[GROUND_ROW] = self._sun[1]
        look = self._look
        light = np.array(look.ambient) + np.array(look.sun) * np.maximum(facing, 0)[:, None]
        paint = albedo * light[:, None, :]
        for part in _GLOWING:
            paint[:, part] += look.lamps * albedo[:, part]
        for part in _SIGNALS:
            paint[:, part] += max(look.lamps, _SIGNAL_GLOW) * albedo[:, part]
        return paint.reshape(-1, 3).astype(np.float32)

    def paint(self, view: View) -> Image:
        """Return the picture of ``view``."""
        surface, part = view.surface.ravel(), view.part.ravel()
        sky, ground = np.flatnonzero(surface == SKY_ROW), np.flatnonzero(surface == GROUND_ROW)
        texture = self._texture(view, sky, ground)
        gain = 1 + of_each_part("contrast", np.float32).take(part) * texture
        z = _world_z(view)
        gain *= self._street_light(z)
        self._shade_ground(gain, view, ground, z)
        self._shade_upright(gain, view)
        colours = self._paint.take(surface * np.int32(len(Part)) + part, axis=0)
        colours *= gain[:, None]
        if self._look.wet > 0:
            self._wet(colours, view, ground)
        self._windows(colours, view)
        if self._look.lamps > 0.5:
            self._lamps(colours, view, z)
        colours[sky] = self._sky(view.camera, sky, texture[sky])
        self._haze(colours, view, sky)
        colours *= self._tint * np.float32(255)
        np.clip(colours, 0, 255, out=colours)
        return (colours + np.float32(0.5)).astype(np.uint8).reshape(*view.surface.shape, 3)

    def _texture(self, view: View, sky: Chosen, ground: Chosen) -> Pixels:
        part, camera = view.part.ravel(), view.camera
        along, up = view.along.ravel().copy(), view.up.ravel().copy()
        footprint = view.depth.ravel() * np.float32(1 / camera.focal)
        # The ground is seen at a grazing angle: a compromise between its footprint across and ahead.
        footprint[ground] *= np.maximum(1, np.float32(0.3 / camera.pose.y) * view.depth.ravel()[ground])
        along[sky], up[sky], footprint[sky] = _cloud_place(camera, sky)
        texels = of_each_part("texels", np.float32).take(part)
        texture = of_each_part("texture", np.uint8).take(part)
        return sample(texture, along * texels, up * texels, footprint * texels)

    def _street_light(self, z: Pixels) -> Pixels:
        """Return how bright the light is along the road: it changes slowly, as under passing clouds."""
        return _along_road(z, lambda marks: 1 + 0.3 * self._brightness(marks))

    def _shade_ground(self, gain: Pixels, view: View, ground: Chosen, z: Pixels) -> None:
        """Lay the shadow of the houses on the sun's side over the ground."""
        reach = 12.0 - min(9.0, 2.6 / np.tan(self._sun[1] + 0.05))
        side = np.float32(np.sign(self._sun[0]))
        edge = _along_road(z[ground], lambda marks: reach + 1.6 * np.sign(self._shadow_reach(marks)))
        shadow = np.clip((view.along.ravel()[ground] * side - edge) * 3 + np.float32(0.5), 0, 1)
        gain[ground] *= 1 - np.float32(self._look.shadow) * shadow

    def _shade_upright(self, gain: Pixels, view: View) -> None:
        """Darken the foot of what stands on the ground, and the underside of tree crowns."""
        upright = np.flatnonzero(view.surface.ravel() > GROUND_ROW)
        rise = view.up.ravel()[upright]
        gain[upright] *= np.minimum(1, np.float32(0.72) + np.float32(0.18) * rise)
        crown = np.flatnonzero(view.part.ravel() == Part.CROWN)
        share = view.up.ravel()[crown] / self._height[view.surface.ravel()[crown]]
        gain[crown] *= np.float32(0.45) + np.float32(0.75) * share

    def _wet(self, colours: Colours, view: View, ground: Chosen) -> None:
        """Darken the ground and let it mirror the sky, more so in puddles and far away."""
        along, up, depth = (buffer.ravel()[ground] for buffer in (view.along, view.up, view.depth))
        smooth = np.full(len(ground), Texture.SMOOTH, np.uint8)
        puddle = np.clip(2.5 * sample(smooth, along * 14, up * 5, depth * np.float32(8 / view.camera.focal)), 0, 1)
        mirror = np.float32(self._look.wet) * (np.float32(0.25) + np.float32(0.55) * puddle)
        mirror *= np.minimum(1, np.float32(0.3) + depth / 25)
        wet = colours[ground] * np.float32(0.68)
        colours[ground] = wet + mirror[:, None] * (np.array(self._look.horizon, np.float32) - wet)

    def _windows(self, colours: Colours, view: View) -> None:
        """Let each window and each car's glass mirror its share of the sky; where lamps are lit, light some windows."""
        window = np.flatnonzero(view.part.ravel() == Part.WINDOW)
        surface = view.surface.ravel()[window]
        across, upward = self._tile[surface].T
        column = (view.along.ravel()[window] / across).astype(np.int32)
        row = (view.up.ravel()[window] / upward).astype(np.int32)
        number = (column * 73 + row * 179 + self._number[surface]) % 101
        self._mirror(colours, window, (number % 7).astype(np.float32) / 7)
        pane = np.flatnonzero(view.part.ravel() == Part.GLASS)
        self._mirror(colours, pane, (self._number[view.surface.ravel()[pane]] % 5).astype(np.float32) / 7)
        lit = window[number < 38]
        colours[lit] += np.float32(self._look.lamps) * _LIT_WINDOW * np.float32(0.75)

    def _mirror(self, colours: Colours, chosen: Chosen, share: Float32[np.ndarray, "_"]) -> None:
        """Let panes of glass mirror a share of the sky."""
        sky = np.array(self._look.horizon, np.float32) * np.float32(0.5)
        sky += np.array(self._look.zenith, np.float32) * np.float32(0.5)
        colours[chosen] += share[:, None] * (sky - colours[chosen])

    def _lamps(self, colours: Colours, view: View, z: Pixels) -> None:
        """Add the light of the street lamps, in pools along the road, and of the camera's headlights."""
        camera, upright = view.camera, view.surface.ravel() > GROUND_ROW
        pools = _along_road(z, _lamp_pools)
        height = np.where(upright, view.up.ravel(), 0)
        pools *= np.exp(-np.square(np.maximum(height - 3, 0) * np.float32(0.4)))
        beam = np.exp(-np.square(camera.slopes_right / np.float32(0.38)))
        spread = np.exp(-np.square((camera.slopes_up + np.float32(0.10)) / np.float32(0.13)))
        reach = 3.5 / (1 + np.square(view.depth.ravel() * np.float32(1 / 13)))
        headlights = (spread[:, None] * beam).ravel() * reach
        colours *= 1 + pools[:, None] * _LAMPLIGHT + headlights[:, None]

    def _sky(self, camera: Camera, sky: Chosen, clouds: Pixels) -> Colours:
        look = self._look
        rows, columns = np.divmod(sky, camera.width)
        rise = camera.slopes_up[rows]
        share = np.clip(rise * np.float32(2.2), 0, 1)[:, None]
        zenith, horizon, cloud = (np.array(c, np.float32) for c in (look.zenith, look.horizon, look.cloud))
        colours = horizon + (zenith - horizon) * share
        cover = np.clip((clouds + np.float32(2 * look.cloudiness - 0.8)) * np.float32(1.2), 0, 0.85)
        colours += (cover * np.minimum(1, rise * 8 + np.float32(0.25)))[:, None] * (cloud - colours)
        if look.glow > 0:
            x, z = camera.turn_back(camera.slopes_right[columns], 1.0)
            away = np.square(x / z - np.float32(self._sun[0] / self._sun[2])) + np.square(rise - np.float32(0.12))
            colours += np.float32(look.glow) * np.exp(-away * 9)[:, None] * np.array([0.5, 0.36, 0.12], np.float32)
        if look.stars > 0:
            along, up, footprint = _cloud_place(camera, sky)
            speck = sample(np.full(len(sky), Texture.ASPHALT, np.uint8), along * 900, up * 900, footprint * 300)
            colours += np.float32(look.stars) * (speck > 0.93)[:, None] * np.float32(0.5) * (1 - cover)[:, None]
        return colours

    def _haze(self, colours: Colours, view: View, sky: Chosen) -> None:
        thickness = 1 - np.exp(view.depth.ravel() * np.float32(-self._look.haze_per_metre))
        thickness[sky] = 0
        colours += thickness[:, None] * (np.array(self._look.haze, np.float32) - colours)


def _ground_colours(rng: np.random.Generator) -> tuple[Colour, Colour, Colour]:
    """Return the colours of asphalt, paving and grass."""
    asphalt = rng.uniform(0.28, 0.48) * (1 + rng.normal(0, 0.04, 3))
    paving = rng.uniform(0.30, 0.50) * (1 + rng.normal(0, 0.04, 3))
    grass = np.array(FOLIAGE[rng.choice(len(FOLIAGE), p=SEASONS)])
    return asphalt, paving, grass * rng.uniform(0.65, 1.05)


def _albedo(
    surfaces: Surfaces, asphalt: Colour, paving: Colour, grass: Colour
) -> Float[np.ndarray, "surfaces parts 3"]:
    """Return the colour of each part of each surface in white light."""
    slots = np.array([MATERIALS[part].slot for part in Part])[None, :, None]
    fixed = np.array([MATERIALS[part].colour for part in Part])[None]
    own = np.where(slots == MAIN, surfaces.main[:, None], surfaces.second[:, None])
    albedo = np.where(slots == FIXED, fixed, own)
    albedo[GROUND_ROW, [Part.ASPHALT, Part.PAVING, Part.GRASS]] = asphalt, paving, grass
    return albedo


def _lamp_pools(marks: Marks) -> Marks:
    """Return how bright the street lamps' pools of light are at each z."""
    from_lamp = (marks - LAMP_OFFSET + BLOCK / 2) % BLOCK - BLOCK / 2
    return 2.2 * np.exp(-np.square(from_lamp / 6))


def _world_z(view: View) -> Pixels:
    """Return each pixel's z in the world (the sky's is meaningless)."""
    camera = view.camera
    depth = np.minimum(view.depth, np.float32(1000))
    return (camera.turn_back(camera.slopes_right, 1.0)[1] * depth + np.float32(camera.pose.z)).ravel()


def _along_road(z: Pixels, value: Callable[[Marks], Marks]) -> Pixels:
    """Return a function of z, looked up at marks a quarter of a metre apart."""
    if not len(z):
        return z
    first = np.floor(float(z.min()))
    marks = first + np.arange(min(float(z.max()) - first, 300.0) * 4 + 2) / 4
    index = ((z - np.float32(first)) * 4).astype(np.int32)
    return value(marks).astype(np.float32).take(index, mode="clip")


def _cloud_place(camera: Camera, sky: Chosen) -> tuple[Pixels, Pixels, Pixels]:
    """Return where the rays through the sky meet a layer of clouds of height 1, and a pixel's size there."""
    rows, columns = np.divmod(sky, camera.width)
    x, z = camera.turn_back(camera.slopes_right[columns], 1.0)
    closeness = 1 / (camera.slopes_up[rows] + np.float32(0.18))
    return x * closeness, z * closeness, np.square(closeness) * np.float32(0.4 / camera.focal)
