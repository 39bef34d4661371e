"""Batches far larger than the data or the memory are refused before anything is drawn."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.data import UnpairedClips
from recyclegan.errors import InputError
from tests.data.test_sampling import domain


@settings(max_examples=40, deadline=None)
@given(batch_size=st.integers(1, 10**12), a=st.integers(1, 9), b=st.integers(1, 9), ranks=st.integers(1, 4))
def test_a_batch_is_drawn_told_of_or_refused_at_once(batch_size: int, a: int, b: int, ranks: int) -> None:
    taken = batch_size * ranks
    if taken > 16 * max(a, b):
        with pytest.raises(InputError, match=f"batch_size: {taken} clips .* and an epoch has {max(a, b)};"):
            UnpairedClips(domain(a), domain(b), 1, batch_size=batch_size, world_size=ranks)
        return
    sampler = UnpairedClips(domain(a), domain(b), 1, batch_size=batch_size, world_size=ranks)
    assert len(sampler.batch(0)["a"]) == batch_size
    assert len(sampler.notes) == (taken > a) + (taken > b)


def test_a_batch_that_the_memory_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    window = 2 * 4 * 6 * 3 * 4
    monkeypatch.setattr("recyclegan.data.sampling._memory", lambda: 10.0 * window)
    UnpairedClips(domain(60), domain(60), 2, batch_size=5)
    with pytest.raises(
        InputError, match=r"batch_size: a batch takes 0\.0 GB .* the machine has 0\.0 GB; take a smaller"
    ):
        UnpairedClips(domain(60), domain(60), 2, batch_size=6)
