"""Every method trains on folders of footage and resumes with the same bits."""

from pathlib import Path

import pytest

from recyclegan.methods import RecycleGAN
from recyclegan.runs import read_config
from recyclegan.settings.methods import METHODS
from recyclegan.training import train
from tests.small import make_data, small_config


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("footage"))


def translators(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.glob("*.safetensors")}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_trains_and_resumes_bit_for_bit(name: str, footage: Path, tmp_path: Path) -> None:
    kind = METHODS[name]
    config = kind.Config(predictor_width=2) if issubclass(kind, RecycleGAN) else kind.Config()
    whole, halved = tmp_path / "whole", tmp_path / "halved"
    train(small_config(footage, whole, method=config, steps=4, save_every=4))
    for steps in (2, 4):
        train(small_config(footage, halved, method=config, steps=steps), resume=steps == 4)
    assert set(translators(whole)) == {f"{direction}.safetensors" for direction in kind.directions}
    assert translators(halved) == translators(whole)
    assert read_config(whole).method == config


@pytest.mark.parametrize("name", METHODS)
def test_each_method_has_its_own_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    from recyclegan.cli import main

    with pytest.raises(SystemExit) as stop:
        main(["train", name, "--help"])
    assert stop.value.code == 0
    help_text = capsys.readouterr().out
    assert "--adversarial" in help_text
    assert ("--predictor" in help_text) == issubclass(METHODS[name], RecycleGAN)
