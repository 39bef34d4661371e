"""What is handed on is done in order, errors reach the one who hands on, and no thread outlives the block."""

import threading
import time

import pytest

from recyclegan.video.behind import Behind


class StopNowError(BaseException):
    """Comes from outside, as a signal does."""


def hand_on(behind: Behind[int], count: int, error: BaseException | None = None) -> None:
    with behind:
        for number in range(count):
            behind.put(number)
        if error:
            raise error


@pytest.mark.parametrize("depth", [1, 3, 100])
def test_all_is_done_in_order_before_the_block_ends(depth: int) -> None:
    done: list[int] = []
    with Behind(done.append, depth) as behind:
        for number in range(50):
            behind.put(number)
    assert done == [*range(50)]


def test_no_more_is_taken_than_fits() -> None:
    begun, go_on = [], threading.Event()

    def work(number: int) -> None:
        begun.append(number)
        go_on.wait(10)

    with Behind(work, depth=2) as behind:
        handed = threading.Thread(target=lambda: [behind.put(number) for number in range(9)])
        handed.start()
        time.sleep(0.3)
        assert (begun, handed.is_alive()) == ([0], True)
        go_on.set()
        handed.join()
    assert begun == [*range(9)]


@pytest.mark.parametrize("bad", [0, 3, 9])
def test_an_error_of_the_work_is_raised_and_nothing_is_done_after_it(bad: int) -> None:
    done, before = list[int](), threading.active_count()

    def work(number: int) -> None:
        if number == bad:
            raise KeyError(number)
        done.append(number)

    with pytest.raises(KeyError):
        hand_on(Behind(work), 10)
    assert done == [*range(bad)]
    assert threading.active_count() == before


def test_a_block_that_fails_leaves_undone_what_was_not_begun() -> None:
    done, before = list[int](), threading.active_count()

    def work(number: int) -> None:
        time.sleep(0.05)
        done.append(number)

    with pytest.raises(StopNowError):
        hand_on(Behind(work, depth=100), 50, StopNowError())
    assert len(done) < 5
    assert threading.active_count() == before
