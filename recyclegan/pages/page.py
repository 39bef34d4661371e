"""The pieces of a report, each a string of markup, and the page that holds them: one file that loads nothing.

Text is escaped by the piece that takes it. Pictures and videos travel inside the page, or lie beside it.

Markup that is safe to put into a page: text is escaped once, where it enters, and numbers are written one way.
"""

import base64
import html
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

import numpy as np
import PIL.Image

from recyclegan.arrays import Image
from recyclegan.metrics.intervals import Interval

Number = float | int


class Html(str):
    """Finished markup. Every other string that reaches a page is escaped."""

    __slots__ = ()


def escape(text: str) -> Html:
    """Return text as markup that shows it literally, safe in attributes too; markup stays as it is."""
    return text if isinstance(text, Html) else Html(html.escape(text))


MISSING = "–"  # noqa: RUF001
MINUS = "−"  # noqa: RUF001


def number(value: Number | None) -> str:
    """Return a number with three significant digits for reading; a dash for none and NaN.

    Whole numbers below a million stay whole; what is tiny or huge is written with a power of ten.
    """
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if value == 0 or (float(value).is_integer() and abs(value) < 1e6):
        return f"{value:.0f}".replace("-", MINUS)
    if not 1e-3 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", MINUS)
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}".replace("-", MINUS)


def tick(value: Number) -> str:
    """Return a round number for an axis, without digits that say nothing."""
    return f"{value:.6g}".replace("-", MINUS)


POLICY = (
    "default-src 'none'; img-src data:{beside}; media-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " base-uri 'none'; form-action 'none'"
)
"""What the page may load: nothing but what it holds, and, where that is allowed, pictures that lie beside it."""

Cell = Interval | str | float | int | None
Media = Path | bytes


