"""What is wrong with translated pictures, or right: measures of one frame, and of a frame beside its source.

Frames are 8-bit images of one channel or three. What is found is in levels of 255, shares from 0 to 1, or decibels.
"""

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float32, Float64, UInt8
from PIL import Image as Pillow

from recyclegan.arrays import Picture

Thumb = UInt8[np.ndarray, "side side 3"]
Thumbs = UInt8[np.ndarray, "_ side side 3"]
Patterns = Float32[np.ndarray, "_ pixels"]
"""What each of some frames shows, as a vector."""
Grey = Float32[np.ndarray, "height width"]
"""Brightness, 0 to 255."""
Region = Bool[np.ndarray, "height width"]
NUM_KINDS = 8
Kinds = Float64[np.ndarray, " 8"]
"""A number for black, the six pure colours, and white, by which of red, green and blue are full."""

SIDE = 32
"""Height and width of thumbnails."""
SHORT = 64
"""Pixels of the shorter side at which regions are looked for."""
SURROUNDINGS = 7
"""Pixels of the windows in which brightness is compared with its surroundings."""
GREY = np.array((0.299, 0.587, 0.114), np.float32)
FAINT = 2.0
"""Standard deviation in a window, in levels, up to which it shows nothing."""
SWAPPED = -0.3
"""Correlation of brightness in a window up to which dark and light have changed places."""
ALMOST = 10
"""Levels from black or full light up to which a channel counts as there."""
FAR = 26
"""Levels from which a channel is clearly elsewhere."""
FLAT = 3.0
"""Standard deviation in a window of the source up to which nothing is there."""
STRUCTURED = 10.0
"""Standard deviation from which something is."""
EDGE = 3.0
"""Levels a pixel from which brightness has an edge; of all such pixels those of the steepest tenth count."""
EDGE_WINDOW = 9
COARSER = 4
"""Times by which a frame is reduced to tell its detail from its contrast."""
LARGEST_SPECTRUM = 512
LEAST_RIPPLE = 0.02
"""Amplitude of a pattern, in levels, up to which nobody could see it."""


def as_rgb(image: Picture) -> Picture:
    """Return an image with three channels."""
    return image if image.shape[2] == 3 else image[..., :1].repeat(3, axis=2)


def thumbnail(image: Picture) -> Thumb:
    """Return a frame squeezed into a small square, each pixel the mean of those that it stands for."""
    return np.asarray(Pillow.fromarray(as_rgb(image)).resize((SIDE, SIDE), Pillow.Resampling.BOX))


def patterns_of(thumbs: Thumbs) -> Patterns:
    """Return what thumbnails show: brightness, less the mean of the surroundings."""
    grey = torch.from_numpy(thumbs @ GREY)[:, None]
    return (grey - _surroundings(grey, SURROUNDINGS)).flatten(1).numpy()


def lightness_agreement(source: Picture, translated: Picture) -> float:
    """Return how far what is lighter than its surroundings is so in the source too: a correlation, -1 to 1.

    -1 is a negative, 1 the same light and shade. Brightness as such does not count, so that a sky may turn dark by
    night. NaN where the source is flat.
    """
    (before,), (after,) = (patterns_of(thumbnail(image)[None]) for image in (source, translated))
    if before.std() <= FAINT / 4:
        return float("nan")
    return float((before * after).mean() / max(before.std() * after.std(), 0.1))


def swapped_area(source: Picture, translated: Picture) -> float:
    """Return the share, 0 to 1, of the area in which dark and light have changed places.

    Counted are windows in which both frames show something: their correlation is below -0.3. NaN where there is none.
    """
    before, after = (_grey(reduced(image, SIDE)) for image in (source, translated))
    products = _mean(before * after) - _mean(before) * _mean(after)
    spreads = local_contrast(before), local_contrast(after)
    textured = (spreads[0] > FAINT) & (spreads[1] > FAINT)
    correlations = products / np.maximum(spreads[0] * spreads[1], FAINT)
    return float((correlations[textured] < SWAPPED).mean()) if textured.any() else float("nan")


