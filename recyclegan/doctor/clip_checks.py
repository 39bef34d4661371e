"""Checks of clips: what they hold, their sizes and times, and whether label maps are such."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from recyclegan.data.resize import scale_of
from recyclegan.doctor.finding import Finding, counted, listed, note, problem, warning
from recyclegan.doctor.scan import MANY, Colour, Colours, Scan, View
from recyclegan.domains import DOMAINS, Domain
from recyclegan.labels import LABEL_SETS
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.methods import METHODS

STILL = 0.5
"""Mean difference between thumbnails, in levels of 255, up to which frames are the same."""
BLANK = 2.0
"""Standard deviation within a thumbnail, in levels of 255, up to which it shows nothing."""
BLACK = 24
FEW_BLANK = 0.1
"""Share of a clip's frames that may be blank without a word."""


def unreadable_files(scan: Scan) -> Iterable[Finding]:
    """Find files that cannot be read; each is named."""
    return scan.damaged


def frozen_clips(scan: Scan) -> Iterable[Finding]:
    """Find clips of several frames that are all the same."""
    for view in scan.views:
        thumbs = view.thumbs.astype(float)
        if len(thumbs) > 1 and np.abs(thumbs - thumbs[0]).mean(axis=(1, 2, 3)).max() <= STILL and not _is_blank(view):
            yield warning(
                f"{view.name}: its {counted(view.num_frames, 'frame')} are all the same, so that one counts"
                f" {view.num_frames:,} times",
                "keep one frame of it, or replace the clip",
            )


def blank_frames(scan: Scan) -> Iterable[Finding]:
    """Find clips that are black or of one colour, and clips with many such frames."""
    for view in scan.views:
        blank = _blank(view)
        if blank.all():
            yield problem(
                f"{view.name}: shows nothing but {_colour(view)} in all {len(blank)} frames that were looked at",
                "remove the clip, or record it again",
            )
        elif blank.mean() > FEW_BLANK:
            yield note(
                f"{view.name}: {blank.sum()} of the {len(blank)} frames that were looked at are of one colour",
                "cut away fades and title cards",
            )


def short_clips(scan: Scan) -> Iterable[Finding]:
    """Find clips shorter than what some methods need in a row."""
    needed = max(method.clip_length for method in METHODS.values())
    short = [view for view in scan.views if view.split == "train" and view.num_frames < needed]
    if short:
        methods = [name for name, method in METHODS.items() if method.clip_length == needed]
        yield warning(
            f"{counted(len(short), 'clip')} in train with fewer than the {needed} frames in a row that"
            f" {' and '.join(methods)} need: {listed(view.name for view in short)}",
            "put the frames of one scene into one folder, or train another method",
        )


def _blank(view: View) -> np.ndarray:
    return view.thumbs.astype(float).std(axis=(1, 2)).max(axis=1) <= BLANK


def _is_blank(view: View) -> bool:
    return bool(_blank(view).all())


def _colour(view: View) -> str:
    red, green, blue = (round(level) for level in view.thumbs.mean(axis=(0, 1, 2)))
    return "black" if max(red, green, blue) < BLACK else f"one colour ({red}, {green}, {blue})"


SAME_SHAPE = 1.03
"""Times that one aspect ratio may be another without a word: 854x480 is as good as 16:9."""
STRETCHED = 1.15
"""Times that the domains' aspect ratios may differ without a word."""


def mixed_sizes_in_a_clip(scan: Scan) -> Iterable[Finding]:
    """Find folders of frames that differ in size."""
    for view in scan.views:
        if len(view.sizes) > 1:
            yield problem(
                f"{view.name}: its frames differ in size ({_sizes(view.sizes)}), and training refuses such a clip",
                "split the folder by size, or train with --resize rectangle",
            )


def different_shapes_in_a_domain(scan: Scan) -> Iterable[Finding]:
    """Find domains whose clips differ in proportions or size."""
    for domain, views in scan.domains.items():
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


def different_shapes_of_the_domains(scan: Scan) -> Iterable[Finding]:
    """Find domains of different proportions: things would be stretched in one."""
    if len(scan.domains) < 2:
        return
    shapes = {domain: np.median([_aspect(view.size) for view in views]) for domain, views in scan.domains.items()}
    times = max(shapes.values()) / min(shapes.values())
    if times > STRETCHED:
        a, b = (f"{shapes[domain]:.2f}" for domain in ("a", "b"))
        yield warning(
            f"train/A is {a} times as wide as high and train/B {b} times, so --resize rectangle would make things"
            f" {times:.2f} times as wide in one as in the other",
            "crop one to the proportions of the other, or keep the default --resize scale_shortest",
        )