@dataclass(frozen=True)
class Section:
    """A part of a page under its own heading."""

    title: str
    pieces: Sequence[Html]
    lead: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and which end is the better one (marked where several rows compete)."""

    title: str
    better: Literal["lower", "higher"] | None = None


def page(
    title: str,
    sections: Sequence[Section],
    lead: str = "",
    footer: str = "",
    *,
    pictures_beside: bool = False,
    renew: int = 0,
) -> Html:
    """Return a whole HTML document that loads nothing from elsewhere, follows dark mode and fits a phone.

    ``pictures_beside`` lets it show pictures that lie in its folder; ``renew`` are the seconds after which it loads
    itself anew, 0 never.
    """
    policy = POLICY.format(beside=" 'self' file:" if pictures_beside else "")
    again = f'<noscript><meta http-equiv="refresh" content="{renew}"></noscript>' if renew else ""
    return Html(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">{again}'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">'
        f"<style>{_asset('page.css')}</style></head>\n"
        f'<body data-renew="{renew}">'
        f"<header><h1>{escape(title)}</h1>{_lead(lead)}{_navigation(sections)}</header>\n"
        f"<main>{''.join(_section(section, i) for i, section in enumerate(sections, 1))}</main>\n"
        f"<footer>{escape(footer)}</footer>\n<script>{_asset('page.js')}</script></body></html>\n"
    )


def _asset(name: str) -> str:
    return resources.files("recyclegan.pages").joinpath("assets", name).read_text(encoding="utf-8")


def _lead(text: str) -> str:
    return f'<p class="lead">{escape(text)}</p>' if text else ""


def _navigation(sections: Sequence[Section]) -> str:
    links = "".join(f'<a href="#s{i}">{escape(section.title)}</a>' for i, section in enumerate(sections, 1))
    return f'<nav aria-label="Sections">{links}</nav>' if len(sections) > 1 else ""


def _section(section: Section, index: int) -> str:
    pieces = "\n".join(section.pieces)
    return f'<section id="s{index}"><h2>{escape(section.title)}</h2>{_lead(section.lead)}\n{pieces}</section>\n'


def text(words: str) -> Html:
    """Return a paragraph."""
    return Html(f"<p>{escape(words)}</p>")


def heading(words: str) -> Html:
    """Return a heading inside a section."""
    return Html(f"<h3>{escape(words)}</h3>")


def note(words: str) -> Html:
    """Return a remark set apart from the text: how something was measured, or what it does not tell."""
    return Html(f'<p class="note">{escape(words)}</p>')


def details(summary: str, pieces: Sequence[Html]) -> Html:
    """Return pieces that stay folded until the reader asks."""
    return Html(f"<details><summary>{escape(summary)}</summary>{''.join(pieces)}</details>")


def headline(figures: Sequence[tuple[str, Cell, str]]) -> Html:
    """Return large numbers side by side, each ``(label, number, remark)``."""
    return Html(f'<dl class="headline">{"".join(_figure(*figure) for figure in figures)}</dl>')


def _figure(label: str, value: Cell, remark: str) -> str:
    shown = value.value if isinstance(value, Interval) else value
    aside = " · ".join(part for part in (_range(value), remark) if part)
    return (
        f'<div><dt>{escape(label)}</dt><dd class="number">{_content(shown)}</dd>'
        f'<dd class="aside">{escape(aside)}</dd></div>'
    )


def _content(value: Cell) -> str:
    if isinstance(value, str):
        return escape(value)
    return number(value.value if isinstance(value, Interval) else value)


def _range(value: Cell) -> str:
    if not isinstance(value, Interval) or value.low != value.low or value.low == value.high:
        return ""
    return f"{number(value.low)} to {number(value.high)}"


def table(columns: Sequence[Column | str], rows: Sequence[Sequence[Cell]], caption: str = "") -> Html:
    """Return a table whose first column names the rows; numbers are set to the right, the best of a column is marked.

    An `Interval` shows its value with its range beneath. Nothing is marked in a table of one row.
    """
    heads = [column if isinstance(column, Column) else Column(column) for column in columns]
    assert all(len(row) == len(heads) for row in rows), "every row fills every column"
    numeric = [any(not isinstance(row[i], str) for row in rows) for i in range(len(heads))]
    best = [_best([row[i] for row in rows], head) for i, head in enumerate(heads)]
    head = "".join(_head(head, right) for head, right in zip(heads, numeric, strict=True))
    body = "".join(
        "<tr>" + "".join(_cell(value, i, numeric[i], best[i]) for i, value in enumerate(row)) + "</tr>" for row in rows
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    many = ' class="many"' if len(heads) > 2 else ""
    return Html(
        f'<div class="scroll"><table{many}>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _head(column: Column, right: bool) -> str:
    aim = {"lower": ' <span class="aim">↓ lower</span>', "higher": ' <span class="aim">↑ higher</span>', None: ""}
    return f'<th scope="col"{_num(right)}>{escape(column.title)}{aim[column.better]}</th>'


def _num(right: bool) -> str:
    return ' class="num"' if right else ""


def _number_of(value: Cell) -> float | None:
    if isinstance(value, Interval):
        value = value.value
    return None if isinstance(value, str) or value is None or value != value else float(value)


def _best(values: Sequence[Cell], column: Column) -> float | None:
    numbers = [found for found in map(_number_of, values) if found is not None]
    if column.better is None or len(values) < 2 or not numbers:
        return None
    return min(numbers) if column.better == "lower" else max(numbers)


def _cell(value: Cell, index: int, right: bool, best: float | None) -> str:
    if index == 0:
        return f'<th scope="row">{_content(value)}</th>'
    mark = ' class="best"' if best is not None and _number_of(value) == best else ""
    spread = f'<span class="range">{escape(_range(value))}</span>' if _range(value) else ""
    return f"<td{_num(right)}><span{mark}>{_content(value)}</span>{spread}</td>"


def picture(image: Image | bytes, caption: str = "", *, lossless: bool = False, columns: int = 1) -> Html:
    """Return a figure of an 8-bit RGB image, or of the bytes of a PNG, JPEG or WebP file.

    One of several ``columns`` scrolls in its box where the screen would make them too small.
    """
    shown = _img(image, caption, lossless)
    box = f'<div class="wide"><div style="min-width:{9 * columns}rem">{shown}</div></div>' if columns > 1 else shown
    return Html(f"<figure>{box}{_figcaption(caption)}</figure>")


def _img(image: Image | bytes, words: str, lossless: bool) -> str:
    data = image if isinstance(image, bytes) else _encode(image, lossless)
    return f'<img alt="{escape(words)}" src="{_data_uri(data, _image_type(data))}">'


def _encode(image: Image, lossless: bool) -> bytes:
    file = io.BytesIO()
    PIL.Image.fromarray(np.ascontiguousarray(image)).save(file, "PNG" if lossless else "WEBP", quality=90)
    return file.getvalue()


def _image_type(data: bytes) -> str:
    with PIL.Image.open(io.BytesIO(data)) as image:
        return PIL.Image.MIME[image.format or ""]


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _figcaption(caption: str) -> str:
    return f"<figcaption>{escape(caption)}</figcaption>" if caption else ""


def grid(pieces: Sequence[Html], narrowest: int = 280) -> Html:
    """Return pieces side by side, wrapping where one would be narrower than ``narrowest`` pixels."""
    return Html(f'<div class="grid" style="--narrowest:{narrowest}px">{"".join(pieces)}</div>')


def grid_and_more(pieces: Sequence[Html], shown: int, narrowest: int) -> list[Html]:
    """Return the first pieces side by side, and the others folded."""
    more = [details(f"{len(pieces) - shown} more", [grid(pieces[shown:], narrowest)])] if len(pieces) > shown else []
    return [grid(pieces[:shown], narrowest), *more]


def video_player(video: Media, caption: str = "", panels: Sequence[str] = ()) -> Html:
    """Return a looping player of an MP4 (H.264) file, or of its bytes, inside the page.

    ``panels`` names the equal parts of a video that shows several pictures side by side: they cannot run out of step.
    The page's own controls stand below it, so that they hide nothing; without scripts the browser's are there.
    """
    data = video if isinstance(video, bytes) else video.read_bytes()
    narrowest = min(12 * len(panels), max(60, 9 * len(panels)))
    names = "".join(f"<span>{escape(name)}</span>" for name in panels)
    labels = f'<div class="panels">{names}</div>' if panels else ""
    parted = " parted" if len(panels) > 1 else ""
    rates = "".join(
        f'<button type="button" data-rate="{rate}" aria-pressed="{str(rate == 1).lower()}">{rate}&times;</button>'
        for rate in (0.1, 0.25, 0.5, 1)
    )
    return Html(
        f'<figure><div class="player{parted}" style="--narrowest:{narrowest}rem"><div>{labels}'
        f'<video controls loop muted playsinline aria-label="{escape(caption)}" src="{_data_uri(data, "video/mp4")}">'
        f'</video></div></div><div class="bar"><button type="button" class="play" hidden>Play</button>'
        '<input type="range" class="seek" min="0" max="1" value="0" step="any" aria-label="Place in the film" hidden>'
        f'<div class="speed" role="group" aria-label="Speed">{rates}</div></div>'
        f"{_figcaption(caption)}</figure>"
    )


def slider(
    before: Image | bytes, after: Image | bytes, caption: str = "", labels: tuple[str, str] = ("Before", "After")
) -> Html:
    """Return two pictures of one size on top of each other, with a bar (pointer or arrow keys) to wipe between them."""
    left, right = labels
    return Html(
        f'<figure><div class="slider">{_img(before, left, False)}<div class="after">{_img(after, right, False)}</div>'
        f'<span class="tag left">{escape(left)}</span><span class="tag right">{escape(right)}</span>'
        '<span class="knob" aria-hidden="true">⇆</span>'
        f'<input type="range" min="0" max="100" value="50" step="0.5" aria-label="{escape(f"{left} to {right}")}">'
        f"</div>{_figcaption(caption)}</figure>"
    )
