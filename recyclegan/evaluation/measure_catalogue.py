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
    norm: str = ""
    """How differences become one number, where they do."""
    flow: Literal["warped", "seen", "followed"] | None = None
    """What motion is for: frames are warped by it, it is itself compared, or classes are followed along it."""
    mask: Literal["trusted", "soft", "all"] | None = None
    """Which pixels count: those whose flow can be trusted, all by a weight, or all."""
    taken_on: Literal["pairs", "frames", "sample", "learned"] = "pairs"
    """Neighbouring frames, all frames, frames that are evenly spread, or what was learned from such frames."""


_FULL = "intensity, black to white = 1"

STEADINESS = (
    Measure(
        "added_flicker",
        "Added flicker",
        "mean absolute difference to the warped frame before, beyond the source's at that pixel, over visible pixels",
        "lower",
        _FULL,
        "absolute difference, mean over channels",
        "warped",
        "trusted",
    ),
    Measure(
        "warping_error",
        "Warping error",
        "mean squared difference to the warped frame before, over channels and visible pixels",
        "lower",
        f"{_FULL}, squared",
        "squared difference, mean over channels",
        "warped",
        "trusted",
    ),
    Measure(
        "soft_warping_error",
        "Warping error (L1, soft mask)",
        "mean over all pixels of the absolute difference to the warped frame before, times exp(-50 d^2), d the"
        " difference of the source to its warped frame before (d^2 summed over channels)",
        "lower",
        _FULL,
        "absolute difference, mean over channels",
        "warped",
        "soft",
    ),
    Measure(
        "flow_difference",
        "Motion difference (tOF)",
        "mean distance between the flow estimated on the output and on the source",
        "lower",
        "pixels",
        "Euclidean length of the difference",
        "seen",
        "all",
    ),
    Measure(
        "perceptual_change_difference",
        "Perceptual change difference (tLP)",
        "mean difference between the perceptual distance of neighbouring frames in the output and in the source",
        "lower",
        norm="absolute difference",
        mask="all",
    ),
)
CLASSES = (
    Measure(
        "mean_iou",
        "Mean IoU",
        "intersection over union, mean over classes",
        "higher",
        "share",
        taken_on="frames",
    ),
    Measure(
        "mean_accuracy",
        "Mean class accuracy",
        "share of each class's pixels found, mean over classes",
        "higher",
        "share",
        taken_on="frames",
    ),
    Measure(
        "pixel_accuracy",
        "Pixel accuracy",
        "share of pixels of the right class",
        "higher",
        "share",
        taken_on="frames",
    ),
    Measure(
        "class_flips",
        "Class flips",
        "share of visible pixels whose predicted class changes along the motion while the true class does not",
        "lower",
        "share",
        flow="followed",
        mask="trusted",
    ),
)
SHARPNESS = Measure(
    "sharpness",
    "Sharpness",
    "mean length of the brightness gradient; well below the target's, steadiness was bought with blur",
    None,
    "intensity a pixel",
    "Euclidean length of the gradient",
    mask="all",
    taken_on="frames",
)
DISTANCES = (
    *(
        Measure(
            f"patches_{band}",
            f"Distance to target, {band}",
            f"sliced Wasserstein-1 distance between 7x7 patches, 256 directions, {where}",
            "lower",
            "standard deviations of the target's band",
            "Wasserstein-1, mean over directions",
            taken_on="sample",
        )
        for band, where in (
            ("fine", "finest frequency band"),
            ("middle", "middle frequency band"),
            ("coarse", "at a quarter of the size"),
        )
    ),
    Measure(
        "fid",
        "FID",
        "Fréchet distance between Gaussians fitted to the features",
        "lower",
        norm="squared Fréchet distance",
        taken_on="sample",
    ),
    Measure(
        "kid",
        "KID",
        "unbiased squared MMD of the features under the cubic kernel, all pairs",
        "lower",
        norm="squared maximum mean discrepancy",
        taken_on="sample",
    ),
)

_PLACES = (
    "places around which one true class is alone to the target's places of that class, mean over classes; how much of a"
    " frame a class takes does not count"
)
CLASS_DISTANCES = (
    Measure(
        "class_kernel",
        "Kernel distance by classes",
        f"kernel distance of the features of {_PLACES}. Second stage of EfficientNet-Lite0, 4x4 pixels a place, in the"
        " deviations that features have in the target",
        "lower",
        norm="squared maximum mean discrepancy",
        taken_on="sample",
    ),
    Measure(
        "class_patches",
        "Patch distance by classes",
        f"sliced Wasserstein-1 distance between 7x7 patches, 256 directions, of {_PLACES}",
        "lower",
        "standard deviations of the target",
        "Wasserstein-1, mean over directions",
        taken_on="sample",
    ),
)
"""Realism by true classes: by features where their weights are installed, else by patches."""
FEATURES = (
    Measure(
        "feature_frechet",
        "Fréchet distance of features",
        "Fréchet distance between Gaussians fitted to the mean features of frames, middle layer of EfficientNet-Lite0;"
        " no FID, whose network and numbers are others",
        "lower",
        norm="squared Fréchet distance",
        taken_on="sample",
    ),
    Measure(
        "feature_kernel",
        "Kernel distance of features",
        "unbiased squared MMD of the same features under the cubic kernel, all pairs; no KID",
        "lower",
        norm="squared maximum mean discrepancy",
        taken_on="sample",
    ),
    Measure(
        "aligned_kernel",
        "Aligned kernel distance",
        "kernel distance of the features of 4 by 8 cells, to the target's cells of the kind that the source shows there"
        " (4 kinds in each of 4 bands); mean over cells. Layout does not count",
        "lower",
        norm="squared maximum mean discrepancy",
        taken_on="sample",
    ),
    *CLASS_DISTANCES,
)
"""Realism: distances to the target under features that need no network access."""
STRUCTURE = Measure(
    "structure_distance",
    "Structure distance",
    "mean squared difference to the source in which places of a frame are like which, by the cosine of features from"
    " the middle layer of EfficientNet-Lite0",
    "lower",
    "squared cosine",
    "squared difference, mean over pairs of places",
    mask="all",
    taken_on="frames",
)

