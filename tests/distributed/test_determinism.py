"""Deterministic algorithms: asked of torch while a run trains that wants them, and of nothing else."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from recyclegan.distributed.determinism import deterministic_algorithms
from recyclegan.errors import InputError
from recyclegan.networks.layers import ReflectionPad, pad_to_multiple, reflect
from recyclegan.runs import read_config
from recyclegan.steps import train_step
from recyclegan.training import loop, train
from tests.small import make_data, small_config


def settings_now() -> tuple[bool, bool, bool]:
    memory = torch.utils.deterministic.fill_uninitialized_memory
    return torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark, memory


@pytest.mark.parametrize("wanted", [False, True])
def test_settings_hold_for_the_block_alone(monkeypatch: pytest.MonkeyPatch, wanted: bool) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    before = settings_now()
    with deterministic_algorithms(wanted):
        assert settings_now() == ((True, False, False) if wanted else before)
    assert settings_now() == before
    with pytest.raises(KeyError), deterministic_algorithms(wanted):
        raise KeyError
    assert settings_now() == before


def test_an_operation_without_such_an_algorithm_is_one_line() -> None:
    with pytest.raises(InputError) as caught, deterministic_algorithms(True):
        raise RuntimeError(
            "reflection_pad2d_backward_cuda does not have a deterministic implementation, but you set "
            "'torch.use_deterministic_algorithms(True)'. You can turn off determinism just for this operation"
        )
    message = str(caught.value)
    assert message.startswith("--deterministic: reflection_pad2d_backward_cuda does not have a deterministic")
    assert "\n" not in message
    with pytest.raises(RuntimeError, match="another"), deterministic_algorithms(True):
        raise RuntimeError("another")


def test_a_run_that_wants_them_trains_with_them_and_says_so_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def watched(*arguments: Any) -> Any:
        seen.append(torch.are_deterministic_algorithms_enabled())
        return train_step(*arguments)

    monkeypatch.setattr(loop, "train_step", watched)
    config = small_config(make_data(tmp_path / "data"), tmp_path / "run", steps=1, deterministic=True)
    train(config)
    assert seen == [True]
    assert not torch.are_deterministic_algorithms_enabled()
    assert read_config(config.out).deterministic
    with pytest.raises(InputError, match="was started with --deterministic; found --no-deterministic"):
        train(replace(config, deterministic=False, steps=2), resume=True)


@pytest.mark.parametrize("padding", [(1, 1, 1, 1), (3, 3, 3, 3), (0, 2, 0, 5), (4, 0, 1, 0), (0, 0, 0, 0)])
def test_reflection_from_slices_is_that_of_torch(padding: tuple[int, int, int, int]) -> None:
    frames = torch.rand(2, 3, 6, 7, dtype=torch.float64, requires_grad=True)
    weights = torch.rand(2, 3, 6 + padding[2] + padding[3], 7 + padding[0] + padding[1], dtype=torch.float64)
    found = []
    for wanted in (False, True):
        with deterministic_algorithms(wanted):
            padded = reflect(frames, padding)
            (gradient,) = torch.autograd.grad((padded * weights).sum(), frames)
        found.append((padded, gradient))
    assert torch.equal(found[0][0], F.pad(frames, padding, mode="reflect"))
    assert torch.equal(found[1][0], found[0][0])
    torch.testing.assert_close(found[1][1], found[0][1])


def test_networks_reflect_without_torchs_own_padding_where_that_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = torch.rand(1, 3, 6, 7)
    usual = ReflectionPad(2)(frames), pad_to_multiple(frames, 4)
    monkeypatch.setattr(F, "pad", lambda *_, **__: pytest.fail("torch's own padding"))
    with deterministic_algorithms(True):
        assert torch.equal(ReflectionPad(2)(frames), usual[0])
        assert torch.equal(pad_to_multiple(frames, 4), usual[1])
