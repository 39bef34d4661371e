"""Whether frames have the sizes and proportions that training can use."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from recyclegan.data.scale import scale_of
from recyclegan.doctor.finding import Finding, counted, listed, note, problem, warning
from recyclegan.doctor.survey import Survey
from recyclegan.settings.frames import DataConfig

SAME_SHAPE = 1.03
"""Times that one aspect ratio may be another without a word: 854x480 is as good as 16:9."""
STRETCHED = 1.15
"""Times that the domains' aspect ratios may differ without a word."""


def mixed_sizes_in_a_clip(survey: Survey) -> Iterable[Finding]:
    """Find folders of frames that differ in size."""
    for view in survey.views:
        if len(view.sizes) > 1:
            yield problem(
                f"{view.name}: its frames differ in size ({_sizes(view.sizes)}), and training refuses such a clip",
                "split the folder by size, or train with --resize rectangle",
            )


def different_shapes_in_a_domain(survey: Survey) -> Iterable[Finding]:
    """Find domains whose clips differ in proportions or size."""
    for domain, views in survey.domains.items():
        sizes = Counter(view.size for view in views)
        place, upright = f"train/{domain.upper()}", [view.name for view in views if view.size[0] > view.size[1]]
        if len(sizes) < 2:
            continue
        if 0 < len(upright) < len(views):
            yield warning(
                f"{place}: {len(upright)} of {counted(len(views), 'clip')} are upright, others not: {listed(upright)}",
                "turn or crop them, or leave them out",
            )
        elif _ratio(view.size for view in views) > SAME_SHAPE:
            yield warning(
                f"{place}: clips have different proportions ({_sizes(sizes, 'clip')})",
                "crop them to one; --resize rectangle would stretch them, the default crops at random places",
            )
        else:
            yield note(
                f"{place}: clips have {len(sizes)} sizes ({_sizes(sizes, 'clip')})",
                "nothing to do: training brings them to one size; the smallest are the least sharp",
            )


def different_shapes_of_the_domains(survey: Survey) -> Iterable[Finding]:
    """Find domains of different proportions: things would be stretched in one."""
    if len(survey.domains) < 2:
        return
    shapes = {domain: np.median([_aspect(view.size) for view in views]) for domain, views in survey.domains.items()}
    times = max(shapes.values()) / min(shapes.values())
    if times > STRETCHED:
        a, b = (f"{shapes[domain]:.2f}" for domain in ("a", "b"))
        yield warning(
            f"train/A is {a} times as wide as high and train/B {b} times, so --resize rectangle would make things"
            f" {times:.2f} times as wide in one as in the other",
            "crop one to the proportions of the other, or keep the default --resize scale_shortest",
        )


def oblong_pixels(survey: Survey) -> Iterable[Finding]:
    """Find videos whose pixels are not square."""
    oblong = [view for view in survey.views if view.video and view.video.pixel_aspect != 1]
    if oblong:
        aspect = next(view.video.pixel_aspect for view in oblong if view.video)
        yield warning(
            f"{counted(len(oblong), 'video')} with oblong pixels ({aspect.numerator}:{aspect.denominator}):"
            f" {listed(view.name for view in oblong)}",
            "training takes pixels for square; if the other domain's are, re-encode at square pixels (ffmpeg -vf"
            " scale=iw*sar:ih,setsar=1)",
        )


def smaller_than_training(survey: Survey) -> Iterable[Finding]:
    """Find clips that must be enlarged, or that the default resizing leaves smaller than the crop."""
    if survey.size is None:
        return
    (height, width), frames = survey.size, DataConfig(size=survey.size)
    small = [view for view in survey.views if view.size[0] < height or view.size[1] < width]
    if small:
        smallest = min(view.size for view in small)
        yield warning(
            f"{counted(len(small), 'clip')} smaller than the size to train on, {width}x{height}, down to"
            f" {_size(smallest)}: {listed(view.name for view in small)}",
            "train at a smaller --size; enlarged frames hold no more detail, and D tells them by their blur",
        )
    resize = scale_of(frames).whole
    uncovered = [view for view in survey.views if not _covers(resize.size(*view.size), survey.size)]
    if uncovered:
        left = resize.size(*uncovered[0].size)
        yield warning(
            f"{counted(len(uncovered), 'clip')} that the default --resize scale_shortest brings to {_size(left)}, too"
            f" small for a crop of {width}x{height}, which training refuses: {listed(view.name for view in uncovered)}",
            "choose a --size of the clips' own proportions, or give --resize rectangle",
        )


def _covers(size: tuple[int, int], crop: tuple[int, int]) -> bool:
    return size[0] >= crop[0] and size[1] >= crop[1]


def _ratio(sizes: Iterable[tuple[int, int]]) -> float:
    shapes = [_aspect(size) for size in sizes]
    return max(shapes) / min(shapes)


def _aspect(size: tuple[int, int]) -> float:
    return size[1] / size[0]


def _size(size: tuple[int, int]) -> str:
    return f"{size[1]}x{size[0]}"


def _sizes(sizes: Counter[tuple[int, int]], thing: str = "frame") -> str:
    return listed(f"{_size(size)} in {counted(count, thing)}" for size, count in sizes.most_common())
