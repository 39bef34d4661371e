import os

import pytest

from recyclegan.errors import InputError
from recyclegan.published.command_line import Devices, choose_devices
from tests.published.commands import train_options


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6")
    monkeypatch.setenv("RECYCLEGAN_GPUS_CHOSEN", "")
    monkeypatch.delenv("RECYCLEGAN_GPUS_CHOSEN")


def machine(monkeypatch: pytest.MonkeyPatch, gpus: int) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpus > 0)
    monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)


def test_minus_one_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, 2)
    assert choose_devices(train_options("--dataroot", "d", "--gpu_ids", "-1")) == Devices("cpu", 1)


def test_without_a_gpu_the_cpu_is_taken_unless_one_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, 0)
    found = choose_devices(train_options("--dataroot", "d"))
    assert (found.kind, found.number, len(found.notes)) == ("cpu", 1, 1)
    with pytest.raises(InputError, match="--gpu_ids 0: found 0 of these GPUs; give -1 for the CPU"):
        choose_devices(train_options("--dataroot", "d", "--gpu_ids", "0"))


def test_the_first_gpus_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, 3)
    assert choose_devices(train_options("--dataroot", "d", "--gpu_ids", "0,1")) == Devices("cuda", 2)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "4,5,6"


def test_other_gpus_are_made_the_only_visible_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, 2)
    for _ in range(2):
        assert choose_devices(train_options("--dataroot", "d", "--gpu_ids", "0,2")) == Devices("cuda", 2)
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "4,6"


def test_ids_are_numbers() -> None:
    with pytest.raises(InputError, match="expected numbers"):
        choose_devices(train_options("--dataroot", "d", "--gpu_ids", "first"))
