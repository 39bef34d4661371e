"""Silhouettes and facades: small pictures of part numbers, drawn from equations."""

from collections.abc import Callable
from enum import IntEnum, auto
from functools import cache

import numpy as np
from jaxtyping import Bool, Float, UInt8

from recyclegan.roadworld.materials import Part

CELLS = 128
Grid = Float[np.ndarray, "#rows #columns"]
Where = Bool[np.ndarray, "#rows #columns"]
Layers = list[tuple[Where, Part]]
Shape = UInt8[np.ndarray, "rows columns"]


class Kind(IntEnum):
    """The shapes; the value is the layer in the table of shapes."""

    PLAIN = 0
    FACADE_TALL = auto()
    FACADE_WIDE = auto()
    FACADE_PAIRED = auto()
    FACADE_OFFICE = auto()
    SHOP = auto()
    SIDE_WALL = auto()
    ROOF = auto()
    GABLE = auto()
    CAR_REAR = auto()
    CAR_FRONT = auto()
    CAR_SIDE = auto()
    CAR_CABIN = auto()
    VAN_REAR = auto()
    VAN_SIDE = auto()
    TREE_ROUND = auto()
    TREE_TALL = auto()
    TREE_WIDE = auto()
    BUSH = auto()
    PERSON_STRIDING = auto()
    PERSON_STANDING = auto()
    PERSON_IN_COAT = auto()
    LAMP_POST = auto()
    LAMP_POST_MIRRORED = auto()
    SIGN_ROUND = auto()
    SIGN_TRIANGLE = auto()
    SIGN_BOARD = auto()
    GANTRY = auto()
    BRIDGE = auto()
    CABINET = auto()
    SIGNAL_RED = auto()
    SIGNAL_AMBER = auto()
    SIGNAL_GREEN = auto()


SIGNALS = (Kind.SIGNAL_RED, Kind.SIGNAL_AMBER, Kind.SIGNAL_GREEN)
FACADES = (Kind.FACADE_TALL, Kind.FACADE_WIDE, Kind.FACADE_PAIRED, Kind.FACADE_OFFICE)


def _box(x: Grid, y: Grid, left: float, right: float, low: float, high: float) -> Where:
    return (x >= left) & (x < right) & (y >= low) & (y < high)


def _oval(x: Grid, y: Grid, cx: float, cy: float, rx: float, ry: float) -> Where:
    return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1


def _window(x: Grid, y: Grid, left: float, right: float, low: float, high: float) -> Layers:
    frame, middle = 0.04, (left + right) / 2
    return [
        (_box(x, y, left - frame, right + frame, low - frame, high + frame), Part.TRIM),
        (_box(x, y, left, right, low, high), Part.WINDOW),
        (_box(x, y, middle - 0.012, middle + 0.012, low, high), Part.TRIM),
    ]


def _facade(x: Grid, y: Grid, kind: Kind) -> Layers:
    wall = [(x + y > -1, Part.WALL)]
    match kind:
        case Kind.FACADE_TALL:
            return [*wall, *_window(x, y, 0.32, 0.68, 0.22, 0.80)]
        case Kind.FACADE_WIDE:
            return [*wall, (_box(x, y, 0.0, 1.0, 0.0, 0.06), Part.TRIM), *_window(x, y, 0.16, 0.84, 0.30, 0.78)]
        case Kind.FACADE_PAIRED:
            return [*wall, *_window(x, y, 0.14, 0.42, 0.25, 0.78), *_window(x, y, 0.58, 0.86, 0.25, 0.78)]
        case Kind.FACADE_OFFICE:
            return [*wall, (_box(x, y, 0.03, 0.97, 0.28, 0.86), Part.WINDOW)]
        case Kind.SHOP:
            glass = _box(x, y, 0.07, 0.62, 0.16, 0.66)
            return [*wall, (_box(x, y, 0.0, 1.0, 0.74, 0.95), Part.TRIM), (glass, Part.WINDOW),
                    (_box(x, y, 0.70, 0.92, 0.0, 0.66), Part.DOOR)]  # fmt: skip
        case _:
            return [*wall, *_window(x, y, 0.42, 0.62, 0.35, 0.75)]


