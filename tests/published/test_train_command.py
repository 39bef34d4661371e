"""What ``train.py`` trains: learning rates, configuration, and where it starts."""

from pathlib import Path

import pytest
import torch

from recyclegan.errors import InputError
from recyclegan.networks.weights import read_weights
from recyclegan.published import train_command
from recyclegan.published.command_line import Devices
from recyclegan.published.exchange import network_file
from recyclegan.published.layout import read_options
from recyclegan.published.start import prepare_start, refuse_existing
from recyclegan.published.train_command import train_config
from recyclegan.settings.training import TrainConfig
from recyclegan.states import checkpoints, load_checkpoint
from recyclegan.steps import learning_rate
from tests.golden.records import records
from tests.published.commands import SMALL, train_options, world

CPU = Devices("cpu", 1)


def configuration(tmp_path: Path, *words: str, devices: Devices = CPU) -> TrainConfig:
    data = tmp_path / "data"
    if not data.is_dir():
        world(data)
    options = train_options("--dataroot", str(data), *SMALL, *words)
    return train_config(options, tmp_path / "run", data, devices)


def rates(config: TrainConfig, steps_per_epoch: int = 10) -> list[list[float]]:
    """Return the learning rates of the steps of each epoch."""
    num_steps = round(config.epochs * steps_per_epoch)
    found = [learning_rate(config, step, num_steps) for step in range(num_steps)]
    return [found[start : start + steps_per_epoch] for start in range(0, num_steps, steps_per_epoch)]


@pytest.mark.parametrize("record", records()["lr_schedule"], ids=lambda r: f"{r['niter']}-{r['niter_decay']}")
def test_the_learning_rate_is_never_zero(tmp_path: Path, record: dict) -> None:
    words = ("--niter", str(record["niter"]), "--niter_decay", str(record["niter_decay"]))
    epochs = rates(configuration(tmp_path, *words))
    assert len(epochs) == len(record["lr_used_in_epoch"])
    assert all(rate > 0 for epoch in epochs for rate in epoch)
    if record["niter_decay"] == 0:
        assert record["lr_used_in_epoch"][-1] == 0
        assert all(rate == 2e-4 for epoch in epochs for rate in epoch)
        return
    for ours, theirs in zip(epochs, record["lr_used_in_epoch"], strict=True):
        assert theirs <= ours[-1] <= ours[0] <= theirs + 2 * 2e-4 / record["niter_decay"]


def test_a_rate_that_falls_in_steps(tmp_path: Path) -> None:
    words = ("--niter", "5", "--niter_decay", "0", "--lr_policy", "step", "--lr_decay_iters", "2", "--lr", "0.1")
    epochs = rates(configuration(tmp_path, *words))
    assert [epoch[0] for epoch in epochs] == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001])
    assert all(epoch[0] == epoch[-1] for epoch in epochs)


def test_a_policy_that_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="plateau: needs a loss that falls"):
        configuration(tmp_path, "--lr_policy", "plateau")
    with pytest.raises(InputError, match="unknown; expected lambda or step"):
        configuration(tmp_path, "--lr_policy", "cosine")


def test_a_batch_is_shared_by_the_gpus(tmp_path: Path) -> None:
    config = configuration(tmp_path, "--batchSize", "4", devices=Devices("cuda", 2))
    assert (config.batch_size, config.devices) == (2, 2)
    with pytest.raises(InputError, match="a multiple of the 2 GPUs"):
        configuration(tmp_path, "--batchSize", "3", devices=Devices("cuda", 2))


def test_no_epoch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found 0 epochs together"):
        configuration(tmp_path, "--niter", "0", "--niter_decay", "0")


def test_an_experiment_is_not_trained_over(tmp_path: Path) -> None:
    options = train_options("--dataroot", "d")
    refuse_existing(tmp_path, options)
    network_file(tmp_path, "latest", "G_A").touch()
    with pytest.raises(InputError, match="holds an experiment already; give --continue_train"):
        refuse_existing(tmp_path, options)
    refuse_existing(tmp_path, train_options("--dataroot", "d", "--continue_train"))


@pytest.mark.parametrize("kind", ["xavier", "kaiming", "orthogonal"])
def test_first_weights_of_other_distributions(tmp_path: Path, kind: str) -> None:
    words = ("--init_type", kind)
    config = configuration(tmp_path, *words)
    assert prepare_start(config, train_options("--dataroot", "d", *words))
    state = load_checkpoint(checkpoints(config.out)[-1])
    weight = state["networks"]["generators.ab.model.10.conv_block.1.weight"]
    inputs = weight[0].numel()
    expected = {"xavier": 0.02 * inputs**-0.5, "kaiming": (2 / inputs) ** 0.5, "orthogonal": inputs**-0.5}[kind]
    assert state["step"] == 0
    assert float(weight.std()) == pytest.approx(expected, rel=0.1)


