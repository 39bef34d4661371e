"""Training states and translators come back exactly, and nothing else is taken for one."""

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from recyclegan.checkpoint import (
    CARD_KEY,
    Card,
    MovingAverage,
    add_metrics,
    find_translator,
    load_card,
    load_translator,
    save_translator,
)
from recyclegan.errors import InputError
from recyclegan.networks import make_generator
from recyclegan.states import checkpoints, load_checkpoint, save_checkpoint
from tests.small import PALETTE, small_card

STATE = {"step": 3, "networks": {"w": torch.arange(6.0).view(2, 3)}, "nested": [{"t": torch.ones(2), "n": 1.5}]}


class Malicious:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def message_of(action: Any, *arguments: Any) -> str:
    with pytest.raises(InputError) as caught:
        action(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_training_state_comes_back_exactly(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path, 3, STATE, keep=2)
    assert folder == tmp_path / "step-00000003"
    loaded = load_checkpoint(folder)
    assert loaded["step"] == 3
    assert torch.equal(loaded["networks"]["w"], STATE["networks"]["w"])
    assert torch.equal(loaded["nested"][0]["t"], torch.ones(2))
    assert loaded["nested"][0]["n"] == 1.5


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=6, unique=True), st.integers(1, 4))
@settings(max_examples=10, deadline=None)
def test_the_newest_are_kept(tmp_path_factory: pytest.TempPathFactory, steps: list[int], keep: int) -> None:
    run = tmp_path_factory.mktemp("run")
    for step in sorted(steps):
        save_checkpoint(run, step, {"step": step}, keep)
    assert [int(path.name[5:]) for path in checkpoints(run)] == sorted(steps)[-keep:]
    assert [load_checkpoint(path)["step"] for path in checkpoints(run)] == sorted(steps)[-keep:]


def test_a_half_written_checkpoint_is_no_checkpoint(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 2, STATE, keep=5)
    half = tmp_path / ".step-00000004.a1b2c3" / "step-00000004"
    half.mkdir(parents=True)
    (half / "state.pt").write_bytes(b"PK")
    for name in ("step-4", "step-000000045", "step-00000004.old", "samples"):
        (tmp_path / name).mkdir()
    assert checkpoints(tmp_path) == [tmp_path / "step-00000002"]