def _roof(x: Grid, y: Grid, kind: Kind) -> Layers:
    if kind is Kind.GABLE:
        return [(y < 1 - np.abs(2 * x - 1), Part.WALL), (np.abs(y - 1 + np.abs(2 * x - 1)) < 0.12, Part.ROOF)]
    return [((x > 0.1 * y) & (x < 1 - 0.1 * y), Part.ROOF), (_box(x, y, 0.0, 1.0, 0.0, 0.08), Part.TRIM)]


def _car_end(x: Grid, y: Grid, kind: Kind) -> Layers:
    """Draw a car from behind or ahead: all of a van, but of a car only what is below its cabin."""
    across = np.abs(x - 0.5)
    light = Part.HEADLIGHT if kind is Kind.CAR_FRONT else Part.TAIL_LIGHT
    layers = [
        (_box(x, y, 0.06, 0.24, 0.0, 0.25) | _box(x, y, 0.76, 0.94, 0.0, 0.25), Part.TYRE),
        (_box(x, y, 0.10, 0.90, 0.08, 0.25), Part.TYRE),
        ((y >= 0.17) & (y < 0.58) & (across < 0.495 - 0.5 * np.maximum(0, 0.25 - y)), Part.BODY),
        ((across > 0.33) & (across < 0.47) & (y >= 0.40) & (y < 0.53), light),
        (_box(x, y, 0.38, 0.62, 0.27, 0.37), Part.PLATE),
    ]
    return layers + _cabin(x, y, lean=0.02) if kind is Kind.VAN_REAR else layers


def _car_cabin(x: Grid, y: Grid, _kind: Kind) -> Layers:
    """Draw a car's cabin, and below it the body: what is seen over the bonnet or the boot."""
    return [(_box(x, y, 0.01, 0.99, 0.2, 0.58), Part.BODY), *_cabin(x, y, lean=0.12)]


def _cabin(x: Grid, y: Grid, lean: float) -> Layers:
    across, narrower = np.abs(x - 0.5), lean * (y - 0.55) / 0.4
    return [
        ((y >= 0.55) & (y < 0.98) & (across < 0.46 - narrower), Part.BODY),
        ((y >= 0.60) & (y < 0.90) & (across < 0.40 - narrower), Part.GLASS),
    ]


def _car_side(x: Grid, y: Grid, kind: Kind) -> Layers:
    # x runs from the rear to the front of the car.
    van = kind is Kind.VAN_SIDE
    front = 0.86 if van else 0.70
    rear = 0.02 if van else 0.06
    slope = 0.10 if van else 0.28
    rise = np.clip((y - 0.55) / 0.42, 0, 1)
    cabin = (y >= 0.5) & (y < 0.98) & (x >= rear + (0.0 if van else 0.16) * rise) & (x < front + 0.12 - slope * rise)
    inside = (y >= 0.60) & (y < 0.90) & (x >= rear + 0.05 + 0.14 * rise) & (x < front + 0.07 - slope * rise)
    glass = inside & (x > 0.58) if van else inside & (np.abs(x - 0.46) > 0.015)
    wheels = _oval(x, y, 0.20, 0.21, 0.085, 0.21) | _oval(x, y, 0.80, 0.21, 0.085, 0.21)
    hubs = _oval(x, y, 0.20, 0.21, 0.04, 0.10) | _oval(x, y, 0.80, 0.21, 0.04, 0.10)
    return [
        (_box(x, y, 0.0, 1.0, 0.17, 0.57), Part.BODY), (cabin, Part.BODY), (glass, Part.GLASS),
        (_box(x, y, 0.97, 1.0, 0.40, 0.52), Part.HEADLIGHT), (_box(x, y, 0.0, 0.03, 0.40, 0.52), Part.TAIL_LIGHT),
        (wheels, Part.TYRE), (hubs, Part.PLATE),
    ]  # fmt: skip