USE = (
    Measure(
        "downstream_iou",
        "Downstream mean IoU",
        "mean IoU on real target frames of a small segmenter that learned from translated frames with the source's"
        " classes; beside it one that learned from the source's frames, and one from target frames",
        "higher",
        "share",
        taken_on="learned",
    ),
    Measure(
        "gap_closed",
        "Gap closed",
        "how much of the way from the segmenter of the source's frames to that of target frames translation goes",
        "higher",
        "share",
        taken_on="learned",
    ),
)


def _survival(name: str, title: str, which: str) -> Measure:
    how = (
        f"of {which} half of whose pixels or more are read as their class in the source, the share, by number, that are"
        " so in the translated frame, by small segmenters that learned from target frames and from the source's other"
        " clips; copies of the source keep all"
    )
    return Measure(name, title, how, "higher", "share", taken_on="learned")


SURVIVAL = (
    _survival("class_survival", "Objects kept", "all vehicles, people, signs and lights"),
    _survival("vehicles_kept", "Vehicles kept", "vehicles"),
    _survival("people_kept", "People kept", "people"),
    _survival("signs_kept", "Signs kept", "traffic signs"),
    _survival("lights_kept", "Lights kept", "traffic lights"),
    Measure(
        "light_colours_kept",
        "Colours of lights kept",
        "share of traffic lights that shine red, amber or green in the source and shine so in the translated frame, by"
        " the hue of that tenth of their pixels whose colour is purest",
        "higher",
        "share",
        taken_on="sample",
    ),
)
"""Objects whose class survives: pixels that touch and share a class."""


def _picture(name: str, title: str, how: str, better: Literal["lower", "higher"] | None, unit: str) -> Measure:
    return Measure(name, title, how, better, unit, taken_on="frames")


PICTURES = (
    _picture(
        "lightness_agreement",
        "Lightness agreement",
        "correlation with the source of what is lighter than its surroundings; -1 is a negative",
        "higher",
        "correlation",
    ),
    _picture(
        "swapped_area",
        "Swapped area",
        "share of the area in which light and dark have changed places: windows of that correlation below -0.3",
        "lower",
        "share",
    ),
    _picture(
        "edges_kept",
        "Edges kept",
        "steepness of the source's edges, in units of the contrast around them, as a share of the source's",
        "higher",
        "share",
    ),
    _picture(
        "detail_kept",
        "Detail kept",
        "fine detail in units of coarse contrast, as a share of the source's or the target's, whichever has less",
        "higher",
        "share",
    ),
    _picture(
        "holes",
        "Holes",
        "share of the area that is black, white or of a pure colour where the source is not, beyond the target's of"
        " that colour",
        "lower",
        "share",
    ),
    _picture(
        "ghosts",
        "Ghosts",
        "share of what is flat in the source that holds structure; a weak measure, which lamps and clouds raise",
        "lower",
        "share",
    ),
    _picture(
        "checkerboard",
        "Checkerboard",
        "by how much patterns of two or four pixels stand out of the spectrum, beyond source and target",
        "lower",
        "dB",
    ),
    _picture(
        "tint",
        "Tint",
        "distance of the mean colour from the way between source and target, beyond twice the target's spread",
        "lower",
        "levels of 255",
    ),
    _picture(
        "saturated",
        "Saturated values",
        "share of values that are black or at full light, beyond source and target",
        "lower",
        "share",
    ),
    _picture(
        "variety_kept",
        "Variety kept",
        "how much the frames of a clip differ, as a share of how much the source's do",
        None,
        "share",
    ),
    _picture("contrast", "Contrast", "standard deviation within the frame that has most", None, "levels of 255"),
    _picture("change", "Change", "mean difference to the source", None, "levels of 255"),
)
"""What the verdict rests on; see `recyclegan.metrics.frame_numbers`."""
MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (*PICTURES, STRUCTURE, *STEADINESS, *CLASSES, SHARPNESS, *DISTANCES, *FEATURES, *USE, *SURVIVAL)
}
"""Every measure by name, in the order of the report."""
