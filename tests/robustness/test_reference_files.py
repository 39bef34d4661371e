"""Published checkpoints under attack: whatever a ``.pth`` or ``opt.txt`` holds is imported, or refused in one line."""

import errno
import os
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from recyclegan.checkpoint import save_translator
from recyclegan.errors import InputError
from recyclegan.networks import make_generator
from recyclegan.networks.weights import read_weights, shapes_of
from recyclegan.published import export_reference, import_reference
from recyclegan.published.exchange import Architecture, read_generator
from tests.robustness.ends import LONGEST, check_end, run, within
from tests.small import small_card

SMALL = Architecture("resnet-6", 3, 3, 4, "instance")
STATE: dict[str, Tensor] = dict(SMALL.build().state_dict())
FIRST = "model.1.weight"
QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


def refusal(path: Path) -> str | None:
    """Return the one line that a file is refused with, or None where a generator is read."""
    try:
        with within(LONGEST), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read_generator(path)
    except InputError as error:
        return one_line(error)
    return None


def one_line(error: InputError) -> str:
    message = str(error)
    assert "\n" not in message
    assert len(message) < 600
    return message


def saved(path: Path, value: Any) -> Path:
    torch.save(value, path)
    return path


NO_STATE = [
    None,
    3,
    [1],
    torch.ones(2),
    {},
    {1: torch.ones(2)},
    {"a": "b"},
    {"state_dict": STATE},
    {**STATE, "epoch": 3},
]


@pytest.mark.parametrize("value", NO_STATE, ids=range(9))
def test_what_is_no_state_dict_is_refused(tmp_path: Path, value: Any) -> None:
    assert refusal(saved(tmp_path / "x.pth", value))


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value * float("nan"),
        lambda value: value * 1e30,
        lambda value: value.reshape(-1),
        lambda value: value[:0],
        lambda value: value[..., None],
        lambda value: value.sum(),
        lambda value: value[:, :2],
        lambda value: value.repeat(1, 2, 1, 1)[:, :4],
        lambda value: value.repeat(9, 1, 1, 1),
        lambda value: value.to_sparse(),
        lambda value: value.to("meta"),
        lambda value: value > 0,
        lambda value: value.to(torch.complex64),
        lambda value: value.to(torch.int8),
        lambda value: value[:1].expand(10**6, 3, 7, 7),
    ],
    ids=range(15),
)
def test_a_tensor_of_another_kind_is_refused_by_name_or_by_size(
    tmp_path: Path, change: Callable[[Tensor], Tensor]
) -> None:
    message = refusal(saved(tmp_path / "x.pth", {**STATE, FIRST: change(STATE[FIRST])}))
    assert message
    assert "x.pth" in message


@pytest.mark.parametrize("change", [lambda value: value.half(), torch.nn.Parameter, lambda value: value.flip(0)])
def test_a_tensor_of_numbers_is_taken(tmp_path: Path, change: Callable[[Tensor], Tensor]) -> None:
    assert refusal(saved(tmp_path / "x.pth", {**STATE, FIRST: change(STATE[FIRST])})) is None


def test_a_network_that_is_larger_than_its_file_takes_no_memory(tmp_path: Path) -> None:
    wide = shapes_of(Architecture("resnet-9", 3, 3, 4000, "instance").build)
    folded = {name: torch.zeros(1).expand(shape) for name, shape in wide.items()}
    assert "its tensors are larger than the file" in (refusal(saved(tmp_path / "x.pth", folded)) or "")


def test_what_is_compressed_is_not_unpacked(tmp_path: Path) -> None:
    saved(tmp_path / "x.pth", STATE)
    with zipfile.ZipFile(tmp_path / "x.pth") as whole, zipfile.ZipFile(tmp_path / "bomb.pth", "w", 8) as bomb:
        for entry in whole.infolist():
            bomb.writestr(entry.filename, whole.read(entry))
        bomb.writestr(whole.namelist()[0].replace("data.pkl", "data/99"), bytes(1 << 27))
    assert (tmp_path / "bomb.pth").stat().st_size < 1 << 20
    assert "is compressed inside" in (refusal(tmp_path / "bomb.pth") or "")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x05\x06" + bytes(18),
        b"\x80\x02" + b"(l" * 10**5 + b".",
        os.urandom(99),
        pickle.dumps({"a": os.system}),
    ],
    ids=range(5),
)
def test_what_is_no_file_of_torch_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.pth").write_bytes(data)
    assert "does not load as tensors alone" in (refusal(tmp_path / "x.pth") or "")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.pth").mkdir()
    os.mkfifo(tmp_path / "pipe.pth")
    (tmp_path / "loop.pth").symlink_to("loop.pth")
    for name in ("folder", "pipe", "loop", "missing", "x" * 300):
        assert refusal(tmp_path / f"{name}.pth")


