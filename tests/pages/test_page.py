"""The report's pieces: well-formed, escaped, self-contained, and saying what they were given."""

import base64
import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.metrics.intervals import Interval
from recyclegan.pages.charts import bar_chart, colour_scale, line_chart, nice_ticks
from recyclegan.pages.page import (
    Column,
    Html,
    Section,
    details,
    escape,
    grid,
    heading,
    headline,
    note,
    number,
    page,
    picture,
    slider,
    table,
    text,
    tick,
    video_player,
)

VOID = {"meta", "link", "img", "input", "line", "path", "br"}
EVIL = "<script>alert('x')</script>\"&"
NAN = float("nan")
IMAGE = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)


class Document(HTMLParser):
    """Reads a document and insists that tags are balanced."""

    def __init__(self, markup):
        super().__init__()
        self.open, self.tags, self.text = [], [], []
        self.feed(markup)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def all(self, name):
        return [attrs for tag, attrs in self.tags if tag == name]


def every_piece(words):
    return [
        text(words),
        heading(words),
        note(words),
        details(words, [text(words)]),
        headline([(words, words, words), (words, 1.5, words)]),
        table([words, Column(words, "lower")], [[words, words], [words, 2.0]], words),
        picture(IMAGE, words),
        video_player(b"not a real video", words, [words, words]),
        slider(IMAGE, IMAGE, words, (words, words)),
        line_chart({words: [1.0, 2.0]}, words, x_label=words, y_label=words),
        bar_chart({words: 0.5}, words),
        colour_scale([(0, 0, 0), (255, 250, 1)], words, words, words),
        grid([picture(IMAGE, words)]),
    ]


def test_page_is_well_formed_and_shows_hostile_text_literally():
    document = Document(page(EVIL, [Section(EVIL, every_piece(EVIL), EVIL)] * 2, EVIL, EVIL))
    assert len(document.all("script")) == 1
    assert document.text.count(EVIL) >= 2 * len(every_piece(EVIL))


def test_page_loads_nothing_from_elsewhere():
    document = Document(page("title", [Section("all", every_piece("words"))]))
    for _, attributes in document.tags:
        for name in ("src", "href"):
            assert (attributes.get(name) or "data:").startswith(("data:", "#"))
    markup = page("title", [Section("all", every_piece("words"))])
    assert not re.search(r"https?:|@import|url\(", markup)
    assert "default-src 'none'" in markup


def test_finished_markup_is_not_escaped_again():
    assert text(Html("<b>bold</b>")) == "<p><b>bold</b></p>"
    assert escape(escape("<")) == "&lt;"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0021349, "0.00213"),
        (-0.5, "\u22120.500"),
        (12.345, "12.3"),
        (123456.7, "123457"),
        (8, "8"),
        (0, "0"),
        (1.5e-7, "1.50e\u22127"),
        (2.5e6, "2.50e6"),
        (NAN, "\u2013"),
        (None, "\u2013"),
        (float("-inf"), "\u2212\u221e"),
    ],
)
def test_numbers(value, shown):
    assert number(value) == shown


def test_ticks_have_no_needless_digits():
    assert [tick(value) for value in (0.0, 0.02, 1000.0, -2.5)] == ["0", "0.02", "1000", "\u22122.5"]


@given(low=st.floats(-1e4, 1e4), span=st.floats(1e-4, 1e4))
@settings(max_examples=50, deadline=None)
def test_nice_ticks_enclose_their_range_evenly(low, span):
    ticks = nice_ticks(low, low + span)
    slack = 1e-6 * (abs(low) + span)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= low + span - slack
    assert 2 <= len(ticks) <= 8
    np.testing.assert_allclose(np.diff(ticks), ticks[1] - ticks[0], rtol=1e-6)


def test_nice_ticks_of_one_value():
    assert nice_ticks(0, 0)[0] == 0
    assert nice_ticks(0, 0)[-1] > 0


