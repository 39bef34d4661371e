"""The published commands, as the documentation prints them, on a tiny world: sizes and widths are made smaller."""

import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from recyclegan.features import VGGFeatures
from recyclegan.features.pretrained import FCN8s
from recyclegan.networks.weights import read_weights
from recyclegan.translation import Translator
from recyclegan.video import read_image
from tests.published.commands import labelled_world, world
from tests.small import picture

ROOT = Path(__file__).parents[2]
COMMANDS = re.findall(r"^python (.*)$", (ROOT / "docs" / "reference.md").read_text(), re.MULTILINE)
WIDE = "--loadSizeW 72 --loadSizeH 40 --fineSizeW 64 --fineSizeH 32"
SQUARE = "--loadSizeW 40 --loadSizeH 40 --fineSizeW 32 --fineSizeH 32"
WIDTHS = "--ngf 4 --ndf 4 --gpu_ids -1"
NETWORKS = ("D_A", "D_B", "G_A", "G_B")


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def command(script: str, name: str = "") -> str:
    """Return the printed command that runs a script, for the experiment whose name starts with ``name``."""
    (found,) = [line for line in COMMANDS if line.startswith(script) and f"--name {name}" in f"{line} --name "]
    return found


def run(line: str, changes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a printed command from the root of the repository, with options that come after its own."""
    script, *words = [*shlex.split(line), *changes.split()]
    monkeypatch.setattr(sys, "argv", [script, *words])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(ROOT / script), run_name="__main__")
    assert stop.value.code == 0


def test_six_commands_are_printed() -> None:
    assert [line.split()[0] for line in COMMANDS] == [
        *["train.py", "test.py"] * 2,
        *["util/eval_rgb2lbl.py", "util/eval_lbl2rgb.py"],
    ]


def test_viper_to_cityscapes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    world(Path("path/to/data"), a=3, b=2)
    torch.manual_seed(0)
    torch.save(VGGFeatures().state_dict(), "vgg.pth")
    run(command("train.py", "v2c"), f"{WIDE} {WIDTHS} --vgg vgg.pth --print_freq 1 --nThreads 4", monkeypatch)
    out = capsys.readouterr().out
    assert out.count("note: --nThreads has no meaning here") == 1
    assert "learning rate: above 0 in all of the 2 epochs" in out
    experiment = Path("checkpoints/v2c_experiment")
    kept = {f"{epoch}_net_{label}.pth" for epoch in ("1", "2", "latest") for label in NETWORKS}
    assert {path.name for path in experiment.glob("*.pth")} == kept
    assert "niter: 2" in (experiment / "opt.txt").read_text().splitlines()
    lines = (experiment / "loss_log.txt").read_text().splitlines()[1:]
    assert len(lines) == 6
    assert all(" Cont_A: " in line and " UnCyc_B: " in line for line in lines)
    learned = {label: [read_weights(experiment / f"{epoch}_net_{label}.pth") for epoch in (1, 2)] for label in NETWORKS}
    assert not any(torch.equal(*(next(iter(epoch.values())) for epoch in epochs)) for epochs in learned.values())

    run(command("test.py", "v2c"), f"--loadSizeW 64 --loadSizeH 32 {WIDTHS}", monkeypatch)
    images = Path("results/v2c_experiment/test_2/images")
    assert len(list(images.iterdir())) == 2 * (3 + 2)
    assert read_image(images / "065_00003_fake_B.png").shape == (32, 64, 3)
    assert Translator.from_pretrained(experiment, device="cpu").translate_images(picture(0)[None]).shape[0] == 1


def test_video_to_label(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    labelled_world(Path("path/to/data"))
    run(command("train.py", "v2l"), f"{SQUARE} {WIDTHS}", monkeypatch)
    assert "domain b: label maps, resized by nearest neighbour" in capsys.readouterr().out
    run(command("test.py", "v2l"), f"{SQUARE.replace('40', '32')} {WIDTHS}", monkeypatch)
    output = "results/v2l_experiment/test_5"
    Path(output, "images", "065_00003_fake_B.png").unlink()
    sizes = "--eval_h 32 --eval_w 32"
    capsys.readouterr()
    run(command("util/eval_rgb2lbl.py").replace("path/to/test_output", output), sizes, monkeypatch)
    out = capsys.readouterr().out
    assert re.search(r"Day:\nEval result \(standard\): mIoU/mAcc/allAcc 0\.\d{4}/0\.\d{4}/0\.\d{4}\.", out)
    assert "Eval result (reference): mIoU" in out
    Path("saved_models").mkdir()
    torch.save(FCN8s(width=2, hidden=4).state_dict(), "saved_models/fcn_model.pt")
    run(command("util/eval_lbl2rgb.py").replace("path/to/test_output", output), sizes, monkeypatch)
    out = capsys.readouterr().out
    assert "note: --mean False: no mean colour is subtracted" in out
    assert "Eval result (standard): mIoU" in out


def test_going_on_gives_the_same_bits_as_never_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    world(Path("path/to/data"))
    line = command("train.py", "v2c")
    changes = f"{WIDE} {WIDTHS} --lambda_content_A 0 --lambda_content_B 0 --pool_size 2 --save_latest_freq 2"
    run(line, f"{changes} --name whole --niter 3", monkeypatch)
    run(line, f"{changes} --name parts --niter 2", monkeypatch)
    run(line, f"{changes} --name parts --niter 3 --continue_train", monkeypatch)
    run(line, f"{changes} --name parts --niter 3 --continue_train", monkeypatch)
    for label in NETWORKS:
        whole, parts = (read_weights(Path(f"checkpoints/{name}/3_net_{label}.pth")) for name in ("whole", "parts"))
        assert all(torch.equal(whole[name], parts[name]) for name in whole)


@pytest.mark.parametrize(
    ("model", "norm"), [("cycle_gan", "none"), ("recycle_gan", "batch"), ("reCycle_gan", "instance")]
)
def test_the_other_methods_train_and_test(model: str, norm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world(Path("path/to/data"), a=3, b=4)
    few = f"--model {model} --which_model_netP unet_128 --npf 2 --niter 1 --adversarial_loss_p"
    run(command("train.py", "v2c"), f"{WIDE} {WIDTHS} {few} --norm {norm} --input_nc 1 --output_nc 1", monkeypatch)
    predictors = () if model == "cycle_gan" else ("P_A", "P_B")
    names = {path.name for path in Path("checkpoints/v2c_experiment").glob("1_net_*.pth")}
    assert names == {f"1_net_{label}.pth" for label in (*NETWORKS, *predictors)}
    run(command("test.py", "v2c"), f"{WIDE} {WIDTHS} --which_epoch 1 --norm {norm}", monkeypatch)
    assert len(list(Path("results/v2c_experiment/test_1/images").iterdir())) == 2 * (3 + 4)


def test_the_scoring_scripts_find_the_package_without_an_installation(tmp_path: Path) -> None:
    script = ROOT / "util" / "eval_rgb2lbl.py"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = [sys.executable, str(script), "--exp_name", "nothing/*fake_B*"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("eval_rgb2lbl: --exp_name nothing/*fake_B*: matches no picture")
