"""What a run shows: sample grids, curves, and translators that describe themselves."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from recyclegan.checkpoint import add_metrics, load_card, load_translator, save_translator
from recyclegan.networks.wrappers import ClassGenerator, SmoothGenerator
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.training import TrainConfig
from recyclegan.steps import TrainState
from recyclegan.tensors import to_frames, to_images
from recyclegan.training import Outcome, loop, train
from recyclegan.training.artifacts import save_translators, translating_generators
from recyclegan.video import read_image
from tests.pages.test_grids import places_of
from tests.small import NETWORKS, PALETTE, label_map, make_data, small_config, small_state


def test_a_sample_grid_shows_held_out_frames_their_translations_and_the_way_back(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", height=36, width=54)
    config = small_config(data, tmp_path / "run", steps=2, sample_every=1)
    train(config)
    grids = sorted((config.out / "samples").iterdir())
    assert [path.name for path in grids] == ["step-00000001.png", "step-00000002.png"]
    grid = read_image(grids[-1])
    assert grid.shape[1:] == (3 * 5 * 54 + 2 * 4 + 2 * 8, 3), (
        "real, fake, and back, enlarged so that people see something"
    )
    generators = {direction: load_translator(config.out / f"{direction}.safetensors")[0] for direction in ("ab", "ba")}
    tops = []
    for domain, there, back in [("A/drive", "ab", "ba"), ("B/walk", "ba", "ab")]:
        real = read_image(data / "val" / domain / "frame_000.png")
        fake = generators[there](to_frames(real[None]))
        shown = [real, to_images(fake)[0], to_images(generators[back](fake))[0]]
        ((top, first),) = places_of(real.repeat(5, 0).repeat(5, 1), grid)
        assert first == 8
        tops.append(top)
        for column, image in enumerate(shown):
            left = 8 + (5 * 54 + 4) * column
            cell = grid[top : top + 5 * 36, left : left + 5 * 54]
            assert int(np.abs(cell.astype(int) - image.repeat(5, 0).repeat(5, 1)).max()) <= 1
            assert (grid[top - 60 : top, left : left + 5 * 54] < 128).any(), "a heading stands above"
    assert tops[0] < tops[1], "first the way from A to B"
    assert not np.array_equal(grid, read_image(grids[0]))


def test_curves_show_every_series(tmp_path: Path) -> None:
    config = small_config(make_data(tmp_path / "data"), tmp_path / "run", steps=2, sample_every=1)
    train(config)
    curves = read_image(config.out / "curves.png")
    series = 9 + 2 * 2
    rows = -(-series // 3)
    assert curves.shape == (rows * 150 + (rows - 1) * 4, 3 * 360 + 2 * 4, 3)
    drawn = (curves == (0x1F, 0x5F, 0xBF)).all(axis=2)
    for number in range(series):
        row, column = divmod(number, 3)
        assert drawn[154 * row : 154 * row + 150, 364 * column : 364 * column + 360].sum() > 100


@pytest.mark.parametrize("channels", [(1, 3), (3, 1), (1, 1)])
def test_grey_domains_train_and_state_their_channels(tmp_path: Path, channels: tuple[int, int]) -> None:
    frames = DataConfig(size=(32, 48), channels=channels)
    config = small_config(make_data(tmp_path / "data"), tmp_path / "run", steps=1, frames=frames)
    train(config)
    for direction, wanted in (("ab", channels), ("ba", channels[::-1])):
        generator, card = load_translator(config.out / f"{direction}.safetensors")
        assert (card.channels_in, card.channels_out) == wanted
        assert generator(torch.zeros(1, wanted[0], 32, 48)).shape[1] == wanted[1]
    assert read_image(config.out / "samples" / "step-00000001.png").std() > 5


def test_cards_state_the_palette_of_a_label_target_and_where_labels_come_in(tmp_path: Path) -> None:
    frames = DataConfig(size=(32, 48), labels="b", resize="rectangle")
    config = small_config(make_data(tmp_path / "data", make_b=label_map), tmp_path / "run", steps=1, frames=frames)
    train(config)
    there, back = (load_card(config.out / f"{direction}.safetensors") for direction in ("ab", "ba"))
    assert (there.palette, there.labels_in) == (PALETTE, False)
    assert (back.palette, back.labels_in) == ((), True)
    assert there.size == back.size == (32, 48)
    assert there.load_size == back.load_size == (36, 54), "the scale of training"
    assert there.resize == "rectangle"


def test_translators_carry_the_average_where_there_is_one(tmp_path: Path) -> None:
    state = small_state(small_config(tmp_path, tmp_path, ema=0.9))
    for value in state.average.average.values():
        value.fill_(0.25)
    carried = translating_generators(state)
    assert all((value == 0.25).all() for value in carried.state_dict().values())
    assert not carried.training
    assert state.method.generators.training, "the trained ones go on training"
    assert not any((value == 0.25).all() for value in state.method.generators.state_dict().values())


def test_translators_carry_the_last_weights_where_nothing_is_averaged(tmp_path: Path) -> None:
    state = small_state(small_config(tmp_path, tmp_path, ema=0.0))
    carried = translating_generators(state).state_dict()
    for name, value in state.method.generators.state_dict().items():
        assert torch.equal(carried[name], value)


def test_a_generator_of_classes_is_trained_averaged_and_loaded_with_the_palette_of_its_labels(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", make_b=label_map)
    frames = DataConfig(size=(32, 48), labels="b", resize="rectangle")
    networks = replace(NETWORKS, generator="classes-6")
    config = small_config(data, tmp_path / "run", steps=2, frames=frames, networks=networks, ema=0.9)
    train(config)
    (labels, _), (video, _) = (load_translator(config.out / f"{direction}.safetensors") for direction in ("ab", "ba"))
    assert isinstance(labels, ClassGenerator)
    torch.testing.assert_close(labels.model[-1].colours, torch.tensor(PALETTE) / 127.5 - 1)
    assert type(video) is SmoothGenerator
    assert train(replace(config, steps=3), resume=True).steps == 3


class Broken(BaseException):
    """Ends a run where no clean-up helps."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """Return the configuration of a run of 3 steps that is done."""
    root = tmp_path_factory.mktemp("runs")
    config = small_config(make_data(root / "data", num_frames=2), root / "run", steps=3, save_every=1, sample_every=9)
    train(config)
    return config


def contents(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*") if path.is_file()}


def of_step(path: Path, step: int) -> None:
    generator, card = load_translator(path)
    save_translator(path, generator, replace(card, steps=step))


def with_other_weights(path: Path) -> None:
    generator, card = load_translator(path)
    next(generator.parameters()).data.mul_(1.5)
    save_translator(path, generator, card)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


LOSSES = {
    "was not there": ("ab.safetensors", Path.unlink),
    "was damaged": ("ba.safetensors", cut_off),
    "was that of step 2": ("ab.safetensors", lambda path: of_step(path, 2)),
    "had other weights than the checkpoint": ("ba.safetensors", with_other_weights),
    "has other weights by one bit": ("ab.safetensors", flip),
    "had lost its last line": ("stats.jsonl", cut_off),
    "curves": ("curves.png", Path.unlink),
    "samples": ("samples/step-00000003.png", Path.unlink),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_resuming_a_finished_run_writes_what_is_missing_or_stale(finished: TrainConfig, loss: str) -> None:
    before, messages = contents(finished.out), list[str]()
    name, spoil = LOSSES[loss]
    spoil(finished.out / name)
    assert contents(finished.out) != before
    assert train(finished, resume=True, notify=messages.append) == Outcome(3, 3)
    assert contents(finished.out) == before
    assert len(messages) == (name not in ("curves.png", "samples/step-00000003.png"))
    assert all(str(finished.out / name) in note for note in messages)
    if loss.startswith(("was", "had")):
        assert loss in messages[0]
    assert train(finished, resume=True, notify=messages.append) == Outcome(3, 3)
    assert len(messages) <= 1, "all is well then"


def test_scores_in_a_card_are_no_fault(finished: TrainConfig) -> None:
    before = (finished.out / "ab.safetensors").read_bytes()
    add_metrics(finished.out / "ab.safetensors", {"miou": 0.5})
    messages: list[str] = []
    train(finished, resume=True, notify=messages.append)
    assert messages == []
    assert load_card(finished.out / "ab.safetensors").metrics == {"miou": 0.5}
    (finished.out / "ab.safetensors").write_bytes(before)


def test_a_kill_between_checkpoint_and_translators_is_made_good(
    finished: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(state: TrainState, footage: object, done: int) -> None:
        if done == 3:
            raise Broken
        save_translators(state, footage, done)

    config = replace(finished, out=tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(loop, "save_translators", killed)
        with pytest.raises(Broken):
            train(config)
    assert load_card(config.out / "ab.safetensors").steps == 2
    outcome = train(config, resume=True)
    assert [note.split(": ")[1] for note in outcome.notes] == ["was that of step 2; is written anew, from step 3"] * 2
    for name in ("ab.safetensors", "ba.safetensors", "stats.jsonl", "curves.png"):
        assert (config.out / name).read_bytes() == (finished.out / name).read_bytes()
