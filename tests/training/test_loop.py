"""Runs: resuming is exact, signals and failures end cleanly, and nobody's run is written over."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import torch

from recyclegan import losses
from recyclegan.checkpoint import load_card
from recyclegan.cli import main
from recyclegan.distributed.processes import make_fabric
from recyclegan.errors import InputError
from recyclegan.logs import read_stats
from recyclegan.methods import UnsupRecycleGAN
from recyclegan.runs import read_config
from recyclegan.runs.run_folder import command_words, write_config
from recyclegan.settings.frames import DataConfig
from recyclegan.settings.methods import METHODS
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.settings.networks import NetworkConfig
from recyclegan.settings.training import TrainConfig, config_to_dict
from recyclegan.states import checkpoints, load_checkpoint
from recyclegan.steps import TrainingFailedError, TrainState, learning_rate, train_step
from recyclegan.training import Outcome, loop, train
from tests.small import make_data, small_config
from tests.steps.test_step import same

RANDOM = {
    "steps": 6,
    "history": 3,
    "networks": NetworkConfig(width=4, discriminator_width=4, dropout=True),
    "decay": 0.5,
    "clip_gradients": 5.0,
    "ramp_up": 0.5,
}
"""Everything on that draws random numbers or carries state from step to step."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data"), num_frames=5)


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    """Return the configuration of a run of 6 steps that was never stopped."""
    config = small_config(data, tmp_path_factory.mktemp("runs") / "whole", **RANDOM)
    assert train(config) == Outcome(6, 6)
    return config


def steps_of(run: Path) -> list[int]:
    return [int(path.name[5:]) for path in checkpoints(run)]


def last_state(run: Path) -> dict[str, Any]:
    return load_checkpoint(checkpoints(run)[-1])


def assert_same_run(run: Path, other: Path) -> None:
    assert same(last_state(run), last_state(other))
    for direction in ("ab", "ba"):
        assert (run / f"{direction}.safetensors").read_bytes() == (other / f"{direction}.safetensors").read_bytes()
    assert read_stats(run / "stats.jsonl") == read_stats(other / "stats.jsonl")


def kill_self_at(step: int, kind: signal.Signals = signal.SIGTERM) -> Callable[..., None]:
    def report(done: int, total: int, terms: dict[str, float]) -> None:
        if done == step:
            os.kill(os.getpid(), kind)

    return report


def crash_at(last: int) -> Callable[..., Any]:
    def crashing(state: TrainState, batch: Any, step: int) -> Any:
        if step == last:
            raise MemoryError
        return train_step(state, batch, step)

    return crashing


def test_a_run_leaves_what_it_promises(whole: TrainConfig) -> None:
    run = whole.out
    assert {path.name for path in run.iterdir()} == {
        *("config.json", "data.json", "stats.jsonl", "curves.png", "samples", "ab.safetensors", "ba.safetensors"),
        *("step-00000004", "step-00000006", "index.html"),
    }
    assert read_config(run) == whole
    stats = read_stats(run / "stats.jsonl")
    assert [entry["step"] for entry in stats] == list(range(1, 7))
    assert {"ab/adversarial", "ba/unsup_recycle", "a/discriminator", "lr"} <= stats[0].keys()
    assert [entry["lr"] for entry in stats][:5] == [2e-4] * 3 + [pytest.approx(2e-4 * n / 4) for n in (3, 2)]
    assert load_card(run / "ba.safetensors").steps == 6


def test_the_same_run_gives_the_same_bytes(whole: TrainConfig, tmp_path: Path) -> None:
    config = replace(whole, out=tmp_path / "run")
    torch.rand(5)
    train(config)
    assert_same_run(config.out, whole.out)


