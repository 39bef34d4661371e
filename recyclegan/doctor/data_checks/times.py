"""Whether things move as fast, frame by frame, in one clip as in another."""

from collections.abc import Iterable

import numpy as np

from recyclegan.doctor.finding import Finding, counted, listed, warning
from recyclegan.doctor.survey import Survey, View

FAR_WITHIN = 1.25
"""Times that one clip's frame rate may be another's of the domain without a word: 24, 25 and 30 fit together."""
FAR_BETWEEN = 1.5
"""Times that one domain's frame rate may be the other's without a word."""
UNEVEN = 1.5
"""Times the median time between two frames from which a gap is another one."""
FEW_UNEVEN = 0.05
"""Share of gaps that may be uneven without a word."""


def different_rates(survey: Survey) -> Iterable[Finding]:
    """Find frame rates that lie far apart, within a domain or between both."""
    medians: dict[str, float] = {}
    for domain, views in survey.domains.items():
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


def varying_rates(survey: Survey) -> Iterable[Finding]:
    """Find videos whose frames come at uneven times."""
    uneven = {view.name: share for view in survey.views if (share := _uneven(view)) > FEW_UNEVEN}
    if uneven:
        worst = max(uneven, key=lambda name: uneven[name])
        yield warning(
            f"{counted(len(uneven), 'video')} with frames at uneven times, up to {uneven[worst]:.0%} of the gaps"
            f" ({worst}): {listed(uneven)}",
            "bring them to a fixed rate (ffmpeg -vf fps=30); a translated video keeps the times of its source",
        )


def interlaced_videos(survey: Survey) -> Iterable[Finding]:
    """Find videos whose frames hold two moments, one in the even and one in the odd lines."""
    interlaced = [view.name for view in survey.views if view.video and view.video.is_interlaced]
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