def experiment(folder: Path, options: str | bytes = "") -> Path:
    folder.mkdir(exist_ok=True)
    saved(folder / "latest_net_G_A.pth", STATE)
    data = options if isinstance(options, bytes) else options.encode("utf-8", "surrogateescape")
    (folder / "opt.txt").write_bytes(data)
    return folder


@pytest.mark.parametrize(
    "options",
    [
        b"\xff\xfe",
        "fineSize: 1",
        "fineSize: 999999999",
        "fineSize: 40000",
        "dataset_mode: x_scale\nfineSizeH: 256\nfineSizeW: 7",
        "translated_size: 1x99999",
    ],
)
def test_sizes_that_no_translator_has_are_refused_and_leave_nothing(tmp_path: Path, options: str | bytes) -> None:
    with pytest.raises(InputError, match=r"opt\.txt"):
        import_reference(experiment(tmp_path / "x", options), "latest", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "options", ["fineSize: ²", "fineSize: -3", "fineSize: " + "9" * 5000, "norm: [1]", ": :", "\0"]
)
def test_options_that_are_no_sizes_are_left_out(tmp_path: Path, options: str) -> None:
    import_reference(experiment(tmp_path / "x", options), "latest", tmp_path / "out")


@pytest.mark.parametrize("epoch", ["../x", "", "a/b", "x" * 5000, "\udcff"], ids=range(5))
def test_any_word_for_an_epoch_ends_in_one_line(tmp_path: Path, epoch: str) -> None:
    end = run(["import-reference", experiment(tmp_path / "x"), "--out", tmp_path / "out", f"--epoch={epoch}"])
    check_end(end)
    assert end.code == 2
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_no_export_and_no_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, calls = experiment(tmp_path / "x"), []
    for direction in ("ab", "ba"):
        save_translator(
            tmp_path / "run" / f"{direction}.safetensors",
            make_generator("resnet-6", width=4),
            small_card(direction=direction),
        )

    def full(number: int) -> None:
        calls.append(number)
        if len(calls) % 2 == 0 or len(calls) > 4:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("recyclegan.files.whole_writes.os.fsync", full)
    (tmp_path / "old").mkdir()
    for target in (tmp_path / "new", tmp_path / "old"):
        with pytest.raises(InputError, match="No space left on device"):
            export_reference(tmp_path / "run", target)
    with pytest.raises(InputError, match="No space left on device"):
        import_reference(source, "latest", tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"x", "run", "old"}
    assert list((tmp_path / "old").iterdir()) == []


def attack(path: Path, edits: list[tuple[int, int]], cut: int, new: bool) -> None:
    torch.save(STATE, path, _use_new_zipfile_serialization=new)
    data = bytearray(path.read_bytes())
    for place, byte in edits:
        data[place % len(data)] = byte
    path.write_bytes(data[: max(0, len(data) - cut)])
    refusal(path)


EDITS = st.lists(st.tuples(st.integers(0, 2000) | st.integers(0, 10**6), st.integers(0, 255)), max_size=6)
CUTS = st.just(0) | st.integers(0, 10**5)


@given(EDITS, CUTS, st.booleans())
@settings(deadline=None, max_examples=150, derandomize=True, suppress_health_check=QUIET)
def test_any_bytes_are_a_generator_or_refused(
    tmp_path: Path, edits: list[tuple[int, int]], cut: int, new: bool
) -> None:
    attack(tmp_path / "x.pth", edits, cut, new)


@pytest.mark.slow
@given(EDITS, CUTS, st.booleans())
@settings(deadline=None, max_examples=3000, suppress_health_check=QUIET)
def test_any_bytes_are_a_generator_or_refused_at_length(
    tmp_path: Path, edits: list[tuple[int, int]], cut: int, new: bool
) -> None:
    attack(tmp_path / "x.pth", edits, cut, new)


def test_weights_are_read_whole(tmp_path: Path) -> None:
    read = read_weights(saved(tmp_path / "x.pth", {f"module.{name}": value for name, value in STATE.items()}))
    assert all(torch.equal(read[name], value) for name, value in STATE.items())
