"""Frames that wait: each in its turn, or the newest alone; ends, faults and closing reach both sides."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recyclegan.live.waiting import Waiting


@given(st.integers(1, 4), st.lists(st.booleans(), max_size=40))
def test_the_newest_are_taken_in_order_and_all_others_are_counted(depth: int, puts: list[bool]) -> None:
    waiting = Waiting[int](depth, newest=True)
    put, taken = 0, list[int]()
    for is_put in puts:
        if is_put:
            assert waiting.put(put)
            put += 1
        elif (item := waiting.take(0)) is not None:
            assert item >= put - depth
            taken.append(item)
    assert taken == sorted(set(taken))
    left = len(taken) + waiting.num_dropped
    waiting.end()
    while True:
        try:
            waiting.take(0)
        except EOFError:
            break
        left += 1
    assert left == put


def test_where_none_may_be_lost_whoever_puts_one_waits() -> None:
    waiting = Waiting[int](2, newest=False)
    thread = threading.Thread(target=lambda: [waiting.put(number) for number in range(50)] and waiting.end())
    thread.start()
    assert [waiting.take(10) for _ in range(50)] == [*range(50)]
    with pytest.raises(EOFError):
        waiting.take(10)
    assert waiting.num_dropped == 0
    thread.join(10)


def test_nothing_in_time_is_none() -> None:
    assert Waiting[int](1, newest=True).take(0) is None


def test_what_went_wrong_is_raised_behind_the_last_item() -> None:
    waiting = Waiting[int](2, newest=False)
    waiting.put(1)
    waiting.end(ValueError("torn"))
    assert waiting.take(0) == 1
    with pytest.raises(ValueError, match="torn"):
        waiting.take(0)


def test_closing_frees_whoever_waits_for_room() -> None:
    waiting = Waiting[int](1, newest=False)
    waiting.put(0)
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(waiting.put(1)))
    thread.start()
    waiting.close()
    thread.join(10)
    assert found == [False]


def test_beginning_anew_keeps_the_newest_alone() -> None:
    waiting = Waiting[int](3, newest=True)
    assert waiting.restart(7) == 7
    for number in range(5):
        waiting.put(number)
    assert waiting.restart(7) == 4
    assert waiting.num_dropped == 0
    assert waiting.take(0) is None