@pytest.mark.parametrize(("stop", "kind"), [(1, signal.SIGTERM), (4, signal.SIGINT)])
def test_a_run_that_a_signal_stopped_goes_on_as_if_it_had_not(
    whole: TrainConfig, tmp_path: Path, stop: int, kind: signal.Signals
) -> None:
    config = replace(whole, out=tmp_path / "run")
    outcome = train(config, report=kill_self_at(stop, kind))
    assert stop <= outcome.steps <= stop + 1
    assert steps_of(config.out)[-1] == outcome.steps, "where it stopped, there is a checkpoint"
    messages: list[int] = []
    assert train(config, resume=True, report=lambda *news: messages.append(news[0])) == Outcome(6, 6)
    assert messages == list(range(outcome.steps + 1, 7)), "it does not begin again"
    assert_same_run(config.out, whole.out)


def test_a_signal_within_a_step_ends_the_run_after_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def step_with_signal(state: TrainState, batch: Any, step: int) -> Any:
        if step == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return train_step(state, batch, step)

    monkeypatch.setattr(loop, "train_step", step_with_signal)
    config = small_config(data, tmp_path / "run")
    assert train(config).steps == 3
    assert steps_of(config.out)[-1] == 3
    assert [entry["step"] for entry in read_stats(config.out / "stats.jsonl")] == [1, 2, 3]
    assert load_card(config.out / "ab.safetensors").steps == 3