def _tree(x: Grid, y: Grid, kind: Kind) -> Layers:
    rng = np.random.default_rng((11, int(kind)))
    base, width, height = {Kind.TREE_ROUND: (0.62, 0.24, 0.20), Kind.TREE_TALL: (0.58, 0.20, 0.27),
                           Kind.TREE_WIDE: (0.66, 0.28, 0.16), Kind.BUSH: (0.40, 0.30, 0.35)}[kind]  # fmt: skip
    crown = _oval(x, y, 0.5, base, width + 0.08, height + 0.06)
    for angle in np.linspace(0, 2 * np.pi, 11)[:-1] + rng.uniform(0, 0.5, 10):
        radius = rng.uniform(0.11, 0.17)
        cx, cy = 0.5 + width * np.cos(angle), base + height * np.sin(angle)
        crown |= _oval(x, y, cx, cy, radius, radius)
    trunk = np.abs(x - 0.5) < 0.035 + 0.03 * np.maximum(0, 0.1 - y) / 0.1
    return [(trunk & (y < base), Part.TRUNK), (crown, Part.CROWN)]


def _person(x: Grid, y: Grid, kind: Kind) -> Layers:
    spread = {Kind.PERSON_STRIDING: 0.24, Kind.PERSON_STANDING: 0.09, Kind.PERSON_IN_COAT: 0.12}[kind]
    hem = 0.30 if kind is Kind.PERSON_IN_COAT else 0.46
    fall = np.maximum(0, 0.5 - y)
    legs = (np.abs(np.abs(x - 0.5) - 0.10 - spread * fall) < 0.11) & (y < 0.5)
    arms = (np.abs(np.abs(x - 0.5) - 0.30 - 0.25 * np.maximum(0, 0.75 - y)) < 0.09) & (y > 0.44) & (y < 0.80)
    torso = (np.abs(x - 0.5) < 0.27 - 0.08 * np.abs(y - 0.72)) & (y >= hem) & (y < 0.83)
    return [
        (legs, Part.LEGS), (_box(x, y, 0.42, 0.58, 0.80, 0.88), Part.SKIN), (arms, Part.TOP), (torso, Part.TOP),
        (_oval(x, y, 0.5, 0.92, 0.17, 0.08), Part.SKIN), (_oval(x, y, 0.5, 0.955, 0.17, 0.045), Part.HAIR),
    ]  # fmt: skip


def _lamp_post(x: Grid, y: Grid, kind: Kind) -> Layers:
    if kind is Kind.LAMP_POST_MIRRORED:
        x = 1 - x
    post = (np.abs(x - 0.88) < 0.05 + 0.04 * (y < 0.18)) & (y < 0.97)
    return [(post, Part.METAL), (_box(x, y, 0.10, 0.93, 0.94, 0.975), Part.METAL),
            (_box(x, y, 0.0, 0.36, 0.925, 0.985), Part.LAMP)]  # fmt: skip


def _sign(x: Grid, y: Grid, kind: Kind) -> Layers:
    post = (np.abs(x - 0.5) < 0.055) & (y < 0.7)
    if kind is Kind.SIGN_ROUND:
        face, inner = _oval(x, y, 0.5, 0.80, 0.5, 0.20), _oval(x, y, 0.5, 0.80, 0.37, 0.148)
        mark = _box(x, y, 0.27, 0.73, 0.775, 0.825)
    elif kind is Kind.SIGN_TRIANGLE:
        face, inner = _triangle(x, y, 0.60, 1.0), _triangle(x, y, 0.645, 0.92)
        mark = _box(x, y, 0.45, 0.55, 0.67, 0.82)
    else:
        face, inner = _box(x, y, 0.0, 1.0, 0.58, 1.0), _box(x, y, 0.06, 0.94, 0.605, 0.975)
        mark = _box(x, y, 0.18, 0.82, 0.83, 0.90) | _box(x, y, 0.18, 0.60, 0.69, 0.76)
    return [(post, Part.METAL), (face, Part.SIGN_EDGE), (inner, Part.SIGN_FACE), (mark, Part.SIGN_MARK)]