def edges_kept(source: Picture, translated: Picture) -> float:
    """Return how steep brightness still is at the source's edges, as a share of the source; 1 is all of it.

    Steepness is in units of the contrast around, so that a darker or paler look costs nothing. NaN without edges.
    """
    before, after = _grey(source), _grey(translated)
    slopes = _slope(before)
    steep = slopes >= max(float(np.quantile(slopes, 0.9)), EDGE)
    if not steep.any():
        return float("nan")
    kept, all_of_it = (np.median(_steepness(grey)[steep]) for grey in (after, before))
    return float(kept / all_of_it)


def detail(image: Picture) -> float:
    """Return how much of a frame's contrast lies in its finest detail: about 1 in a blurred one, 2 and more in a sharp.

    The mean slope at full size in units of that of the frame reduced to a quarter.
    """
    grey = _grey(image)
    height, width = (side // COARSER * COARSER for side in grey.shape)
    coarse = grey[:height, :width].reshape(height // COARSER, COARSER, width // COARSER, COARSER).mean(axis=(1, 3))
    return float(COARSER * _slope(grey).mean() / max(_slope(coarse).mean(), 1.0))


def blobs(image: Picture) -> Region:
    """Return where a reduced frame has regions that are black, white or of a pure colour, five hundredths wide or more.

    Every channel lies within 10 levels of 0 or 255. The frame is reduced to 64 pixels on its shorter side.
    """
    filled = torch.from_numpy(_ends(reduced(image)) <= ALMOST).float()[None, None]
    core = -F.max_pool2d(F.pad(-filled, [1] * 4, value=-1.0), 3, stride=1)
    return F.max_pool2d(core, 3, stride=1, padding=1)[0, 0].numpy() > 0


def new_blobs(source: Picture, translated: Picture) -> float:
    """Return the share, 0 to 1, of the area that is black, white or of a pure colour where the source is not so.

    Levels of the source are first spread over the whole range: what is darkest in fog may well become black.
    """
    return float(new_blobs_by_kind(source, translated).sum())


def blobs_by_kind(image: Picture) -> Kinds:
    """Return the share of the area, 0 to 1, of regions of each pure colour; their sum is that of `blobs`."""
    return _by_kind(image, blobs(image))


def new_blobs_by_kind(source: Picture, translated: Picture) -> Kinds:
    """Return the shares of each pure colour of what `new_blobs` counts."""
    return _by_kind(translated, blobs(translated) & (_ends(_spread(reduced(source))) > FAR))


def _by_kind(image: Picture, region: Region) -> Kinds:
    kinds = (reduced(image)[region] > 127) @ np.array([4, 2, 1])
    return np.bincount(kinds, minlength=NUM_KINDS) / region.size


def ghosts(source: Picture, translated: Picture) -> tuple[float, float]:
    """Return the share of the area that holds structure where the source is flat, and the share that is flat there.

    The source's contrast is first brought to the translation's, where that is larger: a pale or dark source is no flat
    one. A weak measure: it knows no halo beside an edge, and takes a lamp that the new look lights for a ghost.
    """
    before, after = (local_contrast(_grey(reduced(image))) for image in (source, translated))
    gain = max(1.0, float(after.mean()) / max(float(before.mean()), 0.1))
    flat = before * gain < FLAT
    return float((flat & (after > STRUCTURED)).mean()), float(flat.mean())


def ripple(image: Picture) -> float:
    """Return how far patterns that repeat every two or four pixels stand out, in decibels; about 7 in footage.

    The largest peak of the spectrum there, over what lies around it. Strided layers of a generator make such patterns
    (checkerboards). A frame that was resized afterwards hides them.
    """
    grey = _grey(image)[:LARGEST_SPECTRUM, :LARGEST_SPECTRUM]
    height, width = (side // 4 * 4 for side in grey.shape)
    spectrum = _spectrum(grey[:height, :width])
    places = [(row * height // 4, column * width // 4) for row in range(4) for column in range(4) if row or column]
    least = (LEAST_RIPPLE * height * width / 4) ** 2
    return max(_peak(spectrum, row, column, least) for row, column in places)


def mean_chroma(image: Picture) -> Float64[np.ndarray, "2"]:
    """Return the mean colour without its brightness, in levels: red less green, and yellow less blue."""
    red, green, blue = as_rgb(image).reshape(-1, 3).mean(axis=0)
    return np.array([red - green, (red + green) / 2 - blue])


def saturated_values(image: Picture) -> float:
    """Return the share, 0 to 1, of colour values that are black or at full light."""
    small = thumbnail(image)
    return float(((small <= 2) | (small >= 253)).mean())


def reduced(image: Picture, short: int = SHORT) -> Picture:
    """Return a frame with ``short`` pixels on its shorter side, each the mean of those that it stands for."""
    height, width = image.shape[:2]
    scale = short / min(height, width)
    if scale >= 1:
        return as_rgb(image)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Pillow.fromarray(as_rgb(image)).resize(size, Pillow.Resampling.BOX))


def local_contrast(grey: Grey, side: int = SURROUNDINGS) -> Grey:
    """Return the standard deviation of brightness in the window around each pixel, in levels."""
    return np.sqrt(np.maximum(_mean(grey * grey, side) - _mean(grey, side) ** 2, 0))


def _grey(image: Picture) -> Grey:
    return as_rgb(image).astype(np.float32) @ GREY


def _mean(grey: Grey, side: int = SURROUNDINGS) -> Grey:
    return _surroundings(torch.from_numpy(grey)[None, None], side)[0, 0].numpy()


def _surroundings(grey: torch.Tensor, side: int) -> torch.Tensor:
    """Return the mean of the window around each pixel."""
    padded = F.pad(grey, [side // 2] * 4, mode="replicate")
    return F.avg_pool2d(F.avg_pool2d(padded, (side, 1), stride=1), (1, side), stride=1)


def _slope(grey: Grey) -> Grey:
    padded = np.pad(grey, ((0, 1), (0, 1)), mode="edge")
    return np.hypot(padded[:-1, 1:] - grey, padded[1:, :-1] - grey)


def _steepness(grey: Grey) -> Grey:
    return _slope(grey) / (local_contrast(grey, EDGE_WINDOW) + FAINT)


def _ends(image: Picture) -> UInt8[np.ndarray, "height width"]:
    """Return how far the channel that is farthest from black and from full light is from them, in levels."""
    return np.minimum(image, 255 - image).max(axis=2)


def _spread(image: Picture) -> Picture:
    """Return an image whose darkest and lightest hundredth are black and at full light."""
    low, high = np.quantile(image, (0.01, 0.99))
    return ((image - low) / max(high - low, 1.0) * 255).clip(0, 255).astype(np.uint8)


def _spectrum(grey: Grey) -> Float64[np.ndarray, "height width"]:
    """Return the power of what differs from its surroundings, by frequency, softly windowed."""
    height, width = grey.shape
    window = np.hanning(height)[:, None] * np.hanning(width)
    return np.abs(np.fft.fft2((grey - _mean(np.ascontiguousarray(grey), 5)) * window)) ** 2


def _peak(spectrum: Float64[np.ndarray, "height width"], row: int, column: int, least: float) -> float:
    """Return how far the power at a frequency stands out of that around it, in decibels."""
    near = np.arange(-4, 5)
    around = spectrum[np.ix_((row + near) % spectrum.shape[0], (column + near) % spectrum.shape[1])]
    return float(10 * np.log10((around[3:6, 3:6].max() + least) / (np.median(around) + least)))
