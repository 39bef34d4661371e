"""The bound on correlations is sure, and leaves few of many clips to be compared; the findings are as without it."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from recyclegan.data import Clip
from recyclegan.doctor import doubles
from recyclegan.doctor.doubles import moments_of, sketches
from recyclegan.doctor.scan import Colours, Scan, View
from recyclegan.metrics.pictures import SIDE


def footage(seed: int, num_frames: int = 6, flatness: int = 4) -> np.ndarray:
    """Return thumbnails of a window that moves along a smooth wall."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, 40, (SIDE // flatness + 2, (SIDE + 4 * num_frames) // flatness + 2))
    wall = coarse.repeat(flatness, 0).repeat(flatness, 1)
    wall = (wall[:-1, :-1] + wall[1:, :-1] + wall[:-1, 1:] + wall[1:, 1:]) / 4 + 128
    windows = [wall[:SIDE, 4 * t : 4 * t + SIDE] for t in range(num_frames)]
    return np.stack(windows).clip(0, 255).astype(np.uint8)[..., None].repeat(3, axis=3)


def view(name: str, thumbs: np.ndarray, split: str = "train", domain: str = "a") -> View:
    clip = Clip(name, "frames", tuple(Path(f"{name}/{place}.png") for place in range(len(thumbs))))
    places = tuple(range(len(thumbs)))
    size = Counter({(SIDE, SIDE): len(thumbs)})
    return View(split, domain, clip, len(thumbs), (SIDE, SIDE), size, places, thumbs, Colours(), None, ())


def many(count: int) -> list[View]:
    """Return clips of which some show what others show, some nothing, and some stand still."""
    views = []
    for number in range(count):
        thumbs = footage(number, 1 + number % 7)
        if number % 20 == 9:
            thumbs = np.roll(footage(number - 1, 1 + (number - 1) % 7), number % 3, axis=2)
        if number % 30 == 7:
            thumbs = np.full_like(thumbs, 90)
        if number % 30 == 11:
            thumbs = thumbs[:1].repeat(4, axis=0)
        views.append(view(f"c{number}", thumbs, "val" if number % 10 == 9 else "train", "ab"[number % 4 == 3]))
    return views


@pytest.fixture(autouse=True)
def _no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doubles, "_equal_files", lambda _: iter(()))
    monkeypatch.setattr(doubles, "compare_closely", doubles.compare)


def test_no_correlation_exceeds_its_bound() -> None:
    views = many(60)
    moments = [moments_of(one) for one in views]
    for look in sketches(views):
        for part in range(0, 60, 7):
            exact = [whole.correlations(moments[part].patterns).max(axis=1) for whole in moments]
            assert (look.bounds(part, range(60)) >= np.stack(exact)).all()
            some = [3, 50, 51, 59]
            np.testing.assert_allclose(look.bounds(part, some), look.bounds(part, range(60))[some], rtol=1e-5)


def test_findings_are_those_of_comparing_every_pair() -> None:
    views = many(70)
    pairs = []
    ready = [moments_of(one) for one in sorted(views, key=doubles._order)]
    for first, second in combinations(ready, 2):
        match, part, whole = doubles.compare(first, second), first.view, second.view
        if match.num_same >= doubles._needed(part, whole, match.num_compared):
            pairs.append((part.name, whole.name, match.num_same))
    ordered, scan = [moments.view for moments in ready], Scan(Path(), tuple(views), (), ())
    found = doubles._alike(scan, ordered, sketches(ordered), lambda number: ready[number], set())
    assert [(pair.part.name, pair.whole.name, pair.match.num_same) for pair in found] == pairs
    assert pairs


def test_hardly_any_of_many_pairs_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    views, compared = many(400), []
    exact = doubles.compare
    monkeypatch.setattr(doubles, "compare", lambda *pair: compared.append(pair) or exact(*pair))
    messages: list[tuple[int, int | None, str]] = []
    scan = Scan(Path(), tuple(views), (), (), progress=lambda *step: messages.append(step))
    assert list(doubles.shared_footage(scan))
    assert len(compared) < 0.01 * 400 * 399 / 2
    assert messages[-1] == (79_800, 79_800, "comparing clips")


def test_a_folder_without_a_readable_clip_shares_nothing() -> None:
    assert not list(doubles.shared_footage(Scan(Path(), (), (), ())))
