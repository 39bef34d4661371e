"""The front: which contenders no other beats in both quality and steadiness."""

from collections.abc import Mapping

from recyclegan.evaluation.comparison.standings import Standing
from recyclegan.evaluation.measure_catalogue import MEASURES
from recyclegan.pages.charts import EXTENT, nice_ticks
from recyclegan.pages.page import Html, escape, tick

STEADINESS = "warping_error"
QUALITIES = ("mean_iou", "feature_frechet", "fid", "patches_coarse")
"""What quality is read from: the first that was measured."""

LINE = 0.085
"""Height of a label, in that of the plot."""
CHARACTER = 0.0115
"""Width of a character of a label, in that of the plot, on a screen of usual size."""

Points = Mapping[str, tuple[float, float]]


def quality_of(standing: Standing) -> str | None:
    """Return the measure that stands for quality, None where none was taken."""
    return next((name for name in QUALITIES if name in standing.measures), None)


def front_of(points: Points, higher_is_better: bool) -> list[str]:
    """Return the names of the points that no other beats, from the steadiest on.

    ``points`` are (unsteadiness, quality). One point beats another by being at least as good in both and better in one.
    """
    sign = -1 if higher_is_better else 1
    ordered = sorted(points, key=lambda name: (points[name][0], sign * points[name][1]))
    front: list[str] = []
    best = float("inf")
    for name in ordered:
        if sign * points[name][1] < best:
            best = sign * points[name][1]
            front.append(name)
    return front


def front_chart(standing: Standing) -> Html | None:
    """Return a chart of every contender's quality over its unsteadiness, the front joined; None without both."""
    quality = quality_of(standing)
    if quality is None or STEADINESS not in standing.measures:
        return None
    points = {
        name: (scores[STEADINESS].value.value, scores[quality].value.value)
        for name, scores in standing.scores.items()
        if STEADINESS in scores and quality in scores
    }
    points = {name: point for name, point in points.items() if point == point and point[0] == point[0]}
    if len(points) < 2:
        return None
    return _chart(points, front_of(points, MEASURES[quality].better == "higher"), quality)


def _chart(points: Points, front: list[str], quality: str) -> Html:
    x_ticks = nice_ticks(min(0.0, *(x for x, _ in points.values())), max(x for x, _ in points.values()))
    y_ticks = nice_ticks(min(y for _, y in points.values()), max(y for _, y in points.values()))

    def place(point: tuple[float, float]) -> tuple[float, float]:
        """Return the place in 0..1 from the left and from the top."""
        x, y = point
        return (x - x_ticks[0]) / (x_ticks[-1] - x_ticks[0]), (y_ticks[-1] - y) / (y_ticks[-1] - y_ticks[0])

    rules = "".join(
        f'<line x1="0" x2="{EXTENT}" y1="{EXTENT * y:.1f}" y2="{EXTENT * y:.1f}"/>'
        for y in (place((x_ticks[0], value))[1] for value in y_ticks)
    )
    corners = [place(points[name]) for name in front]
    path = "".join(f"{'L' if i else 'M'}{EXTENT * x:.1f} {EXTENT * y:.1f}" for i, (x, y) in enumerate(corners))
    places = {name: place(point) for name, point in points.items()}
    tops = label_tops(places)
    dots = "".join(
        _dot(number, name, *places[name], tops[name], name in front) for number, name in enumerate(points, start=1)
    )
    names = "".join(f"<li>{escape(name)}</li>" for name in points)
    leaders = "".join(
        f'<path class="leader" d="M{EXTENT * x:.1f} {EXTENT * y:.1f}V{EXTENT * tops[name]:.1f}"/>'
        for name, (x, y) in places.items()
        if abs(tops[name] - y) > 1.5 * LINE
    )
    labels = "".join(
        f'<span class="tick y" style="top:{100 * place((x_ticks[0], value))[1]:.2f}%">{tick(value)}</span>'
        for value in y_ticks
    ) + "".join(
        f'<span class="tick x" style="left:{100 * place((value, y_ticks[0]))[0]:.2f}%">{tick(value)}</span>'
        for value in x_ticks
    )
    title = f"{MEASURES[quality].title} over {MEASURES[STEADINESS].title.lower()}"
    values = "; ".join(f"{name}: {x:.4g}, {y:.4g}" for name, (x, y) in points.items())
    gutter = max(len(tick(value)) for value in y_ticks) * 0.52 + 0.9
    return Html(
        f'<figure class="chart"><h3>{escape(title)}</h3>'
        f'<div class="plot" style="--gutter:{gutter:.2f}rem">'
        f'<svg viewBox="0 0 {EXTENT} {EXTENT}" preserveAspectRatio="none" role="img" aria-label="{escape(values)}">'
        f'{rules}{leaders}<path class="s0" d="{path}"/></svg>{dots}{labels}'
        f'<span class="axis-name">{escape(MEASURES[STEADINESS].title)} (lower is steadier)</span></div>'
        f'<ol class="names">{names}</ol>'
        f"<figcaption>Joined: the front, whose contenders no other beats in both. "
        f"{escape(MEASURES[quality].title)}: {MEASURES[quality].better} is better.</figcaption></figure>"
    )


def label_tops(places: Points) -> dict[str, float]:
    """Return how far from the top the middle of each label lies: above its dot, or below labels that it would cover."""
    tops: dict[str, float] = {}
    for name in sorted(places, key=lambda name: places[name][1]):
        top = places[name][1] - LINE
        beside = [tops[other] for other in tops if _share_columns((name, places[name]), (other, places[other]))]
        for taken in sorted(beside):
            if abs(taken - top) < LINE:
                top = taken + LINE
        tops[name] = top
    return tops


def _share_columns(one: tuple[str, tuple[float, float]], two: tuple[str, tuple[float, float]]) -> bool:
    (left, right), (other_left, other_right) = _columns(*one), _columns(*two)
    return left < other_right and other_left < right


def _columns(name: str, place: tuple[float, float]) -> tuple[float, float]:
    """Return where a label begins and ends, in the width of the plot."""
    width = CHARACTER * (len(name) + 2)
    return (place[0] - width, place[0]) if _is_right(place[0]) else (place[0], place[0] + width)


def _is_right(x: float) -> bool:
    return x > 0.7


def _dot(number: int, name: str, x: float, y: float, top: float, on_front: bool) -> str:
    colour = "var(--accent)" if on_front else "var(--faint)"
    side = "right:0.7rem" if _is_right(x) else "left:0.7rem"
    return (
        f'<span style="position:absolute;left:{100 * x:.2f}%;top:{100 * y:.2f}%;width:0.7rem;height:0.7rem;'
        f'border-radius:50%;background:{colour};transform:translate(-50%,-50%)"></span>'
        f'<span style="position:absolute;left:{100 * x:.2f}%;top:{100 * top:.2f}%;width:0;height:0">'
        f'<span style="position:absolute;{side};transform:translateY(-50%);white-space:nowrap;font-size:0.8125rem">'
        f'<span class="name">{escape(name)}</span><span class="number">{number}</span></span></span>'
    )
