"""Pieces of pages about work that goes on."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.pages.live import Shot, command, progress_bar, time_slider, verdict, written_at
from tests.pages.test_page import EVIL, Document

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=40)


@given(TEXT)
@settings(max_examples=60, deadline=None)
def test_a_command_is_copied_to_the_letter(line: str) -> None:
    document = Document(command("title", line))
    assert "".join(document.text) == f"title{line}Copy"


def test_the_newest_picture_is_shown_and_all_can_be_reached() -> None:
    shots = [Shot(f"samples/{step}.png", f"step {step}") for step in (1, 2, 30)]
    document = Document(time_slider(shots, EVIL))
    (image,), (link,), (control,) = (document.all(tag) for tag in ("img", "a", "input"))
    assert image == {"alt": EVIL, "src": "samples/30.png"}
    assert link["href"] == "samples/30.png"
    assert (control["max"], control["value"]) == ("2", "2")
    assert json.loads(document.all("figure")[0]["data-shots"]) == [[shot.file, shot.when] for shot in shots]


@pytest.mark.parametrize(("done", "width"), [(0, "0.00"), (1, "25.00"), (4, "100.00"), (9, "100.00")])
def test_a_bar_is_filled_as_far_as_work_is_done(done: int, width: str) -> None:
    bar = Document(progress_bar(done, 4, EVIL)).all("div")
    assert bar[1]["style"] == f"width:{width}%"
    assert bar[0]["aria-label"] == EVIL


def test_verdict_and_news_show_text_literally() -> None:
    assert Document(verdict([EVIL, "two"])).text == [EVIL, "two"]
    news = Document(written_at("at 12:30", 1000, 60, EVIL))
    assert news.text == ["Written at 12:30", ". ", EVIL]
    assert news.all("p")[0]["data-silence"] == "60"
    assert "hidden" in news.all("strong")[0]
