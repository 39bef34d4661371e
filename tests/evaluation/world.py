"""A small world with known motion: a textured picture and its classes that move by whole pixels each frame."""

from pathlib import Path

import numpy as np

from recyclegan.labels import VIPER
from recyclegan.video import write_image

HEIGHT, WIDTH, LENGTH = 48, 64, 8
STEP = (2, -1)
"""How far the picture moves each frame, in pixels (dx, dy)."""
CLASSES = np.array([2, 3, 9, 24], np.uint8)


def _blocks(seed, values, cell):
    rng = np.random.default_rng(seed)
    coarse = values[rng.integers(0, len(values), (HEIGHT // cell * 2 + 4, WIDTH // cell * 2 + 4))]
    return coarse.repeat(cell, 0).repeat(cell, 1)


def moving(scene, length=LENGTH):
    """Return windows on a scene whose content moves by STEP each frame."""
    dx, dy = STEP
    starts = [(HEIGHT // 2 - t * dy, WIDTH // 2 - t * dx) for t in range(length)]
    return np.stack([scene[y : y + HEIGHT, x : x + WIDTH] for y, x in starts])


def pictures(seed=0, length=LENGTH):
    levels = np.random.default_rng(seed).integers(40, 210, (64, 3)).astype(np.uint8)
    return moving(_blocks(seed, levels, 4), length)


def class_maps(seed=0, length=LENGTH):
    return moving(_blocks(seed + 100, CLASSES, 8), length)


def label_maps(classes):
    colours = np.zeros((256, 3), np.uint8)
    colours[list(VIPER.ids)] = VIPER.colours
    return colours[classes]


def truth(classes):
    flow = np.broadcast_to(np.array(STEP, np.float32), (len(classes), HEIGHT, WIDTH, 2)).copy()
    visible = np.zeros(classes.shape, bool)
    visible[1:, : HEIGHT + STEP[1], STEP[0] :] = True
    flow[0] = 0
    return {"classes": classes, "flow_backward": flow, "visible_backward": visible}


def write_clip(folder: Path, images) -> Path:
    folder.mkdir(parents=True)
    for index, image in enumerate(images):
        write_image(folder / f"{index:03d}.png", image)
    return folder


def write_truth(path: Path, classes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **truth(classes))
    return path


def write_world(root: Path, num_clips=2) -> Path:
    """Write source, labels and truth of some clips."""
    for clip in range(num_clips):
        write_clip(root / "source" / f"clip{clip}", pictures(clip))
        write_clip(root / "labels" / f"clip{clip}", label_maps(class_maps(clip)))
        write_truth(root / "truth" / f"clip{clip}.npz", class_maps(clip))
    return root
