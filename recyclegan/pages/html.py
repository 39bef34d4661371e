"""Markup that is safe to put into a page: text is escaped once, where it enters, and numbers are written one way."""

import html
import math

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
