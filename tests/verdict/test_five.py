"""Perfect, inverted, holed, tinted and mushy outputs made by hand: the verdict is right on each of them."""

from functools import lru_cache
from itertools import permutations

import numpy as np
import pytest

from recyclegan.metrics.frame_numbers import Look, look_of, numbers_of, pair_of
from recyclegan.roadworld import LOOKS
from recyclegan.verdict import Verdict, judge, judge_pairs
from tests.verdict.outputs import OUTPUTS, SOURCES, checkered, frames

EXPECTED = {
    "perfect": ("usable", set()),
    "inverted": ("not usable", {"inversion"}),
    "holed": ("usable with reservations", {"holes"}),
    "tinted": ("usable with reservations", {"tint"}),
    "mushy": (None, {"mush"}),
}
"""The word, and what must be found; blur is grave or not by how much it takes."""
BESIDE = {"ghosts", "tint"}
"""What may be found besides in an output with something wrong: a negative has its colours turned, too."""
PAIRS = [("day", "night"), ("night", "day"), ("sunset", "rain"), ("day", "sunset")]


def verdicts(output: str, source: str, before: str, after: str) -> list[Verdict]:
    """Return the verdicts on two drives at a time, as many frames as training shows."""
    messages = []
    for seeds in (range(2), range(2, 4)):
        real = [SOURCES[source](image) for image in frames(seeds, before)[::2]]
        fake = [OUTPUTS[output](image, seed) for image, seed in zip(frames(seeds, after)[::2], seeds, strict=True)]
        messages.append(judge_pairs([pair_of(*pair) for pair in zip(real, fake, strict=True)], looks(after)))
    return messages


@lru_cache
def looks(name: str) -> tuple[Look, ...]:
    """Return frames of other drives in the look aimed at."""
    return tuple(look_of(image) for image in frames(range(4, 10), name)[::2])


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("output", OUTPUTS)
def test_the_verdict_is_right(output: str, source: str) -> None:
    word, faults = EXPECTED[output]
    for before, after in PAIRS:
        if output == "tinted" and after == "sunset":
            continue  # its own colours vary too much
        for verdict in verdicts(output, source, before, after):
            found = {finding.name for finding in verdict.findings}
            assert faults <= found <= faults | (BESIDE if faults else set()), (before, after, verdict.sentence)
            assert word in (None, verdict.word), (before, after, verdict.sentence)


@pytest.mark.slow
def test_a_perfect_output_is_usable_in_every_look() -> None:
    for source in SOURCES:
        for before, after in permutations(LOOKS, 2):
            for verdict in verdicts("perfect", source, before, after):
                assert verdict.word == "usable", (source, before, after, verdict.sentence)


def test_lightness_agreement_separates_good_from_inverted() -> None:
    for before, after in PAIRS:
        good, bad = (verdicts(output, "plain", before, after) for output in ("perfect", "inverted"))
        assert min(one.numbers["lightness_agreement"] for one in good) > 0.2
        assert max(one.numbers["lightness_agreement"] for one in bad) < -0.2
        assert max(one.numbers["swapped_area"] for one in good) < 0.2
        assert min(one.numbers["swapped_area"] for one in bad) > 0.5


def test_the_sentence_says_how_much_is_swapped_and_what_is_right() -> None:
    real, fake = frames(range(2), "day"), frames(range(2), "rain")
    assert judge(real, fake).sentence.startswith("usable: light and dark are in place (+0.8")
    swapped = judge(real, [255 - image for image in fake])
    share = swapped.numbers["swapped_area"]
    assert swapped.sentence.startswith(f"not usable: light and dark are swapped in {share:.0%}".replace("%", " %"))
    assert "--content 1 1" in swapped.lines("ab ")[1]


def test_a_checkerboard_is_seen() -> None:
    real, fake = frames(range(2), "day"), frames(range(2), "rain")
    verdict = judge(real, [checkered(image) for image in fake])
    assert [finding.name for finding in verdict.findings] == ["checkerboard"]
    assert verdict.numbers["checkerboard"] > 10


def test_a_translation_of_another_scene_is_not_usable() -> None:
    real, fake = frames(range(3), "day"), frames(range(3, 6), "rain")
    rolled = [np.roll(image, (21, 40), (0, 1)) for image in fake]
    assert judge(real, rolled).word == "not usable"


def test_a_good_label_map_is_not_accused() -> None:
    real = frames(range(3), "day")
    maps = [(image // 96 * 96)[..., ::-1] for image in real]
    verdict = judge(real, [255 - image for image in maps], labels=True)
    assert (verdict.word, verdict.findings) == ("not judged", ())
    assert set(verdict.numbers) == {"change", "contrast", "variety_kept"}
    assert "not judged (label maps)" in verdict.sentence


def test_label_maps_that_are_all_the_same_are_still_found() -> None:
    real = frames(range(3), "day")
    assert [one.name for one in judge(real, [real[0] // 96 * 96] * 6, labels=True).findings] == ["no variety"]


def test_without_a_target_nothing_is_said_of_a_tint() -> None:
    real, fake = frames(range(2), "day"), frames(range(2), "night")
    assert "tint" not in judge(real, fake).numbers
    assert judge(real, fake).word == "usable"


def test_no_frames_are_not_accused() -> None:
    assert (judge([], []).word, judge([], []).findings) == ("not judged", ())
    assert numbers_of([]) == {}