def test_normal_first_weights_need_no_state(tmp_path: Path) -> None:
    config = configuration(tmp_path)
    assert not prepare_start(config, train_options("--dataroot", "d"))
    assert not config.out.exists()


def train(tmp_path: Path, *words: str) -> None:
    place = ("--dataroot", str(tmp_path / "data"), "--checkpoints_dir", str(tmp_path), "--name", "run")
    few = ("--niter_decay", "0", "--model", "cycle_gan", "--labels", "none")
    assert train_command.train([*place, *SMALL, *few, *words]) == 0


def test_weights_alone_start_at_the_epoch_that_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world(tmp_path / "data")
    train(tmp_path, "--niter", "1", "--serial_batches")
    run, old = tmp_path / "run", tmp_path / "old"
    run.rename(old)
    run.mkdir()
    for file in old.glob("*.pth"):
        (run / file.name).write_bytes(file.read_bytes())
    train(tmp_path, "--niter", "2", "--continue_train", "--epoch_count", "2", "--which_epoch", "1", "--lr", "1e-30")
    assert "holds weights alone; starts with them at epoch 2" in capsys.readouterr().out
    before, after = (read_weights(folder / "latest_net_D_B.pth") for folder in (old, run))
    assert all(torch.allclose(before[name], after[name]) for name in before)
    assert (run / "2_net_G_A.pth").is_file()
    assert [folder.name for folder in checkpoints(run)] == ["step-00000003", "step-00000006"]


def test_going_on_elsewhere_than_it_stopped_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world(tmp_path / "data")
    train(tmp_path, "--niter", "1")
    for words, message in (
        (["--epoch_count", "3"], "goes on after step 6, and .*run stands at step-00000003"),
        (["--which_epoch", "7"], "copy their"),
        (["--epoch_count", "0"], "expected at least 1"),
    ):
        with pytest.raises(InputError, match=message):
            train(tmp_path, "--niter", "2", "--continue_train", *words)
    train(tmp_path, "--niter", "2", "--continue_train", "--epoch_count", "2", "--lr", "0.001")
    assert "goes on with lr=0.001, was 0.0002" in capsys.readouterr().out
    assert read_options(tmp_path / "run" / "opt.txt")["lr"] == "0.001"


def test_nothing_left_to_train_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world(tmp_path / "data")
    train(tmp_path, "--niter", "1")
    assert "raise --niter" not in capsys.readouterr().out
    train(tmp_path, "--niter", "1", "--continue_train")
    assert "all epochs were trained before; raise --niter to go on" in capsys.readouterr().out


def test_an_epoch_that_is_not_there_is_told(tmp_path: Path) -> None:
    world(tmp_path / "data")
    with pytest.raises(InputError, match="no such folder"):
        train(tmp_path, "--continue_train")


def test_networks_are_kept_when_the_options_say(tmp_path: Path) -> None:
    world(tmp_path / "data")
    train(tmp_path, "--niter", "3", "--save_epoch_freq", "2", "--save_latest_freq", "4", "--print_freq", "4")
    names = {file.name for file in (tmp_path / "run").glob("*_net_G_A.pth")}
    assert names == {"2_net_G_A.pth", "latest_net_G_A.pth"}
    steps = [folder.name for folder in checkpoints(tmp_path / "run")]
    assert steps == ["step-00000008", "step-00000009"]
    header, *lines = (tmp_path / "run" / "loss_log.txt").read_text().splitlines()
    assert header.startswith("================ Training Loss (")
    assert [line.split(",")[:2] for line in lines] == [
        ["(epoch: 2", " iters: 1"],
        ["(epoch: 3", " iters: 2"],
        ["(epoch: 3", " iters: 3"],
    ]
    assert all(f" {name}: " in line for line in lines for name in ("G_A", "Cyc_B", "idt_A", "D_B"))


def test_a_stopped_training_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world(tmp_path / "data")
    monkeypatch.setattr(train_command, "run_training", lambda *_, **__: train_command.Outcome(1, 6, ("a note",)))
    with pytest.raises(AssertionError):  # the exit code is not 0
        train(tmp_path, "--niter", "2")
    out = capsys.readouterr().out
    assert "stopped after 1 of 6 steps; go on with --continue_train" in out
    assert "note: a note" in out