def test_handlers_of_signals_are_put_back(data: Path, tmp_path: Path) -> None:
    before = [signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)]
    train(small_config(data, tmp_path / "run", steps=1))
    assert [signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_crash_between_checkpoints_loses_no_exactness(
    whole: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(whole, out=tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_step", crash_at(5))
        with pytest.raises(MemoryError):
            train(config)
    half = config.out / ".step-00000005.abc" / "step-00000005"
    half.mkdir(parents=True)
    (half / "state.pt").write_bytes(b"what a crash while saving leaves")
    assert steps_of(config.out) == [2, 4]
    assert read_stats(config.out / "stats.jsonl")[-1]["step"] == 5
    train(config, resume=True)
    assert_same_run(config.out, whole.out)


def test_a_crash_while_saving_leaves_the_checkpoint_before(
    whole: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = torch.save

    def full(state: dict[str, Any], place: Any) -> None:
        save(state, place)
        if state["step"] == 6:
            raise OSError(28, "No space left on device")

    config = replace(whole, out=tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(InputError, match="No space left on device"):
            train(config)
    assert steps_of(config.out) == [2, 4]
    train(config, resume=True)
    assert_same_run(config.out, whole.out)


def test_resuming_a_finished_run_changes_nothing(whole: TrainConfig) -> None:
    before = {path: path.read_bytes() for path in whole.out.rglob("*") if path.is_file()}
    assert train(whole, resume=True) == Outcome(6, 6)
    assert {path: path.read_bytes() for path in whole.out.rglob("*") if path.is_file()} == before


def test_resuming_with_more_steps_goes_on(data: Path, tmp_path: Path) -> None:
    """Without decay the rate does not depend on the number of steps, so that a longer run is the same run."""
    straight = small_config(data, tmp_path / "straight", steps=4)
    train(straight)
    short = replace(straight, out=tmp_path / "run", steps=2)
    train(short)
    assert train(replace(short, steps=4), resume=True) == Outcome(4, 4)
    assert_same_run(short.out, straight.out)
    assert read_config(short.out).steps == 4


@pytest.mark.parametrize("first", [4, 5, 6])
def test_lines_and_measures_are_those_of_a_run_that_never_stopped(data: Path, tmp_path: Path, first: int) -> None:
    """Steps 4, 5 and 6 end between lines, in the middle of all, and where one is due."""
    straight = small_config(data, tmp_path / "straight", steps=9, log_every=3, sample_every=2, save_every=7, keep=9)
    train(straight)
    parts = replace(straight, out=tmp_path / "parts")
    train(replace(parts, steps=first))
    train(parts, resume=True)
    assert_same_run(parts.out, straight.out)
    stats = {entry["step"]: entry.keys() for entry in read_stats(parts.out / "stats.jsonl")}
    assert [step for step, keys in stats.items() if "ab/adversarial" in keys] == [3, 6, 9]
    assert [step for step, keys in stats.items() if "ba/equivariance" in keys] == [2, 4, 6, 8, 9]


def test_a_crash_between_lines_loses_no_step_of_their_means(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small_config(data, tmp_path / "run", steps=6, log_every=3, save_every=2)
    straight = replace(config, out=tmp_path / "straight")
    train(straight)
    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_step", crash_at(5))
        with pytest.raises(MemoryError):
            train(config)
    train(config, resume=True)
    assert read_stats(config.out / "stats.jsonl") == read_stats(straight.out / "stats.jsonl")


def test_a_longer_run_takes_its_own_rate_when_a_shorter_one_goes_on(data: Path, tmp_path: Path) -> None:
    short = small_config(data, tmp_path / "run", steps=4, decay=0.5)
    train(short)
    long = replace(short, steps=8)
    train(long, resume=True)
    rates = [entry["lr"] for entry in read_stats(short.out / "stats.jsonl")]
    wanted = [learning_rate(short, step, 4) for step in range(4)] + [
        learning_rate(long, step, 8) for step in range(4, 8)
    ]
    assert rates == pytest.approx(wanted)
    assert rates[3] < rates[4] == pytest.approx(8e-5 * 2), "it rises again, and falls over the last half of all"


def test_a_run_that_is_past_the_steps_asked_for_is_left_as_it_is(whole: TrainConfig) -> None:
    before = {path: path.read_bytes() for path in whole.out.rglob("*") if path.is_file()}
    assert train(replace(whole, steps=4), resume=True) == Outcome(6, 4)
    assert {path: path.read_bytes() for path in whole.out.rglob("*") if path.is_file()} == before


def test_an_equivariance_error_that_rises_at_the_end_is_told(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = iter([9.0] * 6 + [1.0, 2.0, 3.0])
    monkeypatch.setattr(loop, "validate", lambda *_: {"ab/equivariance": next(errors), "ba/equivariance": 0.1})
    config = small_config(data, tmp_path / "run", steps=9, sample_every=1)
    stopped = train(config, report=kill_self_at(3))
    assert stopped.notes == (), "nothing is said of a run that goes on"
    outcome = train(config, resume=True)
    assert [note.split(" over ")[0] for note in outcome.notes] == ["ab/equivariance rose by 100%"]


def test_data_that_cannot_be_read_leaves_nothing(data: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for out in (tmp_path / "runs" / "new" / "one", tmp_path / "there"):
        with pytest.raises(InputError, match="no such folder"):
            train(small_config(data / "missing", out))
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_resume_without_a_run_starts_one(data: Path, tmp_path: Path) -> None:
    assert train(small_config(data, tmp_path / "run", steps=1), resume=True).steps == 1


def test_resume_without_a_checkpoint_starts_from_the_beginning(whole: TrainConfig, tmp_path: Path) -> None:
    config = replace(whole, out=tmp_path / "run")
    write_config(config)
    (config.out / "stats.jsonl").write_text('{"step": 1, "lr": 9.0}\n')
    train(config, resume=True)
    assert_same_run(config.out, whole.out)


@pytest.mark.parametrize(("keep", "left"), [(1, [3]), (2, [2, 3])])
def test_the_newest_checkpoints_are_kept(data: Path, tmp_path: Path, keep: int, left: list[int]) -> None:
    train(small_config(data, tmp_path / "run", steps=3, save_every=1, keep=keep))
    assert steps_of(tmp_path / "run") == left


def test_ends_of_epochs_are_saved_besides_where_asked(tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", num_frames=2)
    config = small_config(data, tmp_path / "run", steps=5, save_every=3, save_epochs=1, keep=9)
    train(config)
    assert steps_of(config.out) == [2, 3, 4, 5], "an epoch is of 2 steps"


def test_a_second_run_in_the_same_folder_is_refused(whole: TrainConfig) -> None:
    before = (whole.out / "stats.jsonl").read_bytes()
    with pytest.raises(InputError, match="holds a run already; give --resume to go on with it, or another --out"):
        train(whole)
    assert (whole.out / "stats.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "started", "found"),
    [
        ({"lr": 1e-3}, "--lr 0.0002", "--lr 0.001"),
        ({"batch_size": 2}, "--batch-size 1", "--batch-size 2"),
        ({"networks": NetworkConfig(width=8, discriminator_width=4)}, "--width 4 --dropout", "--width 8 --no-dropout"),
        ({"frames": DataConfig(size=(32, 32))}, "--size 32 48", "--size 32 32"),
        (
            {"ema": 0.5, "frames": DataConfig((32, 48), (36, 54))},
            "--load-size None --ema 0.999",
            "--load-size 36 54 --ema 0.5",
        ),
        (
            {"method": UnsupRecycleGAN.Config(cycle=(1.0, 0.5), flow=FlowSynthesis(zoom=2.0)), "seed": 3},
            "--cycle 0.0 0.0 --zoom 0.0 --seed 0",
            "--cycle 1.0 0.5 --zoom 2.0 --seed 3",
        ),
        ({"method": METHODS["cycle-gan"].Config()}, "unsup-recycle-gan", "cycle-gan"),
    ],
    ids=str,
)
def test_resuming_with_other_settings_names_all_of_them_in_words_of_the_command_line(
    whole: TrainConfig, changes: dict[str, Any], started: str, found: str
) -> None:
    with pytest.raises(InputError) as caught:
        train(replace(whole, **changes), resume=True)
    assert str(caught.value) == f"{whole.out}: was started with {started}; found {found}; resume it as it was"


@pytest.mark.parametrize("name", METHODS)
def test_the_words_for_a_configuration_are_options_that_give_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrainConfig(
        tmp_path / "data",
        tmp_path / "run",
        METHODS[name].Config(unsup_spatial=0.5) if name == "cut" else METHODS[name].Config(adversarial=(0.5, 2.0)),
        NetworkConfig(width=8, norm="batch", dropout=True),
        DataConfig((64, 96), (70, 100), "rectangle", flip=True, labels="b", channels=(1, 3), cache=tmp_path),
        steps=7,
        betas=(0.1, 0.2),
        precision="bf16-mixed",
    )
    asked: list[TrainConfig] = []
    monkeypatch.setattr("recyclegan.training.train", lambda config, *_: asked.append(config) or Outcome(7, 7))
    monkeypatch.setattr("recyclegan.planning.sizes.shapes_of", lambda _: {})
    assert main(["train", name, *" ".join(command_words(config).values()).split()]) == 0
    assert asked == [config]


@pytest.mark.parametrize("name", ["cache", "data"])
def test_footage_and_cache_may_lie_elsewhere_when_a_run_goes_on(data: Path, tmp_path: Path, name: str) -> None:
    config = small_config(data, tmp_path / "run", steps=1)
    train(config)
    moved = shutil.copytree(data, tmp_path / "moved")
    changes = {"data": moved} if name == "data" else {"frames": replace(config.frames, cache=tmp_path / "cache")}
    assert train(replace(config, steps=2, **changes), resume=True) == Outcome(2, 2)


def test_resuming_from_another_runs_checkpoint_is_refused(whole: TrainConfig, tmp_path: Path) -> None:
    config = replace(whole, out=tmp_path / "run", networks=NetworkConfig(width=8, discriminator_width=4))
    write_config(config)
    (config.out / "step-00000006").symlink_to(whole.out / "step-00000006")
    with pytest.raises(InputError, match="does not fit the networks of this run"):
        train(config, resume=True)


def test_a_damaged_checkpoint_is_refused_with_its_remedy(data: Path, tmp_path: Path) -> None:
    config = small_config(data, tmp_path / "run", steps=2)
    train(config)
    (config.out / "step-00000002" / "state.pt").write_bytes(b"half")
    with pytest.raises(InputError, match="is damaged or no training state; delete its folder"):
        train(replace(config, steps=3), resume=True)


def test_a_file_in_the_place_of_the_run_is_refused(data: Path, tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(InputError, match="is a file; name a folder for the run"):
        train(small_config(data, tmp_path / "run"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no JSON"),
        ("\0\xff", "is no text in UTF-8"),
        ("[]", "expected a table of fields"),
        ('{"stepz": 1, "method": {"name": "cycle-gan"}}', "unknown field 'stepz'"),
    ],
)
def test_a_damaged_configuration_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=message) as caught:
        read_config(tmp_path)
    assert str(tmp_path / "config.json") in str(caught.value)


def test_a_folder_without_configuration_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no config.json; name a run folder"):
        read_config(tmp_path)


def test_a_dry_run_reads_all_takes_a_step_and_writes_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    monkeypatch.setattr(loop, "train_step", lambda *arguments: steps.append(arguments[2]) or train_step(*arguments))
    config = small_config(data, tmp_path / "runs" / "one")
    assert train(config, dry_run=True) == Outcome(0, 6)
    assert steps == [0]
    assert list(tmp_path.iterdir()) == []


def test_epochs_count_steps_where_none_are_given(data: Path, tmp_path: Path) -> None:
    config = small_config(data, tmp_path / "run", steps=None, epochs=1.5)
    assert train(config, dry_run=True).num_steps == round(1.5 * 5)
    assert train(replace(config, batch_size=2), dry_run=True).num_steps == round(1.5 * 3)
    assert train(replace(config, epochs=0.01), dry_run=True).num_steps == 1


def test_progress_is_reported_after_every_step(data: Path, tmp_path: Path) -> None:
    messages = []
    train(small_config(data, tmp_path / "run", steps=3), report=lambda *news: messages.append(news))
    assert [(done, total) for done, total, _ in messages] == [(1, 3), (2, 3), (3, 3)]
    assert messages[-1][2]["ab/adversarial"] == read_stats(tmp_path / "run" / "stats.jsonl")[-1]["ab/adversarial"]


def test_lines_of_statistics_are_means_since_the_last(data: Path, tmp_path: Path) -> None:
    messages: list[float] = []
    config = small_config(data, tmp_path / "run", steps=5, log_every=2, save_every=9)
    train(config, report=lambda *news: messages.append(news[2]["b/discriminator"]))
    stats = read_stats(config.out / "stats.jsonl")
    assert [entry["step"] for entry in stats] == [2, 4, 5]
    wanted = [sum(messages[:2]) / 2, sum(messages[2:4]) / 2, messages[4]]
    assert [entry["b/discriminator"] for entry in stats] == pytest.approx(wanted)


def poison(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Let the spatial term be nan from its call number ``at`` on."""
    original, calls = losses.unsup_spatial, []

    def poisoned(*arguments: Any) -> Any:
        calls.append(1)
        return original(*arguments) * (float("nan") if len(calls) > at else 1.0)

    monkeypatch.setattr(losses, "unsup_spatial", poisoned)


def test_a_loss_that_is_not_finite_ends_the_run_and_names_step_term_and_checkpoint(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, at=2 * 3)
    config = small_config(data, tmp_path / "run", steps=4)
    with pytest.raises(TrainingFailedError) as caught:
        train(config)
    message = str(caught.value)
    assert "step 3" in message
    assert "loss ab/unsup_spatial is nan" in message
    assert f"last good checkpoint: {config.out / 'step-00000002'}" in message
    assert "lower --lr" in message
    assert "\n" not in message
    assert steps_of(config.out) == [2]
    networks = last_state(config.out)["networks"]
    assert all(value.isfinite().all() for value in networks.values())
    assert load_card(config.out / "ab.safetensors").steps == 2
    monkeypatch.undo()
    assert train(config, resume=True) == Outcome(4, 4)


def test_a_failure_before_the_first_checkpoint_says_so(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, at=0)
    with pytest.raises(TrainingFailedError, match="step 0: loss ab/unsup_spatial is nan; no checkpoint yet"):
        train(small_config(data, tmp_path / "run"))


def test_a_dry_run_finds_a_loss_that_is_not_finite(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    poison(monkeypatch, at=0)
    with pytest.raises(TrainingFailedError, match="unsup_spatial is nan"):
        train(small_config(data, tmp_path / "run"), dry_run=True)
    assert not (tmp_path / "run").exists()


def test_weights_that_are_not_finite_are_never_saved(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(state: TrainState, batch: Any, step: int) -> Any:
        terms = train_step(state, batch, step)
        if step == 3:
            next(state.method.generators["ba"].parameters()).data.fill_(float("inf"))
        return terms

    monkeypatch.setattr(loop, "train_step", breaking)
    config = small_config(data, tmp_path / "run")
    with pytest.raises(TrainingFailedError, match=r"step 4: weights of generators.ba.\S+ are not finite; last good"):
        train(config)
    assert steps_of(config.out) == [2]


@pytest.mark.parametrize("changes", [{"device": "cuda"}, {"device": "mps"}], ids=str)
def test_a_device_that_is_not_there_is_named(data: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    if torch.cuda.is_available() or torch.backends.mps.is_available():
        changes = {"devices": 99, "device": "auto"}
    with pytest.raises(InputError, match=r"--device .*try --device auto") as caught:
        train(small_config(data, tmp_path / "run", **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("changes", [{"precision": "bf16-mixed"}, {"batch_size": 3}, {"ema": 0.0}], ids=str)
def test_other_ways_to_train_end_in_translators(
    data: Path, tmp_path: Path, changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recyclegan.distributed.processes.slowness_of", lambda _: 1.0)
    config = small_config(data, tmp_path / "run", steps=2, **changes)
    assert train(config).steps == 2
    assert json.loads((config.out / "config.json").read_text()) == config_to_dict(config)
    for entry in read_stats(config.out / "stats.jsonl"):
        assert all(abs(value) < 1e3 for name, value in entry.items() if name != "step")


def test_half_precision_is_refused_on_a_cpu(tmp_path: Path) -> None:
    config = TrainConfig(tmp_path, tmp_path / "run", device="cpu", precision="16-mixed")
    with pytest.raises(InputError, match="--precision 16-mixed: is not to be had on a CPU"):
        make_fabric(config)


@pytest.mark.parametrize("slowdown", [0.5, 1.2])
def test_bf16_is_taken_where_a_cpu_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slowdown: float) -> None:
    monkeypatch.setattr("recyclegan.distributed.processes.slowness_of", lambda _: slowdown)
    make_fabric(TrainConfig(tmp_path, tmp_path / "run", device="cpu", precision="bf16-mixed"))


@pytest.mark.parametrize("slowdown", [1.6, 150.0])
def test_bf16_is_refused_in_a_line_where_a_cpu_would_take_ages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slowdown: float
) -> None:
    monkeypatch.setattr("recyclegan.distributed.processes.slowness_of", lambda _: slowdown)
    with pytest.raises(InputError) as caught:
        make_fabric(TrainConfig(tmp_path, tmp_path / "run", device="cpu", precision="bf16-mixed"))
    assert str(caught.value) == (
        f"--precision bf16-mixed: this CPU has no instructions for it (a convolution takes {slowdown:.0f} times as "
        "long as with 32 bits); give --precision 32"
    )


def test_training_runs_outside_the_main_thread(tmp_path: Path) -> None:
    config = small_config(make_data(tmp_path / "data"), tmp_path / "run", steps=1)
    outcomes: list[Outcome] = []
    thread = Thread(target=lambda: outcomes.append(train(config)))
    thread.start()
    thread.join()
    assert [outcome.steps for outcome in outcomes] == [1]