def _triangle(x: Grid, y: Grid, low: float, high: float) -> Where:
    return (y >= low) & (np.abs(x - 0.5) < 0.5 * (high - y) / 0.4)


def _span(x: Grid, y: Grid, kind: Kind) -> Layers:
    """Draw what spans the road: a gantry that carries two boards, or a concrete footbridge."""
    if kind is Kind.BRIDGE:
        piers = (np.abs(x - 0.5) > 0.42) & (np.abs(x - 0.5) < 0.46)
        rail = (y > 0.88) & ((x * 40 % 1 < 0.25) | (y > 0.97))
        return [(piers, Part.CONCRETE), (_box(x, y, 0.0, 1.0, 0.70, 0.89), Part.CONCRETE), (rail, Part.METAL)]
    layers = [(np.abs(x - 0.5) > 0.478, Part.METAL), (_box(x, y, 0.0, 1.0, 0.86, 0.93), Part.METAL)]
    for left in (0.16, 0.54):
        layers += [
            (_box(x, y, left, left + 0.29, 0.74, 1.0), Part.SIGN_EDGE),
            (_box(x, y, left + 0.012, left + 0.278, 0.755, 0.985), Part.SIGN_FACE),
            (_box(x, y, left + 0.05, left + 0.24, 0.90, 0.94), Part.SIGN_MARK),
            (_box(x, y, left + 0.05, left + 0.17, 0.81, 0.85), Part.SIGN_MARK),
        ]
    return layers


def _signal(x: Grid, y: Grid, kind: Kind) -> Layers:
    """Draw a traffic light on a post; of its three lamps one shines."""
    post, case = (np.abs(x - 0.5) < 0.07) & (y < 0.58), _box(x, y, 0.0, 1.0, 0.56, 1.0)
    part, height = {
        Kind.SIGNAL_RED: (Part.SIGNAL_RED, 0.91),
        Kind.SIGNAL_AMBER: (Part.SIGNAL_AMBER, 0.78),
        Kind.SIGNAL_GREEN: (Part.SIGNAL_GREEN, 0.65),
    }[kind]
    return [(post, Part.METAL), (case, Part.SIGNAL_CASE), (_oval(x, y, 0.5, height, 0.40, 0.075), part)]


def _plain(x: Grid, y: Grid, kind: Kind) -> Layers:
    return [(x + y > -1, Part.CONCRETE if kind is Kind.CABINET else Part.WALL)]


_ARTISTS: tuple[tuple[Kind, Callable[[Grid, Grid, Kind], Layers]], ...] = (
    (Kind.PLAIN, _plain), (Kind.FACADE_TALL, _facade), (Kind.ROOF, _roof), (Kind.CAR_REAR, _car_end),
    (Kind.CAR_SIDE, _car_side), (Kind.CAR_CABIN, _car_cabin), (Kind.VAN_REAR, _car_end), (Kind.VAN_SIDE, _car_side),
    (Kind.TREE_ROUND, _tree), (Kind.PERSON_STRIDING, _person), (Kind.LAMP_POST, _lamp_post), (Kind.SIGN_ROUND, _sign),
    (Kind.GANTRY, _span), (Kind.CABINET, _plain),
    (Kind.SIGNAL_RED, _signal),
)  # fmt: skip
"""Who draws which kinds: each artist from its kind up to the next one's."""


def _draw(kind: Kind) -> Shape:
    along = ((np.arange(CELLS) + 0.5) / CELLS).astype(np.float64)
    x, y = along[None, :], along[:, None]
    artist = [draw for first, draw in _ARTISTS if first <= kind][-1]
    shape = np.zeros((CELLS, CELLS), np.uint8)
    for where, part in artist(x, y, kind):
        shape[np.broadcast_to(where, shape.shape)] = part
    return shape


@cache
def shapes() -> UInt8[np.ndarray, "kinds cells"]:
    """Return all shapes as part numbers: row 0 of a shape is its foot, column 0 its left; each flattened."""
    return np.stack([_draw(kind).ravel() for kind in Kind])
