"""The catalogue of measures: what each is called, how it is taken, and which way is better."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Measure:
    """A number that an evaluation gives; its name fixes its whole protocol, but for what the report states once."""

    name: str
    title: str
    how: str
    better: Literal["lower", "higher"] | None
    unit: str = ""


_FULL = "intensity, black to white = 1"
_PATCHES = "sliced Wasserstein-1 distance between 7x7 patches, 256 directions"
_DEVIATIONS = "standard deviations of the target's band"

STEADINESS = (
    Measure(
        "added_flicker",
        "Added flicker",
        "mean absolute difference to the warped frame before, beyond the source's at that pixel, over visible pixels",
        "lower",
        _FULL,
    ),
    Measure(
        "warping_error",
        "Warping error",
        "mean squared difference to the warped frame before, over channels and visible pixels",
        "lower",
        f"{_FULL}, squared",
    ),
    Measure(
        "soft_warping_error",
        "Warping error (L1, soft mask)",
        "mean over all pixels of the absolute difference to the warped frame before, times exp(-50 d^2), d the"
        " difference of the source to its warped frame before (d^2 summed over channels)",
        "lower",
        _FULL,
    ),
    Measure(
        "flow_difference",
        "Motion difference (tOF)",
        "mean distance between the flow estimated on the output and on the source",
        "lower",
        "pixels",
    ),
    Measure(
        "perceptual_change_difference",
        "Perceptual change difference (tLP)",
        "mean difference between the perceptual distance of neighbouring frames in the output and in the source",
        "lower",
    ),
)
CLASSES = (
    Measure("mean_iou", "Mean IoU", "intersection over union, mean over classes", "higher"),
    Measure("mean_accuracy", "Mean class accuracy", "share of each class's pixels found, mean over classes", "higher"),
    Measure("pixel_accuracy", "Pixel accuracy", "share of pixels of the right class", "higher"),
    Measure(
        "class_flips",
        "Class flips",
        "share of visible pixels whose predicted class changes along the motion while the true class does not",
        "lower",
    ),
)
SHARPNESS = Measure(
    "sharpness",
    "Sharpness",
    "mean length of the brightness gradient; well below the target's, steadiness was bought with blur",
    None,
    "intensity a pixel",
)
LIKENESS = (
    Measure("patches_fine", "Distance to target, fine", f"{_PATCHES}, finest frequency band", "lower", _DEVIATIONS),
    Measure("patches_middle", "Distance to target, middle", f"{_PATCHES}, middle frequency band", "lower", _DEVIATIONS),
    Measure(
        "patches_coarse", "Distance to target, coarse", f"{_PATCHES}, at a quarter of the size", "lower", _DEVIATIONS
    ),
    Measure("fid", "FID", "Fréchet distance between Gaussians fitted to the features", "lower"),
    Measure("kid", "KID", "unbiased squared MMD of the features under the cubic kernel, all pairs", "lower"),
)
MEASURES: dict[str, Measure] = {measure.name: measure for measure in (*STEADINESS, *CLASSES, SHARPNESS, *LIKENESS)}
"""Every measure by name, in the order of the report."""
