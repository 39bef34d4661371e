"""Checkpoints of the published code, and downloads of its data sets, by the command line."""

from pathlib import Path

import pytest
import torch

from recyclegan.checkpoint import load_card
from recyclegan.cli import main
from recyclegan.published.exchange import Architecture, network_file
from tests.data.downloads import write_cityscapes, write_viper


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for label in ("G_A", "G_B"):
        torch.save(Architecture("resnet-6", 3, 3, 3, "instance").build().state_dict(), network_file(folder, "2", label))
    return folder


def test_checkpoints_are_imported_and_exported(
    tmp_path: Path, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = tmp_path / "model", tmp_path / "out"
    assert main(["import-reference", str(experiment), "--epoch", "2", "--out", str(model)]) == 0
    messages = capsys.readouterr()
    assert messages.out == f"{model}: written\n"
    assert "note: 2_net_G_A.pth: ab" in messages.err
    assert load_card(model / "ab.safetensors").palette == ()
    assert main(["export-reference", str(model), "--out", str(out), "--epoch", "7"]) == 0
    assert capsys.readouterr().out.split() == [f"{out}/7_net_G_A.pth", f"{out}/7_net_G_B.pth"]


def test_an_imported_translator_can_have_a_palette(
    tmp_path: Path, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["import-reference", str(experiment), "--epoch", "2", "--labels"]
    assert main([*words, "viper", "--out", str(tmp_path / "model")]) == 0
    assert len(load_card(tmp_path / "model" / "ab.safetensors").palette) == 31
    assert main([*words, "cityscapes", "--label-domain", "a", "--out", str(tmp_path / "other")]) == 0
    assert len(load_card(tmp_path / "other" / "ba.safetensors").palette) == 19
    capsys.readouterr()
    assert main([*words, "vyper", "--out", str(tmp_path / "again")]) == 2
    assert "viper" in capsys.readouterr().err


def test_downloads_become_data_folders(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    viper, cityscapes = write_viper(tmp_path / "v", flow=False), write_cityscapes(tmp_path / "c")
    assert main(["prepare", "viper", str(tmp_path / "one"), "--viper", str(viper)]) == 0
    messages = capsys.readouterr()
    assert messages.out.splitlines() == [
        "train/A: 2 clips, train/B: 2 clips, val/A: 2 clips, val/B: 2 clips",
        "next:",
        f"  recyclegan doctor {tmp_path / 'one'}",
    ]
    assert "note: img: 19 of 21 held-out sequences are not there" in messages.err
    words = ["--viper", str(viper), "--cityscapes", str(cityscapes)]
    assert main(["prepare", "cityscapes", str(tmp_path / "two"), *words]) == 0
    assert "train/B: 4 clips" in capsys.readouterr().out
    assert main(["prepare", "viper", str(tmp_path / "three"), "--viper", str(tmp_path / "none")]) == 2
    assert (
        capsys.readouterr().err
        == f"recyclegan: {tmp_path / 'none'}: no such folder or zip archive; name the download\n"
    )
