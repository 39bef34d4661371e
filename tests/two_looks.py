"""A tiny world in two looks whose layouts differ: a toy game under a wide blue sky, and a race between dark woods."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from lightning_fabric import Fabric

from recyclegan.arrays import Image
from recyclegan.domains import Direction, source_domain, target_domain
from recyclegan.flow import Motion, sample_motion
from recyclegan.metrics.frame_numbers import Numbers, look_of, numbers_of, pair_of
from recyclegan.metrics.temporal import equivariance_error
from recyclegan.settings.methods import METHODS, UnsupRecycleGANConfig
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import NetworkConfig
from recyclegan.settings.training import TrainConfig
from recyclegan.steps import TrainState, train_step
from recyclegan.tensors import to_frames, to_images

SIZE = (32, 48)
NUM_FRAMES = 48
HELD_OUT = 8


@dataclass(frozen=True)
class Look:
    """Colours of a look, and the share of the frame's height at which its ground begins."""

    sky: tuple[int, int, int]
    ground: tuple[int, int, int]
    road: tuple[int, int, int]
    trees: tuple[int, int, int]
    horizon: tuple[float, float]
    tree_height: tuple[float, float]
    cars: tuple[tuple[int, int, int], ...]


TOY = Look(
    (110, 180, 240), (110, 200, 70), (180, 160, 130), (60, 140, 50), (0.4, 0.6), (0.05, 0.2),
    ((230, 60, 50), (240, 220, 60), (235, 235, 240), (60, 60, 70)),
)  # fmt: skip
RACE = Look(
    (190, 200, 205), (90, 110, 60), (85, 85, 90), (22, 27, 20), (0.3, 0.5), (0.3, 0.6),
    ((150, 40, 40), (60, 70, 110), (22, 22, 24)),
)  # fmt: skip
LOOKS = {"a": TOY, "b": RACE}


CLASSES = ("sky", "ground", "road", "trees", "cars")
Scene = tuple[Image, np.ndarray]
"""A frame, and the number of the class of each pixel."""


def draw_scene(look: Look, rng: np.random.Generator, size: tuple[int, int] = SIZE) -> Scene:
    """Return a frame: sky that pales towards the horizon, ground, a road, trees along the horizon, cars.

    All things grow with the height of the frame.
    """
    height, width = size
    large = height / SIZE[0]
    rows, columns = np.mgrid[:height, :width]
    horizon = height * rng.uniform(*look.horizon)
    classes = np.where(rows < horizon, 0, 1)
    vanishing, lean = width * rng.uniform(0.3, 0.7), rng.uniform(0.6, 1.4)
    classes[(rows >= horizon) & (np.abs(columns - vanishing) < 3 * large + lean * (rows - horizon))] = 2
    for _ in range(rng.integers(3, 8)):
        top, half = height * rng.uniform(*look.tree_height), large * rng.uniform(2, 7)
        crown = np.abs(columns - rng.uniform(0, width)) / half + np.abs(rows - horizon + top / 2) / (top / 2 + 1)
        classes[crown < 1.4] = 3
    frame = np.array([look.sky, look.ground, look.road, look.trees, (0, 0, 0)], float)[classes]
    haze = (rows / horizon).clip(0, 1)[..., None] * 0.25 * (classes == 0)[..., None]
    frame = frame * (1 - haze) + 235 * haze
    for _ in range(rng.integers(1, 4)):
        x, y, side = rng.uniform(0, width), rng.uniform(horizon, height), large * rng.uniform(3, 8)
        car = (np.abs(columns - x) < side) & (np.abs(rows - y) < side / 2)
        frame[car], classes[car] = look.cars[rng.integers(len(look.cars))], 4
    grain = rng.normal(0, 4, (height, width, 1)) + rng.normal(0, 6)
    return (frame + grain).round().clip(14, 245).astype(np.uint8), classes


def scenes(domain: str, count: int, seed: int, size: tuple[int, int] = SIZE) -> list[Scene]:
    """Return frames of a domain with their classes."""
    rng = np.random.default_rng([seed, ord(domain)])
    return [draw_scene(LOOKS[domain], rng, size) for _ in range(count)]


def footage(domain: str, count: int, seed: int, size: tuple[int, int] = SIZE) -> list[Image]:
    """Return frames of a domain."""
    return [frame for frame, _ in scenes(domain, count, seed, size)]


def recipe(networks: NetworkConfig, seed: int = 0, **changes: object) -> TrainConfig:
    """Return how the two looks are trained: the published terms, and what is asked for."""
    method = replace(UnsupRecycleGANConfig(), **changes.pop("method", {}))  # type: ignore[call-overload]
    return TrainConfig("data", "run", method, networks, seed=seed, device="cpu", **changes)  # type: ignore[arg-type]


def started(config: TrainConfig, steps: int) -> TrainState:
    """Return the state before the first of some steps."""
    torch.manual_seed(config.seed)
    kind = METHODS[config.method_name]
    fabric = Fabric(accelerator="cpu", devices=1, precision=config.precision)
    return TrainState(kind(config.method, config.networks), config, fabric, steps)


def trained(config: TrainConfig, steps: int) -> TrainState:
    """Return the state after some steps on frames that stay in memory."""
    state = started(config, steps)
    frames = {domain: to_frames(np.stack(footage(domain, NUM_FRAMES, 1))) for domain in LOOKS}
    order = np.random.default_rng(config.seed)
    for step in range(steps):
        batch = {domain: known[[order.integers(NUM_FRAMES)]][:, None] for domain, known in frames.items()}
        train_step(state, batch, step)
    return state


@torch.inference_mode()
def judged(state: TrainState, direction: Direction, size: tuple[int, int] = SIZE) -> Numbers:
    """Return the numbers of held-out frames of a direction, what became of each class, and unsteadiness."""
    G = state.method.generators[direction].eval()
    sources, classes = zip(*scenes(source_domain(direction), HELD_OUT, 2, size), strict=True)
    translated = to_images(G(to_frames(np.stack(sources))))
    target = footage(target_domain(direction), NUM_FRAMES, 3, size)
    pairs = [pair_of(*both) for both in zip(sources, translated, strict=True)]
    return {
        **numbers_of(pairs, [look_of(image) for image in target]),
        **by_class(translated, np.stack(classes), LOOKS[target_domain(direction)]),
        "unsteadiness": unsteadiness(G, sources),
    }


def by_class(translated: np.ndarray, classes: np.ndarray, target: Look) -> Numbers:
    """Return how many pixels of the sky turned dark, how many are nearer to the colour of another class than to their
    own, and how far the colour of the rest is from that of their class, in levels.
    """
    colours = np.array([target.sky, target.ground, target.road, target.trees], float)
    known = classes < len(colours)
    distances = np.linalg.norm(translated[known][:, None] - colours, axis=2)
    own = distances[np.arange(len(distances)), classes[known]]
    astray = distances.min(axis=1) < own - 1e-9
    sky = translated[classes == 0].mean(axis=1)
    return {"dark_sky": float((sky < 100).mean()), "astray": float(astray.mean()), "off": float(own[~astray].mean())}


def unsteadiness(translate: object, sources: Sequence[Image]) -> float:
    """Return the mean equivariance error under fixed motions; black to white = 1."""
    rng, frames = torch.Generator().manual_seed(0), to_frames(np.stack(sources))
    motion: Motion = sample_motion(FlowSynthesis(), frames, rng)
    return float(equivariance_error(translate, frames, motion).mean())  # type: ignore[arg-type]