def oblong_pixels(scan: Scan) -> Iterable[Finding]:
    """Find videos whose pixels are not square."""
    oblong = [view for view in scan.views if view.video and view.video.pixel_aspect != 1]
    if oblong:
        aspect = next(view.video.pixel_aspect for view in oblong if view.video)
        yield warning(
            f"{counted(len(oblong), 'video')} with oblong pixels ({aspect.numerator}:{aspect.denominator}):"
            f" {listed(view.name for view in oblong)}",
            "training takes pixels for square; if the other domain's are, re-encode at square pixels (ffmpeg -vf"
            " scale=iw*sar:ih,setsar=1)",
        )


def smaller_than_training(scan: Scan) -> Iterable[Finding]:
    """Find clips that must be enlarged, or that the default resizing leaves smaller than the crop."""
    if scan.size is None:
        return
    (height, width), frames = scan.size, DataConfig(size=scan.size)
    small = [view for view in scan.views if view.size[0] < height or view.size[1] < width]
    if small:
        smallest = min(view.size for view in small)
        yield warning(
            f"{counted(len(small), 'clip')} smaller than the size to train on, {width}x{height}, down to"
            f" {_size(smallest)}: {listed(view.name for view in small)}",
            "train at a smaller --size; enlarged frames hold no more detail, and D tells them by their blur",
        )
    resize = scale_of(frames).whole
    uncovered = [view for view in scan.views if not _covers(resize.size(*view.size), scan.size)]
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


FAR_WITHIN = 1.25
"""Times that one clip's frame rate may be another's of the domain without a word: 24, 25 and 30 fit together."""
FAR_BETWEEN = 1.5
"""Times that one domain's frame rate may be the other's without a word."""
UNEVEN = 1.5
"""Times the median time between two frames from which a gap is another one."""
FEW_UNEVEN = 0.05
"""Share of gaps that may be uneven without a word."""


def different_rates(scan: Scan) -> Iterable[Finding]:
    """Find frame rates that lie far apart, within a domain or between both."""
    medians: dict[str, float] = {}
    for domain, views in scan.domains.items():
        rates = {view.name: float(view.video.rate) for view in views if view.video}
        if not rates:
            continue
        place = f"train/{domain.upper()}"
        medians[place] = float(np.median(list(rates.values())))
        slow, fast = min(rates, key=lambda name: rates[name]), max(rates, key=lambda name: rates[name])
        if rates[fast] > FAR_WITHIN * rates[slow]:
            yield warning(
                f"{place}: frame rates lie between {rates[slow]:.4g} ({slow}) and {rates[fast]:.4g} ({fast}) a second",
                "bring the clips to one rate (ffmpeg -r); methods that predict frames take them for even",
            )
    if len(medians) == 2 and max(medians.values()) > FAR_BETWEEN * min(medians.values()):
        slow, fast = sorted(medians, key=lambda place: medians[place])
        yield warning(
            f"{fast} has {medians[fast]:.4g} frames a second and {slow} {medians[slow]:.4g}, so that things move"
            f" {medians[fast] / medians[slow]:.2g} times as far from frame to frame in {slow}",
            "bring both to one rate (ffmpeg -r) if the method is to learn from motion (recycle-gan, re-cycle-gan)",
        )


def varying_rates(scan: Scan) -> Iterable[Finding]:
    """Find videos whose frames come at uneven times."""
    uneven = {view.name: share for view in scan.views if (share := _uneven(view)) > FEW_UNEVEN}
    if uneven:
        worst = max(uneven, key=lambda name: uneven[name])
        yield warning(
            f"{counted(len(uneven), 'video')} with frames at uneven times, up to {uneven[worst]:.0%} of the gaps"
            f" ({worst}): {listed(uneven)}",
            "bring them to a fixed rate (ffmpeg -vf fps=30); a translated video keeps the times of its source",
        )


def interlaced_videos(scan: Scan) -> Iterable[Finding]:
    """Find videos whose frames hold two moments, one in the even and one in the odd lines."""
    interlaced = [view.name for view in scan.views if view.video and view.video.is_interlaced]
    if interlaced:
        yield warning(
            f"{counted(len(interlaced), 'interlaced video')}, in which moving edges look like combs:"
            f" {listed(interlaced)}",
            "give --deinterlace to train and to translate, or deinterlace them (ffmpeg -vf bwdif)",
        )


def _uneven(view: View) -> float:
    """Return the share of gaps between frames that are not the usual one."""
    gaps = np.diff(view.times)
    gaps = gaps[gaps > 0]
    if len(gaps) < 3:
        return 0.0
    usual = float(np.median(gaps))
    return float(((gaps > UNEVEN * usual) | (gaps < usual / UNEVEN)).mean())


OWN = "own"
"""Stands for a palette that is none of the known ones."""
FLAT_IN_A_KNOWN_PALETTE = 0.15
"""Share of pixels that equal their neighbours from which a clip may be label maps; small lossy ones have so few."""
COVERED = 0.85
"""Share of pixels near a known palette from which a clip is label maps in it."""
FLAT = 0.45
"""Share of pixels that equal their neighbours in label maps of another palette."""
FREQUENT = 0.4
"""Share of their pixels that has a frequent colour, even after compression with loss."""
CLASS_SHARE = 0.002
"""Share of the pixels from which a colour is taken for a class, where the palette is not known."""
FEW_STRAYS = 32
"""Colours off a known palette that may be classes which it does not know; more of them are smeared."""
STRAY = 0.001
"""Share of pixels off the palette that is passed over."""


