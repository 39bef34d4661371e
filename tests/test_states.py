"""Checkpoints on the disk: damage is found, and the newest whole one is never given up for one that is not there."""

import io
import subprocess
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from recyclegan import states
from recyclegan.errors import InputError
from recyclegan.files import digest
from recyclegan.states import DIGESTS_FILE, STATE_FILE, checkpoints, load_checkpoint, save_checkpoint, step_of

STATE = {"step": 3, "networks": {"w": torch.arange(60.0).view(3, 20)}, "nested": [{"t": torch.ones(2), "n": 1.5}]}


def steps_of(run: Path) -> list[int]:
    return [step_of(folder) for folder in checkpoints(run)]


def test_a_checkpoint_carries_digests_that_sha256sum_can_check(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path, 3, STATE, keep=1)
    assert (folder / DIGESTS_FILE).read_text() == f"{digest(folder / STATE_FILE)}  {STATE_FILE}\n"
    checked = subprocess.run(["sha256sum", "-c", DIGESTS_FILE], cwd=folder, capture_output=True, text=True, check=False)
    assert checked.stdout == f"{STATE_FILE}: OK\n"


@pytest.mark.parametrize("name", [STATE_FILE, DIGESTS_FILE])
def test_one_flipped_bit_anywhere_is_found(tmp_path: Path, name: str) -> None:
    folder = save_checkpoint(tmp_path, 3, STATE, keep=1)
    path, rng = folder / name, np.random.default_rng(0)
    whole = path.read_bytes()
    for place in rng.choice(len(whole), 60, replace=False):
        spoiled = bytearray(whole)
        spoiled[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(spoiled)
        with pytest.raises(InputError, match="is damaged or no training state"):
            load_checkpoint(folder)
    path.write_bytes(whole)
    assert load_checkpoint(folder)["step"] == 3


@pytest.mark.parametrize("text", [b"", b"\xff\xfe", b"0" * 64 + b"  other.pt\n", b"no line of this kind\n"])
def test_digests_that_say_nothing_of_the_state_count_as_damage(tmp_path: Path, text: bytes) -> None:
    folder = save_checkpoint(tmp_path, 3, STATE, keep=1)
    (folder / DIGESTS_FILE).write_bytes(text)
    with pytest.raises(InputError, match="is damaged"):
        load_checkpoint(folder)


def test_a_checkpoint_of_an_earlier_version_has_no_digests_and_is_read(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path, 3, STATE, keep=1)
    (folder / DIGESTS_FILE).unlink()
    assert torch.equal(load_checkpoint(folder)["networks"]["w"], STATE["networks"]["w"])


def test_without_digests_mutated_bytes_give_a_state_or_one_line(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path, 3, STATE, keep=1)
    (folder / DIGESTS_FILE).unlink()
    whole, rng = (folder / STATE_FILE).read_bytes(), np.random.default_rng(1)
    for _ in range(100):
        spoiled = bytearray(whole)
        for place in rng.integers(len(whole), size=int(rng.integers(1, 9))):
            spoiled[place] = int(rng.integers(256))
        (folder / STATE_FILE).write_bytes(spoiled[: int(rng.integers(len(whole) // 2, len(whole) + 1))])
        with suppress(InputError):
            assert isinstance(load_checkpoint(folder), dict)


def test_a_state_that_unpacks_to_more_than_it_holds_is_refused_before_it_does(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path, 3, STATE, keep=1)
    (folder / DIGESTS_FILE).unlink()
    buffer = io.BytesIO()
    torch.save({"w": torch.zeros(300_000)}, buffer)
    with (
        zipfile.ZipFile(buffer) as source,
        zipfile.ZipFile(folder / STATE_FILE, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in source.namelist():
            packed.writestr(name, source.read(name))
    assert (folder / STATE_FILE).stat().st_size < 100_000
    with pytest.raises(InputError, match="is damaged"):
        load_checkpoint(folder)


@pytest.mark.parametrize("value", [[1, 2], "state", 3, None, torch.ones(2)])
def test_what_is_no_table_is_no_training_state(tmp_path: Path, value: Any) -> None:
    torch.save(value, tmp_path / STATE_FILE)
    with pytest.raises(InputError, match="no training state"):
        load_checkpoint(tmp_path)


def test_checkpoints_ahead_go_with_the_first_one_that_is_written_behind_them(tmp_path: Path) -> None:
    for step in (2, 4, 6):
        save_checkpoint(tmp_path, step, {"step": step}, keep=9)
    save_checkpoint(tmp_path, 3, {"step": 3}, keep=2)
    assert steps_of(tmp_path) == [2, 3]


def test_old_checkpoints_stay_until_the_new_one_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tmp_path, 2, {"step": 2}, keep=1)

    def full(path: Path, data: Any) -> None:
        assert steps_of(tmp_path) == [2]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(states, "write_text", full)
    with pytest.raises(InputError, match=r"step-00000004: cannot be written \(No space left on device\); make room"):
        save_checkpoint(tmp_path, 4, {"step": 4}, keep=1)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000002"]
    monkeypatch.undo()
    save_checkpoint(tmp_path, 4, {"step": 4}, keep=1)
    assert steps_of(tmp_path) == [4]
