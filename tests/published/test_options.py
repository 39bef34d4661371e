import pytest

from recyclegan.errors import InputError
from recyclegan.published.published_options import (
    ENDLESS,
    LABEL_TO_RGB,
    RGB_TO_LABEL,
    TEST,
    TRAIN,
    UNUSED_IN_TEST,
    Options,
    notes_on_unused,
    read_bool,
    read_count,
)

TABLES = [TRAIN, TEST, RGB_TO_LABEL, LABEL_TO_RGB]


def test_false_is_false() -> None:
    assert [read_bool(word) for word in ("False", "false", "0", "True", "TRUE", "yes")] == [False] * 3 + [True] * 3
    with pytest.raises(InputError, match="expected True or False"):
        read_bool("maybe")


def test_a_count_may_be_endless() -> None:
    assert read_count("inf") == ENDLESS
    assert read_count("7") == 7


@pytest.mark.parametrize("table", TABLES)
def test_each_option_is_named_once_and_told_of(table) -> None:
    names = [option.name for option in table]
    assert len(set(names)) == len(names)
    assert all(bool(option.text) != bool(option.unused) for option in table)
    assert all(option.default in option.choices for option in table if option.choices)


def test_options_without_meaning_are_told_once_and_only_where_given() -> None:
    values = {option.name: option.default for option in TEST}
    assert list(notes_on_unused(TEST, Options(values), UNUSED_IN_TEST)) == []
    given = Options(values, frozenset({"nThreads", "ndf", "name"}))
    notes = list(notes_on_unused(TEST, given, UNUSED_IN_TEST))
    assert [note.split()[0] for note in notes] == ["--nThreads", "--ndf"]
