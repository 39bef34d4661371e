"""Pieces of pages about work that goes on: its progress, pictures over time, and commands to go on with."""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass

from recyclegan.pages.page import Html, escape


@dataclass(frozen=True)
class Shot:
    """A picture that lies beside the page, and when it was taken."""

    file: str
    """Relative to the page's folder, with slashes between and no characters that addresses give a meaning."""
    when: str


def progress_bar(done: int, total: int, words: str) -> Html:
    """Return a bar that is filled as far as ``done`` of ``total``, and what it means."""
    share = 100 * min(done / total, 1.0)
    return Html(
        f'<div class="progress" role="progressbar" aria-valuenow="{share:.0f}" aria-valuemin="0" aria-valuemax="100"'
        f' aria-label="{escape(words)}"><div style="width:{share:.2f}%"></div></div>'
    )


def time_slider(shots: Sequence[Shot], words: str) -> Html:
    """Return the newest of pictures that lie beside the page, and a slider over all of them, oldest first.

    A click opens the picture itself. The slider keeps its place when the page renews itself.
    """
    newest, last = shots[-1], len(shots) - 1
    data = html.escape(json.dumps([[shot.file, shot.when] for shot in shots], separators=(",", ":")))
    return Html(
        f'<figure class="shots" data-shots="{data}"><a href="{escape(newest.file)}">'
        f'<img alt="{escape(words)}" src="{escape(newest.file)}"></a><div class="bar" hidden>'
        '<button type="button" class="play">Play</button>'
        f'<input type="range" class="seek" min="0" max="{last}" value="{last}" step="1" aria-label="Place in time">'
        f"<output>{escape(newest.when)}</output></div><figcaption>{escape(words)}</figcaption></figure>"
    )


def command(title: str, line: str) -> Html:
    """Return a command line to copy, and what it is good for."""
    words = " ".join(f"<span>{escape(word)}</span>" for word in line.split(" "))
    return Html(
        f'<div class="command"><h3>{escape(title)}</h3><div><code>{words}</code>'
        '<button type="button" class="copy" hidden>Copy</button></div></div>'
    )


def verdict(sentences: Sequence[str]) -> Html:
    """Return what is to be said of the outcome, first of all."""
    return Html(f'<div class="verdict">{"".join(f"<p>{escape(words)}</p>" for words in sentences)}</div>')


def written_at(clock: str, seconds: int, silence: int, words: str) -> Html:
    """Return when a page was written, which tells ``words`` where it is still the newest after ``silence`` seconds.

    ``clock`` is the time in words, ``seconds`` those since 1970; ``silence`` of 0 waits for ever.
    """
    return Html(
        f'<p class="note written" data-written="{seconds}" data-silence="{silence}">Written {escape(clock)}'
        f'<span class="age"></span>. <strong hidden>{escape(words)}</strong></p>'
    )
