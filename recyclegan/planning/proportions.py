"""What becomes of the footage's shape, to be said before any of it is decoded: what is squeezed, what is not seen."""

from collections.abc import Iterator, Mapping

from recyclegan.data import index_data
from recyclegan.data.resize import scale_of
from recyclegan.domains import DOMAINS, Domain
from recyclegan.planning.sizes import Size, in_words, size_of_shape
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.training import TrainConfig

SQUEEZED = 0.1
"""Change of the width over the height that is worth a word."""
SEEN = 0.6
"""Share of a frame that a window must show to pass without a word."""


def shapes_of(config: TrainConfig) -> dict[Domain, Size]:
    """Return the (height, width) of the first clip of each domain that is trained on; one frame of it is decoded.

    Raises:
        InputError: a folder is missing, or a clip cannot be read.
    """
    frames = config.frames
    found = index_data(config.data, "train", DOMAINS, frames.triplets, frames.reading)
    return {domain: clips[0].size for domain, clips in found.items()}


def notes_on_sizes(shapes: Mapping[Domain, Size], frames: DataConfig) -> list[str]:
    """Return a line for each shape of footage of which much is squeezed, or shown only in small windows."""
    names: dict[Size, str] = {shape: domain.upper() for domain, shape in shapes.items()}
    if len(names) < len(shapes):
        names = dict.fromkeys(names, " and ".join(domain.upper() for domain in shapes))
    return [note for shape, domains in names.items() for note in _notes(domains, shape, frames)]


def _notes(domains: str, shape: Size, frames: DataConfig) -> Iterator[str]:
    """Yield the line of one shape, or none."""
    whole = scale_of(frames).whole.size(*shape)
    height, width = map(min, scale_of(frames).window.size(*whole), whole)
    wider = (whole[1] / whole[0]) / (shape[1] / shape[0])
    seen = height * width / (whole[0] * whole[1])
    squeezed = max(wider, 1 / wider) - 1
    said = []
    if squeezed > SQUEEZED:
        said.append(f"squeezed {'in height' if wider > 1 else 'in width'} by {1 - min(wider, 1 / wider):.0%}")
    if seen < SEEN:
        said.append(f"windows of {in_words((height, width))} cut from them show {seen:.0%} of a frame")
    if said:
        scaled = f"frames of {in_words(shape)} are scaled to {in_words(whole)}"
        yield f"{domains}: {scaled}, {', and '.join(said)}{_remedy(shape, frames)}"


def _remedy(shape: Size, frames: DataConfig) -> str:
    """Return what would keep the shape of frames; nothing where their size does already."""
    height, width = size_of_shape(min(frames.size), shape[1] / shape[0])
    if frames.size == (height, width) and frames.load_size is None:
        return ""
    alone = " without --load-size" if frames.load_size else ""
    return f"; --size {height} {width}{alone} would keep their shape"
