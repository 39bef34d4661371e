"""From the words of ``compare`` to contenders."""

from pathlib import Path

import pytest

from recyclegan.cli import main
from recyclegan.cli.compare import read_contenders
from recyclegan.errors import InputError
from recyclegan.methods import CycleGAN, UnsupRecycleGAN
from tests.small import make_data

COMMON = ["--size", "32", "48", "--width", "4"]


def read(*messages, sweep=None, common=COMMON):
    return read_contenders(messages, sweep, list(common), Path("data"), Path("out"))


def test_a_contender_is_a_method_with_options_for_it_alone_and_for_all():
    found = read("cycle-gan --cycle 3 4", "gentle = unsup-recycle-gan --unsup-spatial 1 2")
    assert list(found) == ["cycle-gan", "gentle"]
    assert isinstance(found["cycle-gan"].method, CycleGAN.Config)
    assert found["cycle-gan"].method.cycle == (3.0, 4.0)
    assert isinstance(found["gentle"].method, UnsupRecycleGAN.Config)
    assert found["gentle"].method.unsup_spatial == (1.0, 2.0)
    assert all(config.frames.size == (32, 48) and config.networks.width == 4 for config in found.values())


def test_a_preset_belongs_to_its_contender():
    found = read("unsup-recycle-gan --preset video-to-label", "cycle-gan")
    assert found["unsup-recycle-gan"].method.cycle == (10.0, 10.0)
    assert found["unsup-recycle-gan"].frames.size == (32, 48)


def test_a_bare_method_is_the_method_s_own_weights():
    found = read("unsup-recycle-gan", "steady = unsup-recycle-gan --preset steady")
    assert found["unsup-recycle-gan"].method == UnsupRecycleGAN.Config()
    assert found["unsup-recycle-gan"].networks.generator == "resnet-6"
    assert found["steady"].networks.generator == "detail-6"


def test_a_sweep_multiplies_the_contenders_that_know_the_option():
    found = read("unsup-recycle-gan", "cycle-gan", sweep="unsup-spatial 0 3")
    assert list(found) == ["unsup-recycle-gan unsup-spatial=0", "unsup-recycle-gan unsup-spatial=3", "cycle-gan"]
    assert [config.method.unsup_spatial for config in list(found.values())[:2]] == [(0.0, 0.0), (3.0, 3.0)]


def test_a_sweep_takes_a_value_for_each_domain():
    found = read("unsup-recycle-gan", sweep="unsup-spatial 0,10 25")
    assert [config.method.unsup_spatial for config in found.values()] == [(0.0, 10.0), (25.0, 25.0)]
    with pytest.raises(InputError, match="found '1,2,3', expected one number, or 2 with commas"):
        read("unsup-recycle-gan", sweep="unsup-spatial 1,2,3")
    with pytest.raises(InputError, match="found '1,2', expected one number"):
        read("unsup-recycle-gan", sweep="lr 1,2")


def test_options_of_training_and_of_the_flow_can_be_swept():
    rates = read("cycle-gan", sweep="lr 1e-4 2e-4")
    assert [config.lr for config in rates.values()] == [1e-4, 2e-4]
    motions = read("unsup-recycle-gan", sweep="motion 4 8")
    assert [config.method.flow.motion for config in motions.values()] == [4.0, 8.0]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        (["cycel-gan"], "unknown method 'cycel-gan'.*cycle-gan"),
        (["cycle-gan --cycel 3 4", "recycle-gan"], "did you mean --cycle"),
        (["cycle-gan", "cycle-gan --lr 1e-4"], "two contenders are called 'cycle-gan'.*NAME = "),
        (["cycle-gan --minutes 3", "recycle-gan"], "--minutes of 'cycle-gan' is set by the comparison"),
        (["cycle-gan --seed 3"], "--seed of 'cycle-gan' is set by the comparison"),
        (["mine = "], "unknown method ''"),
    ],
)
def test_what_is_wrong_is_named(messages, words):
    with pytest.raises(InputError, match=words):
        read(*messages)


def test_a_sweep_without_values_is_refused():
    with pytest.raises(InputError, match="expected an option and values"):
        read("cycle-gan", sweep="lr")


@pytest.mark.parametrize("sweep", ["", " ", "unsup-spatial nan", "unsup-spatial x"])
def test_an_odd_sweep_is_refused(sweep):
    with pytest.raises(InputError):
        read("unsup-recycle-gan", sweep=sweep)


def test_an_open_quote_is_refused():
    with pytest.raises(InputError, match="close its quotes"):
        read('gentle = "unsup-recycle-gan', "cycle-gan")


def test_the_command_prints_the_table_and_names_the_report(tmp_path, capsys):
    data = make_data(tmp_path / "data", height=32, width=48)
    options = ["--steps", "1", "--seeds", "1", "--num-draws", "20", "--contenders", "cycle-gan", "unsup-recycle-gan"]
    networks = [*COMMON, "--discriminator-width", "4", "--device", "cpu"]
    assert main(["compare", str(data), "--out", str(tmp_path / "out"), *options, "--", *networks]) == 0
    messages = capsys.readouterr().out
    assert "| cycle-gan, 1 steps, seed 0 |" in messages
    assert messages.rstrip().endswith("report.html: written")


def test_a_user_error_is_one_line(tmp_path, capsys):
    assert main(["compare", str(tmp_path), "--out", str(tmp_path / "out"), "--contenders", "cycle-gan"]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