def undeclared_labels(scan: Scan) -> Iterable[Finding]:
    """Find label maps that the user did not call so."""
    found = {domain: name for domain in DOMAINS if (name := label_set_of(scan, domain))}
    if scan.labels is None and found:
        sets = " and ".join(f"{domain.upper()} looks like label maps in {_called(found[domain])}" for domain in found)
        yield note(sets, f"train with --labels {''.join(found)}, so that resizing makes no new colours")
    for domain in found.keys() - set(declared(scan)):
        yield problem(
            f"{domain.upper()}: looks like label maps in {_called(found[domain])}, which --labels"
            f" {scan.labels} does not say",
            f"give --labels {''.join(found)}; bicubic resizing would make colours that no class has",
        )


def colours_off_the_palette(scan: Scan) -> Iterable[Finding]:
    """Find label maps with smeared colours: compressed with loss, or resized with antialiasing."""
    for domain in declared(scan):
        name = label_set_of(scan, domain) or OWN
        colours = _colours(scan, domain)
        share = _off_palette(colours, name, colours)
        strays = [str(colour) for colour, _ in colours.common.most_common() if not _is_class(colour, name)]
        if colours.num_distinct > MANY or len(strays) > FEW_STRAYS:
            yield _smeared(scan, domain, name, share)
        elif share > STRAY:
            yield note(
                f"{domain.upper()}: {share:.1%} of pixels are off {_called(name)}: {listed(strays)}",
                "nothing to do for training, which takes the colours that it finds; scores need to know these",
            )


def _smeared(scan: Scan, domain: Domain, name: str, share: float) -> Finding:
    colours = _colours(scan, domain)
    views = [view for view in scan.views if view.domain == domain]
    shares = {view.name: _off_palette(view.colours, name, colours) for view in views}
    worst = listed(f"{clip} {shares[clip]:.1%}" for clip in sorted(shares, key=lambda clip: -shares[clip]))
    codecs = sorted({view.video.codec for view in views if view.video})
    certain = scan.labels is not None or name in LABEL_SETS
    return (problem if certain else warning)(
        f"{domain.upper()}: label maps of {counted(colours.num_distinct, 'colour')} or more (training takes {MANY});"
        f" {share:.1%} of pixels are off {_called(name)} ({worst})",
        f"write label maps anew as PNG or lossless video (ffv1){_instead_of(codecs)}, resized by nearest neighbour",
    )


def _instead_of(codecs: list[str]) -> str:
    return f", not {' or '.join(codecs)}" if codecs else ""


def declared(scan: Scan) -> list[Domain]:
    """Return the domains that hold label maps: as the user says, else as they look."""
    if scan.labels is None:
        return [domain for domain in DOMAINS if label_set_of(scan, domain)]
    return [domain for domain in DOMAINS if scan.labels != "none" and domain in scan.labels]


def label_set_of(scan: Scan, domain: Domain) -> str:
    """Return the label set that most clips of a domain are in, ``own`` for another palette, empty for none."""
    names = Counter(_label_set(view.colours) for view in scan.views if view.domain == domain)
    name, count = max(names.items(), key=lambda item: item[1], default=("", 0))
    return name if 2 * count > names.total() else ""


def _label_set(colours: Colours) -> str:
    nearest = max(LABEL_SETS, key=lambda name: (colours.exact[name], colours.near[name]))
    is_covered = 0 < COVERED * colours.num_bright <= colours.near[nearest]
    if colours.flatness >= FLAT_IN_A_KNOWN_PALETTE and is_covered:
        return nearest
    is_own = colours.flatness >= FLAT and colours.frequent(CLASS_SHARE * colours.num_pixels) >= FREQUENT
    return OWN if is_own else ""


def _off_palette(colours: Colours, name: str, domain: Colours) -> float:
    """Return the share of pixels whose colour is no class of the label set, or, for ``own``, not frequent."""
    if name in LABEL_SETS:
        return 1 - colours.exact[name] / max(1, colours.num_pixels)
    least = 0 if domain.num_distinct <= MANY else CLASS_SHARE * domain.num_pixels
    kept = sum(count for colour, count in colours.common.items() if domain.common[colour] >= least)
    return 1 - kept / max(1, colours.num_pixels)


def _is_class(colour: Colour, name: str) -> bool:
    return name == OWN or list(colour) in LABEL_SETS[name].painted.tolist()


def _colours(scan: Scan, domain: Domain) -> Colours:
    return sum((view.colours for view in scan.views if view.domain == domain), Colours())


def _called(name: str) -> str:
    return f"{name}'s palette" if name in LABEL_SETS else "a palette of its own"
