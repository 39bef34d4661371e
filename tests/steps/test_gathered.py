"""Losses that are read when they are due, as on a GPU: nothing is lost, and nothing that is not finite is saved."""

import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from recyclegan.logs import read_stats
from recyclegan.settings.training import TrainConfig
from recyclegan.states import checkpoints
from recyclegan.steps import TrainingFailedError, gathered
from recyclegan.steps.gathered import Gathered
from recyclegan.training import train
from tests.small import make_data, small_config, small_state
from tests.training.test_loop import assert_same_run, kill_self_at, poison


class Late:
    """Stands in for an event of a GPU that never has done anything until it is waited for."""

    waited: list[int]

    def query(self) -> bool:
        return False

    def synchronize(self) -> None:
        self.waited.append(1)


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let numbers be read as on a GPU that is far behind; return a note for each wait."""
    waited: list[int] = []
    monkeypatch.setattr(Late, "waited", waited, raising=False)
    monkeypatch.setattr(gathered, "reads_each_step", lambda _: False)
    monkeypatch.setattr(gathered, "_event", Late)
    monkeypatch.setattr(gathered, "LOOK_EVERY", 0.0)
    return waited


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data"), num_frames=5)


def rare(data: Path, out: Path, **changes: Any) -> TrainConfig:
    """Return a run of 8 steps with lines after 3 and 6, checkpoints after 5 and at the end."""
    return small_config(data, out, **{"steps": 8, "log_every": 3, "save_every": 5, "history": 2, **changes})


def test_numbers_come_in_the_order_of_their_steps_and_all_of_them_when_due(late: list[int]) -> None:
    numbers = Gathered(small_state(small_config(Path("nowhere"), Path("nowhere"))))
    for step in range(5):
        numbers.add(step, {"ab/cycle": torch.tensor(step / 2)}, {"generators.ab": torch.tensor(7.0)})
        assert numbers.read(due=False) == [], "the first look is on its way, and nobody waits for it"
    messages = numbers.read(due=True)
    assert [told_of.step for told_of in messages] == list(range(5))
    assert [told_of.losses for told_of in messages] == [{"ab/cycle": step / 2} for step in range(5)]
    assert all(told_of.norms == {"generators.ab": 7.0} for told_of in messages)
    assert numbers.read(due=True) == []


def test_the_host_is_few_steps_ahead_of_the_device(late: list[int]) -> None:
    numbers = Gathered(small_state(small_config(Path("nowhere"), Path("nowhere"))))
    for step in range(10):
        numbers.add(step, {"ab/cycle": torch.tensor(0.0)}, {})
    assert len(late) == 10 - gathered.MOST_AHEAD


def test_a_run_that_reads_late_is_the_run_that_reads_each_step(
    data: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    each = rare(data, tmp_path / "each")
    train(each)
    request.getfixturevalue("late")
    late = rare(data, tmp_path / "late")
    train(late)
    assert_same_run(late.out, each.out)
    assert [line["step"] for line in read_stats(late.out / "stats.jsonl")] == [3, 6, 8]


@pytest.mark.parametrize("stop", [1, 4])
def test_a_run_that_stops_between_lines_goes_on_as_if_it_had_not(
    data: Path, tmp_path: Path, late: list[int], stop: int
) -> None:
    whole, parts = rare(data, tmp_path / "whole"), rare(data, tmp_path / "parts")
    train(whole)
    outcome = train(parts, report=kill_self_at(stop, signal.SIGTERM))
    assert outcome.steps < 8
    train(parts, resume=True)
    assert_same_run(parts.out, whole.out)


@pytest.mark.parametrize("clip", [0.0, 5.0])
def test_a_loss_that_is_not_finite_between_lines_is_found_before_anything_is_saved(
    data: Path, tmp_path: Path, late: list[int], monkeypatch: pytest.MonkeyPatch, clip: float
) -> None:
    """Step 6 fails, after the checkpoint of 5 steps; the next line is due after 20."""
    poison(monkeypatch, at=2 * 6)
    config = rare(data, tmp_path / "run", log_every=20, steps=30, save_every=5, sample_every=9, clip_gradients=clip)
    with pytest.raises(TrainingFailedError) as caught:
        train(config)
    wrong = "gradients of generators.ab are not finite" if clip else "loss ab/unsup_spatial is nan"
    assert str(caught.value).startswith(f"step 6: {wrong}; last good checkpoint: {config.out / 'step-00000005'}; ")
    assert [folder.name for folder in checkpoints(config.out)] == ["step-00000005"]
    assert not (config.out / "samples" / "step-00000009.png").exists()


def test_a_signal_is_taken_though_nothing_is_read(data: Path, tmp_path: Path, late: list[int]) -> None:
    config = rare(data, tmp_path / "run", steps=50, log_every=50, save_every=50)
    assert train(config, report=kill_self_at(3)).steps == 4
    assert [line["step"] for line in read_stats(config.out / "stats.jsonl")] == [4]


def test_progress_shows_the_newest_losses_that_are_known(
    data: Path, tmp_path: Path, late: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    messages: list[dict[str, float]] = []
    monkeypatch.setattr(gathered, "LOOK_EVERY", 1e9)
    train(rare(data, tmp_path / "run", steps=5), report=lambda *news: messages.append(news[2]))
    assert [terms == messages[0] for terms in messages] == [True, True, False, False, False]
    assert all(terms.keys() == messages[0].keys() != set() for terms in messages)