def test_an_error_while_saving_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tmp_path, 2, STATE, keep=1)

    def full(state: Any, _: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(InputError, match=r"step-00000004: cannot be written \(No space left on device\); make room"):
        save_checkpoint(tmp_path, 4, STATE, keep=1)
    assert list(tmp_path.iterdir()) == [tmp_path / "step-00000002"]
    assert load_checkpoint(tmp_path / "step-00000002")["step"] == 3


def test_a_folder_without_state_is_refused(tmp_path: Path) -> None:
    assert "holds no state.pt; name a step-XXXXXXXX folder" in message_of(load_checkpoint, tmp_path)


@pytest.mark.parametrize("damage", ["empty", "text", "truncated"])
def test_a_damaged_state_is_refused_with_its_remedy(tmp_path: Path, damage: str) -> None:
    path = save_checkpoint(tmp_path, 3, STATE, keep=1) / "state.pt"
    data = path.read_bytes()
    path.write_bytes({"empty": b"", "text": b"hello", "truncated": data[: len(data) // 2]}[damage])
    assert "is damaged or no training state; delete its folder" in message_of(load_checkpoint, path.parent)


@pytest.mark.parametrize("write", ["torch", "pickle"])
def test_code_in_a_state_is_refused_and_not_run(tmp_path: Path, write: str) -> None:
    harm = tmp_path / "harm"
    if write == "torch":
        torch.save({"step": 1, "networks": Malicious(harm)}, tmp_path / "state.pt")
    else:
        (tmp_path / "state.pt").write_bytes(pickle.dumps(Malicious(harm)))
    assert "is damaged or no training state" in message_of(load_checkpoint, tmp_path)
    assert not harm.exists()


CARDS = [
    small_card(),
    small_card(direction="ba", generator="unet-128", norm="batch", channels_in=1, channels_out=3, steps=10**6),
    small_card(generator="resnet-9", dropout=True, norm="none", channels_out=1, labels_in=True, resize="none"),
    small_card(palette=PALETTE, metrics={"miou": 0.25, "warp_error": 1e-3}, resize="rectangle", size=(256, 512)),
]


def generator_of(card: Card) -> nn.Module:
    return make_generator(card.generator, card.channels_in, card.channels_out, card.width, card.norm, card.dropout)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.generator)
def test_a_translator_comes_back_exactly(tmp_path: Path, card: Card) -> None:
    generator = generator_of(card)
    generator(torch.rand(1, card.channels_in, 32, 32))
    save_translator(tmp_path / "t.safetensors", generator, card)
    loaded, found = load_translator(tmp_path / "t.safetensors")
    assert found == card == load_card(tmp_path / "t.safetensors")
    state = generator.state_dict()
    assert state.keys() == loaded.state_dict().keys()
    assert all(torch.equal(value, state[name]) for name, value in loaded.state_dict().items())
    frames = torch.rand(1, card.channels_in, 33, 41) * 2 - 1
    with torch.no_grad():
        assert torch.equal(loaded(frames), generator.eval()(frames))
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def saved(path: Path, **changes: Any) -> Path:
    card = small_card(**changes)
    save_translator(path, generator_of(card), card)
    return path


def test_a_translator_is_one_safetensors_file_that_others_can_read(tmp_path: Path) -> None:
    path = saved(tmp_path / "ab.safetensors")
    assert list(tmp_path.iterdir()) == [path]
    with safe_open(path, "pt") as file:
        assert json.loads(file.metadata()[CARD_KEY])["direction"] == "ab"
        assert set(file.keys()) == set(generator_of(small_card()).state_dict())


def test_equal_translators_are_equal_bytes(tmp_path: Path) -> None:
    generator = generator_of(small_card())
    for name in ("one", "other"):
        save_translator(tmp_path / name, generator, small_card())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_metrics_are_added_to_the_card_and_the_weights_stay(tmp_path: Path) -> None:
    path = saved(tmp_path / "ab.safetensors", metrics={"miou": 0.5, "old": 1.0})
    before = load_translator(path)[0].state_dict()
    add_metrics(path, {"miou": 0.75, "new": 2.0})
    assert load_card(path) == small_card(metrics={"miou": 0.75, "old": 1.0, "new": 2.0})
    assert all(torch.equal(before[name], value) for name, value in load_translator(path)[0].state_dict().items())


def test_a_missing_translator_is_named(tmp_path: Path) -> None:
    assert "no such file; expected a translator" in message_of(load_translator, tmp_path / "ab.safetensors")


@pytest.mark.parametrize("data", [b"", b"hello", b"\x08" + b"\0" * 7 + b"notjson!"])
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "ab.safetensors"
    path.write_bytes(data)
    assert "is no safetensors file; expected a translator like RUN/ab.safetensors" in message_of(load_translator, path)


def test_a_truncated_translator_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "ab.safetensors")
    path.write_bytes(path.read_bytes()[:-100])
    assert "is no safetensors file" in message_of(load_translator, path)


def test_a_pickled_model_is_refused_and_not_run(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save(Malicious(tmp_path / "harm"), path)
    assert "is no safetensors file" in message_of(load_translator, path)
    assert not (tmp_path / "harm").exists()


def test_a_safetensors_file_of_something_else_is_refused(tmp_path: Path) -> None:
    save_file({"w": torch.ones(2)}, tmp_path / "else.safetensors", metadata={"format": "pt"})
    assert "of something else (it has no recyclegan card)" in message_of(load_translator, tmp_path / "else.safetensors")


def test_weights_that_do_not_fit_the_card_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ab.safetensors"
    save_translator(path, generator_of(small_card()), small_card(generator="unet-128"))
    assert "not those of the unet-128 that its card names" in message_of(load_translator, path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "card"),
        ("[]", "card: found [], expected a table"),
        (json.dumps({"method": 3}), "card.method: found 3"),
        (json.dumps({"methods": "x"}), "card: unknown field 'methods' (did you mean 'method'?)"),
        (json.dumps({"method": "x"}), "card: "),
    ],
)
def test_a_damaged_card_is_named(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "ab.safetensors"
    save_file({"w": torch.ones(2)}, path, metadata={CARD_KEY: text})
    message = message_of(load_translator, path)
    assert message.startswith(str(path))
    assert expected in message


def test_a_run_folder_gives_the_direction_asked_for(tmp_path: Path) -> None:
    for direction in ("ab", "ba"):
        saved(tmp_path / f"{direction}.safetensors", direction=direction)
    assert find_translator(tmp_path) == tmp_path / "ab.safetensors"
    for direction in ("ab", "ba"):
        assert find_translator(tmp_path, direction) == tmp_path / f"{direction}.safetensors"


def test_a_folder_with_one_translator_gives_it(tmp_path: Path) -> None:
    saved(tmp_path / "ba.safetensors", direction="ba")
    assert find_translator(tmp_path) == tmp_path / "ba.safetensors"
    assert "translates ba only, not ab" in message_of(find_translator, tmp_path, "ab")


def test_a_file_is_taken_as_it_is_but_not_in_the_wrong_direction(tmp_path: Path) -> None:
    path = saved(tmp_path / "night.safetensors", direction="ba")
    assert find_translator(path) == find_translator(path, "ba") == path
    assert "translates ba, not ab; leave --direction out" in message_of(find_translator, path, "ab")


def test_a_folder_without_translators_is_refused(tmp_path: Path) -> None:
    assert "holds no ab.safetensors or ba.safetensors" in message_of(find_translator, tmp_path)


def parameter(value: float) -> nn.ParameterDict:
    return nn.ParameterDict({"w": torch.full((2,), value)})


def test_the_average_follows_its_recurrence_and_forgets_faster_while_young() -> None:
    average, expected = MovingAverage(parameter(1.0), 0.9), 1.0
    for step in range(200):
        value = float(step % 7)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
        average.update(parameter(value), step)
        torch.testing.assert_close(average.average["w"], torch.full((2,), expected))
    assert decay == 0.9, "the decay that was asked for is reached"


def test_the_average_is_apart_from_the_weights() -> None:
    weights = parameter(1.0)
    average = MovingAverage(weights, 0.5)
    weights["w"].data.fill_(3.0)
    assert average.average["w"].tolist() == [1, 1]
    average.update(weights, 10**6)
    assert average.average["w"].tolist() == [2, 2]
    assert weights["w"].tolist() == [3, 3]
    assert not average.average["w"].requires_grad


def test_whole_numbers_are_copied_not_averaged() -> None:
    norm = nn.BatchNorm2d(2)
    average = MovingAverage(norm, 0.9)
    norm(torch.rand(2, 2, 3, 3))
    average.update(norm, 5)
    assert int(average.average["num_batches_tracked"]) == 1


def test_cards_differ_in_what_is_stated() -> None:
    assert small_card() == small_card()
    assert replace(small_card(), steps=8) != small_card()