def test_line_chart_draws_values_where_they_belong():
    chart = line_chart({"one": [0.0, 1.0, 0.5]}, "title")
    drawn = re.search(r'<path class="s0" d="(M0[^"]*)"', chart).group(1)
    points = [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", drawn)]
    assert points == [(0, 1000), (500, 0), (1000, 500)]


def test_an_only_value_is_a_dot_that_can_be_seen():
    assert '<path class="s0 dot" d="M500.0 0.0h0"/>' in line_chart({"one": [1.0]}, "title")
    assert "dot" not in line_chart({"one": [1.0, 2.0]}, "title")


def test_line_chart_leaves_gaps_at_missing_values():
    chart = line_chart({"one": [0.0, NAN, 1.0, 1.0]}, "title")
    drawn = re.search(r'<path class="s0" d="(M0\.0 1[^"]*)"', chart).group(1)
    assert drawn.count("M") == 2
    assert drawn.count("L") == 1
    assert "nan" not in chart.lower()


def test_line_chart_tells_its_story_in_words_and_data():
    chart = Document(line_chart({"one": [0.25, 0.75], "two": [1, NAN]}, "title", first=5))
    label = next(attributes["aria-label"] for attributes in chart.all("svg") if "aria-label" in attributes)
    assert "one from 0.250 to 0.750, mean 0.500" in label
    data = json.loads(chart.all("figure")[0]["data-values"])
    assert data == {"first": 5, "values": [["0.250", "0.750"], ["1", "\u2013"]]}


def test_bars_are_as_long_as_their_values():
    bars = Document(bar_chart({"half": 0.5, "all": 1.0, "none": NAN}, "title", largest=1))
    assert [a["style"] for a in bars.all("div")] == ["width:50.00%", "width:100.00%", "width:0.00%"]


def test_a_colour_scale_runs_from_low_to_high():
    document = Document(colour_scale([(0, 0, 0), (255, 250, 1)], "none", "all", "share:"))
    assert document.text == ["share:", "none", "all"]
    assert document.all("span")[2]["style"] == "background:linear-gradient(to right, rgb(0 0 0), rgb(255 250 1))"


def test_a_chart_runs_over_places_that_are_not_evenly_spaced():
    chart = line_chart({"one": [0.0, 1.0, 0.5]}, "title", places=[10, 20, 110])
    drawn = re.search(r'<path class="s0" d="(M0[^"]*)"', chart).group(1)
    assert [float(x) for x, _ in re.findall(r"[ML]([\d.]+) ([\d.]+)", drawn)] == [0, 100, 1000]
    data = json.loads(Document(chart).all("figure")[0]["data-values"])
    assert data == {"places": [10, 20, 110], "values": [["0", "1", "0.500"]]}


def test_a_picture_of_several_columns_scrolls_where_they_would_be_too_small():
    assert 'class="wide"' in picture(IMAGE, "words", columns=4)
    assert "min-width:36rem" in picture(IMAGE, "words", columns=4)
    assert 'class="wide"' not in picture(IMAGE, "words")


def test_films_of_several_panels_can_be_parted_and_wide_tables_keep_their_first_column():
    assert "player parted" in video_player(b"video", "words", ["left", "right"])
    assert "parted" not in video_player(b"video", "words")
    assert '<table class="many">' in table(["a", "b", "c"], [["x", 1.0, 2.0]])
    assert '<table class="many">' not in table(["a", "b"], [["x", 1.0]])


def test_pictures_beside_a_page_and_its_renewal_are_allowed_only_where_they_are_asked_for():
    plain = page("title", [])
    assert "img-src data:;" in plain
    assert "refresh" not in re.sub(r"<script>.*</script>", "", plain, flags=re.DOTALL)
    live = page("title", [], pictures_beside=True, renew=30)
    assert "img-src data: 'self' file:;" in live
    assert '<noscript><meta http-equiv="refresh" content="30"></noscript>' in live


def test_table_marks_the_best_and_shows_ranges():
    rows = [["ours", Interval(0.1, 0.05, 0.2, 8)], ["theirs", 0.3], ["none", NAN]]
    markup = table(["method", Column("error", "lower")], rows)
    assert markup.count('class="best"') == 1
    assert '<span class="best">0.100</span><span class="range">0.0500 to 0.200</span>' in markup
    assert '<span class="best">0.300</span>' in table(["method", Column("score", "higher")], rows)
    assert "best" not in table(["method", Column("error", "lower")], rows[:1])


def test_table_wants_full_rows():
    with pytest.raises(AssertionError):
        table(["one", "two"], [["only"]])


def test_pictures_travel_inside_the_page():
    source = Document(picture(IMAGE, "words", lossless=True)).all("img")[0]
    kind, data = source["src"].split(";base64,")
    assert kind == "data:image/png"
    np.testing.assert_array_equal(PIL.Image.open(io.BytesIO(base64.b64decode(data))), IMAGE)
    assert source["alt"] == "words"
    assert "data:image/webp" in picture(IMAGE)
    assert picture(base64.b64decode(data)) == picture(IMAGE, lossless=True)


def test_videos_travel_inside_the_page(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"bytes of a video")
    from_file = video_player(tmp_path / "clip.mp4", "words", ["left", "right"])
    assert from_file == video_player(b"bytes of a video", "words", ["left", "right"])
    document = Document(from_file)
    source = document.all("video")[0]["src"]
    assert [button.get("class") for button in document.all("button")] == ["play", None, None, None, None]
    assert document.all("input")[0]["class"] == "seek"
    assert base64.b64decode(source.removeprefix("data:video/mp4;base64,")) == b"bytes of a video"
    assert "<span>left</span><span>right</span>" in from_file


def test_slider_works_by_keyboard():
    control = Document(slider(IMAGE, IMAGE, "words", ("Game", "Street"))).all("input")[0]
    assert (control["type"], control["aria-label"]) == ("range", "Game to Street")
