"""The user's error, and the word that was meant."""

import pytest

from recyclegan.errors import InputError, nearest


def test_an_input_error_is_a_value_error_that_keeps_its_line() -> None:
    assert issubclass(InputError, ValueError)
    assert str(InputError("thing: found 1, expected 2; do this")) == "thing: found 1, expected 2; do this"


@pytest.mark.parametrize(("word", "meant"), [("tran", "train"), ("transalte", "translate"), ("trainn", "train")])
def test_the_nearest_word_is_named(word: str, meant: str) -> None:
    assert nearest(word, ("train", "translate")) == f" (did you mean '{meant}'?)"


@pytest.mark.parametrize("known", [(), ("train", "translate")])
def test_a_word_far_from_all_others_names_none(known: tuple[str, ...]) -> None:
    assert nearest("qqqq", known) == ""


def test_known_words_may_come_as_any_iterable() -> None:
    assert "train" in nearest("tran", {"train": 1}) == nearest("tran", iter(["train"]))
