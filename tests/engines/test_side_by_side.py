"""Frames side by side: the bits of one after the other, threads as before, and errors that reach the caller."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from recyclegan.engines.side_by_side import side_by_side


@pytest.fixture(params=[1, 2, 5], autouse=True)
def _threads(request: pytest.FixtureRequest) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_frames_side_by_side_are_those_of_one_after_the_other_in_their_order(count: int) -> None:
    network = nn.Conv2d(3, 3, 3, padding=1).requires_grad_(False)
    frames = torch.randn(count, 3, 20, 30)
    made = side_by_side(network, frames)
    assert torch.equal(made, torch.cat([network(frame) for frame in frames.split(1)]))


def test_all_threads_are_shared_out_and_given_back() -> None:
    threads, seen = torch.get_num_threads(), list[int]()

    def work(frame: Tensor) -> Tensor:
        seen.append(torch.get_num_threads())
        return frame

    side_by_side(work, torch.zeros(2, 3, 4, 4))
    assert seen == [threads // min(2, threads)] * 2
    assert torch.get_num_threads() == threads


def test_what_work_raises_reaches_the_caller_and_loses_no_threads() -> None:
    threads = torch.get_num_threads()

    def work(frame: Tensor) -> Tensor:
        raise ValueError("bad frame")

    with pytest.raises(ValueError, match="bad frame"):
        side_by_side(work, torch.zeros(3, 3, 4, 4))
    assert torch.get_num_threads() == threads
