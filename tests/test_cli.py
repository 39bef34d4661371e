"""The commands train and translate: their options, and one line with exit code 2 for every mistake of a user's."""

import io
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from recyclegan import __version__, cli
from recyclegan.checkpoint import load_card, save_translator
from recyclegan.errors import InputError
from recyclegan.logs import read_stats
from recyclegan.networks import make_generator
from recyclegan.runs import read_config
from recyclegan.settings.methods import METHODS
from recyclegan.settings.presets import PRESETS
from recyclegan.states import checkpoints
from recyclegan.video import probe, read_image, write_image, write_video
from tests.small import SMALL_OPTIONS, make_data, make_frames, picture, small_card

METHOD = "unsup-recycle-gan"


@dataclass
class Told:
    """How a command ended."""

    code: int
    output: str
    errors: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    def run_command(*words: Any) -> Told:
        capsys.readouterr()
        try:
            code = cli.main([str(word) for word in words])
        except SystemExit as stop:
            code = int(stop.code or 0)
        return Told(code, *capsys.readouterr())

    return run_command


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data"), num_frames=4)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with translators of both directions."""
    folder = tmp_path_factory.mktemp("model")
    for direction in ("ab", "ba"):
        save_translator(
            folder / f"{direction}.safetensors", make_generator("resnet-6", width=4), small_card(direction=direction)
        )
    return folder


def assert_refused(messages: Told, *parts: str) -> None:
    """One line on stderr that holds all parts, nothing on stdout, exit code 2."""
    assert messages.code == 2, messages
    assert messages.output == ""
    assert messages.errors.count("\n") == 1, messages.errors
    assert messages.errors.startswith("recyclegan: ")
    assert "Traceback" not in messages.errors
    for part in parts:
        assert part in messages.errors


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


TRAIN_OPTIONS = {
    *(
        "data",
        "out",
        "steps",
        "epochs",
        "batch-size",
        "lr",
        "lr-ratio",
        "betas",
        "decay",
        "drop-every",
        "ramp-up",
        "progressive",
        "clip-gradients",
    ),
    *(
        "history",
        "ema",
        "seed",
        "precision",
        "device",
        "devices",
        "save-every",
        "save-epochs",
        "keep",
        "log-every",
        "sample-every",
    ),
    *("preset", "minutes", "resume", "no-resume", "dry-run", "no-dry-run"),
    *("adversarial", "cycle", "unsup-recycle", "unsup-spatial", "content", "identity", "vgg"),
    *("motion", "shift", "smoothness", "zoom", "rotation", "perspective", "noise", "relative", "no-relative"),
    *("generator", "width", "norm", "dropout", "no-dropout", "discriminator", "discriminator-width"),
    *("discriminator-layers", "discriminator-norm", "objective"),
    *(
        "r1",
        "r1-every",
        "spectral-norm",
        "no-spectral-norm",
        "scales",
        "augment",
        "augment-ramp",
        "matched",
        "no-matched",
        "pairs",
        "projected",
    ),
    *("masked", "no-masked", "coordinates", "no-coordinates", "efficientnet"),
    *(
        "size",
        "load-size",
        "resize",
        "crop",
        "flip",
        "no-flip",
        "shuffle",
        "no-shuffle",
        "match",
        "neighbours",
        "labels",
        "channels",
        "triplets",
        "no-triplets",
    ),
    *(
        "cache",
        "cache-gb",
        "compile",
        "data-on-device",
        "deterministic",
        "no-deterministic",
        "damaged",
        "deinterlace",
        "no-deinterlace",
    ),
    *("labels-weight", "labels-warm-up", "extra", "extra-channels"),
    "flow",
    "help",
}
TRANSLATE_OPTIONS = {
    *("direction", "device", "precision", "batch-size", "scale", "codec", "crf", "existing", "help"),
    *("side-by-side", "no-side-by-side", "frames", "no-frames", "damaged", "deinterlace", "no-deinterlace"),
    *("start", "end", "max-side", "engine", "max-memory"),
    *("strength", "size", "rate", "pixel-format", "pipe-format", "revision", "encoder-preset", "extra"),
}


def options_in(text: str) -> set[str]:
    lines = [line.strip("│ ") for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]
    return {option for line in lines if line.startswith("-") for option in re.findall(r"--([a-z][\w-]+)", line)}


def test_the_options_of_training_are_those_that_are_pinned(run: Callable[..., Told]) -> None:
    messages = run("train", METHOD, "--help")
    assert messages.code == 0
    assert options_in(messages.output) == TRAIN_OPTIONS
    assert messages.errors == ""


def test_the_options_of_translating_are_those_that_are_pinned(run: Callable[..., Told]) -> None:
    messages = run("translate", "--help")
    assert messages.code == 0
    assert options_in(messages.output) == TRANSLATE_OPTIONS


@pytest.mark.parametrize("name", METHODS)
def test_every_method_has_its_help(run: Callable[..., Told], name: str) -> None:
    messages = run("train", name, "--help")
    assert messages.code == 0
    assert f"recyclegan train {name}" in messages.output
    assert {"data", "out", "adversarial"} <= options_in(messages.output)


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]], ids=str)
def test_the_overview_names_every_command_with_what_it_does(run: Callable[..., Told], words: list[str]) -> None:
    messages = run(*words)
    assert messages.code == 0
    for name, command in cli.COMMANDS.items():
        does = r"\s+".join(map(re.escape, command.__doc__.splitlines()[0].split()))
        assert re.search(rf"^  {name} +{does}$", messages.output, re.MULTILINE)


def test_train_without_a_method_lists_them(run: Callable[..., Told]) -> None:
    messages = run("train")
    assert messages.code == 0
    for name, method in METHODS.items():
        assert f"{name} " in messages.output
        assert method.__doc__.splitlines()[0] in " ".join(messages.output.split())


def test_the_version_is_told(run: Callable[..., Told]) -> None:
    assert run("--version") == Told(0, f"recyclegan {__version__}\n", "")


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "recyclegan", "trian"], capture_output=True, text=True, check=False)
    assert_refused(Told(done.returncode, done.stdout, done.stderr), "unknown command 'trian'", "did you mean 'train'?")


def train_words(data: Path, out: Path, *more: Any) -> list[Any]:
    """Return a command that says nothing before its data is read: no preset is chosen for it."""
    preset = [] if any(str(word).startswith("--preset") for word in more) else ["--preset", "none"]
    return ["train", METHOD, "--data", data, "--out", out, *SMALL_OPTIONS, *preset, *more]


def test_a_run_is_trained_as_the_options_say(run: Callable[..., Told], data: Path, tmp_path: Path) -> None:
    options = ["--steps", 2, "--lr", 0.001, "--cycle", 1, 2, "--zoom", 3, "--no-relative", "--history", 4]
    messages = run(*train_words(data, tmp_path / "run", *options))
    assert messages.code == 0
    assert f"{tmp_path / 'run'}: trained 2 steps\n" in messages.output
    assert f"\nnext:\n  recyclegan translate {tmp_path / 'run'} " in messages.output
    config = read_config(tmp_path / "run")
    assert (config.steps, config.lr, config.history) == (2, 0.001, 4)
    assert (config.method.cycle, config.method.flow.zoom, config.method.flow.relative) == ((1.0, 2.0), 3.0, False)
    assert (config.networks.width, config.frames.size, config.data) == (4, (32, 48), data)
    assert load_card(tmp_path / "run" / "ab.safetensors").steps == 2


def test_resuming_needs_no_options_again(run: Callable[..., Told], data: Path, tmp_path: Path) -> None:
    assert run(*train_words(data, tmp_path / "run", "--steps", 2, "--cycle", 1, 2, "--seed", 7)).code == 0
    started = read_config(tmp_path / "run")
    assert run("train", METHOD, "--out", tmp_path / "run", "--resume", "--steps", 4).code == 0
    resumed = read_config(tmp_path / "run")
    assert resumed.steps == 4
    assert (resumed.method, resumed.networks, resumed.frames) == (started.method, started.networks, started.frames)
    assert [entry["step"] for entry in read_stats(tmp_path / "run" / "stats.jsonl")] == [1, 2, 3, 4]


def test_resuming_with_another_rate_or_method_is_refused(run: Callable[..., Told], data: Path, tmp_path: Path) -> None:
    assert run(*train_words(data, tmp_path / "run", "--steps", 1)).code == 0
    messages = run("train", METHOD, "--out", tmp_path / "run", "--resume", "--lr", 0.01)
    assert_refused(messages, str(tmp_path / "run"), "was started with --lr 0.0002; found --lr 0.01")
    messages = run("train", "cycle-gan", "--out", tmp_path / "run", "--resume")
    assert_refused(messages, f"was trained by {METHOD}, not cycle-gan")
    assert_refused(run(*train_words(data, tmp_path / "run")), "holds a run already; give --resume")
    assert len(checkpoints(tmp_path / "run")) == 1


@pytest.mark.parametrize("name", [name for name in PRESETS if PRESETS[name].method == METHOD])
@pytest.mark.parametrize("form", ["apart", "joined"])
def test_a_preset_sets_defaults_that_options_override(
    run: Callable[..., Told], data: Path, tmp_path: Path, name: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def remember(config: Any, *_: Any) -> Any:
        seen.append(config)
        raise InputError("seen")

    monkeypatch.setattr("recyclegan.training.train", remember)
    chosen = ["--preset", name] if form == "apart" else [f"--preset={name}"]
    run("train", METHOD, "--data", data, "--out", tmp_path / "run", *chosen, "--unsup-recycle", 5, 6)
    (config,) = seen
    assert config.method.unsup_recycle == (5.0, 6.0)
    assert config.method.cycle == PRESETS[name].config.cycle
    assert config.frames == PRESETS[name].frames
    assert config.epochs == PRESETS[name].others["epochs"]


def test_a_dry_run_says_how_many_steps_it_would_be_and_writes_nothing(
    run: Callable[..., Told], data: Path, tmp_path: Path
) -> None:
    messages = run(*train_words(data, tmp_path / "run", "--dry-run"))
    assert messages.code == 0
    assert messages.output == "dry run: the data and one step are fine; 6 steps would be trained\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--stepz", "3"], ["Unrecognized options: --stepz", "did you mean --steps?"]),
        (["--steps", "many"], ["--steps", "many"]),
        (["--steps", "0"], ["steps: found 0, expected 1 to 1e+09"]),
        (["--lr", "0"], ["lr"]),
        (["--size", "64"], ["--size", "Expected 2 values"]),
        (["--size", "16", "16"], ["size: found 16 16, expected 32 to 16384"]),
        (["--resize", "stretch"], ["invalid choice 'stretch'", "scale_shortest"]),
        (["--generator", "resnet-7"], ["invalid choice 'resnet-7'", "resnet-6"]),
        (["--zoom", "-1"], ["flow zoom: found -1.0, expected at least 0 and below 100"]),
        (["--width", "0"], ["networks width: found 0, expected 1 to 1024"]),
        (["--channels", "3", "4"], ["channels", "expected 1 or 3"]),
        (["--content", "1", "1", "--vgg", "no.pth"], ["no.pth: no such file"]),
        (["--preset", "viper-to-cityscape"], ["did you mean 'viper-to-cityscapes'?", "video-to-label"]),
        (["--device", "gpu"], ["invalid choice 'gpu'", "cuda"]),
        (["more"], ["Unrecognized options: more"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_option_of_training_is_named(
    run: Callable[..., Told], data: Path, tmp_path: Path, options: list[str], parts: list[str]
) -> None:
    assert_refused(run(*train_words(data, tmp_path / "run", *options)), *parts)
    assert files_below(tmp_path / "run") == []


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--directon", "ab"], "translate: Unrecognized options: --directon, ab (did you mean --direction?)"),
        (["--crf", "low"], "translate: Error parsing --crf: invalid literal for int() with base 10: 'low'"),
    ],
)
def test_a_message_is_the_same_on_any_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, encoding: str, options: list[str], message: str
) -> None:
    output, errors = (io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2))
    monkeypatch.setattr(sys, "stdout", output)
    monkeypatch.setattr(sys, "stderr", errors)
    assert cli.main(["translate", "model", "in.mp4", "out.mp4", *options]) == 2
    errors.flush()
    messages = errors.buffer.getvalue().decode(encoding)
    assert messages == f"recyclegan: {message}; see recyclegan translate --help\n"


def test_a_run_without_a_name_is_called_after_its_data_and_its_method(
    run: Callable[..., Told], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = Path("runs") / f"{data.name}-{METHOD}"
    words = ["train", METHOD, "--data", data]
    messages = run(*words, *SMALL_OPTIONS, "--steps", 1)
    assert messages.code == 0
    assert f"{place}: trained 1 steps" in messages.output
    assert_refused(run(*words, *SMALL_OPTIONS), f"{place}: holds a run already; give --resume")
    assert run(*words, "--resume", "--steps", 2).code == 0
    assert read_config(place).steps == 2


def test_missing_options_are_named(run: Callable[..., Told]) -> None:
    assert_refused(run("train", METHOD), "--data", f"recyclegan train {METHOD} --help")


@pytest.mark.parametrize(("word", "meant"), [("unsup-recyclegan", METHOD), ("cyclegan", "cycle-gan")])
def test_an_unknown_method_is_named(run: Callable[..., Told], word: str, meant: str) -> None:
    assert_refused(run("train", word), f"unknown {word!r} (did you mean {meant!r}?)", "known: ")


@pytest.mark.parametrize("word", ["trian", "transalte"])
def test_an_unknown_command_is_named(run: Callable[..., Told], word: str) -> None:
    assert_refused(run(word), f"unknown command {word!r}", "did you mean", "see recyclegan --help")


def test_a_recipe_whose_weights_are_not_there_names_the_remedies(
    run: Callable[..., Told], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)
    words = train_words(data, tmp_path / "run", "--preset", "viper-to-cityscapes")
    assert_refused(run(*words), "--vgg FILE", "recyclegan[vision]", "content weights to 0")
    assert files_below(tmp_path / "run") == []


def test_missing_and_empty_data_are_named(run: Callable[..., Told], tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert_refused(run(*train_words(tmp_path / "none", out)), str(tmp_path / "none"), "no such folder")
    (tmp_path / "data" / "train" / "A").mkdir(parents=True)
    (tmp_path / "data" / "train" / "B").mkdir()
    messages = run(*train_words(tmp_path / "data", out))
    assert_refused(messages, str(tmp_path / "data" / "train" / "A"), "holds neither videos nor frames")
    make_frames(tmp_path / "data" / "train" / "A" / "clip", 2)
    messages = run(*train_words(tmp_path / "data", out))
    assert_refused(messages, str(tmp_path / "data" / "train" / "B"), "holds neither videos nor frames")
    (tmp_path / "data" / "train" / "B").rmdir()
    assert_refused(run(*train_words(tmp_path / "data", out)), str(tmp_path / "data" / "train" / "B"), "no such folder")
    assert files_below(out) == []


def text_file(path: Path) -> None:
    path.write_text("I am no video")


def truncated_video(path: Path) -> None:
    rng = np.random.default_rng(0)
    write_video(path, [rng.integers(0, 256, (64, 64, 3), np.uint8) for _ in range(30)], rate=10, crf=1)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])


def damaged_image(path: Path) -> None:
    write_image(path, picture(0))
    path.write_bytes(path.read_bytes()[:60])


DAMAGED = {"clip.mp4": text_file, "cut.mp4": truncated_video, "frame.png": damaged_image}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_is_named_in_training_and_translating(
    run: Callable[..., Told], model: Path, tmp_path: Path, name: str
) -> None:
    data = make_data(tmp_path / "data", num_frames=2)
    DAMAGED[name](data / "train" / "A" / name)
    assert_refused(run(*train_words(data, tmp_path / "run")), name)
    assert files_below(tmp_path / "run") == []
    messages = run("translate", model, data / "train" / "A" / name, tmp_path / f"out{Path(name).suffix}")
    assert_refused(messages, name)
    assert {path.name for path in tmp_path.iterdir()} <= {"data", "run"}


def test_frames_smaller_than_the_crop_are_named(run: Callable[..., Told], tmp_path: Path) -> None:
    data = make_data(tmp_path / "data", height=30, width=60)
    messages = run(*train_words(data, tmp_path / "run", "--resize", "none"))
    assert_refused(messages, "drive", "60x30", "smaller than the crop of 48x32")


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.clip_length > 1])
def test_clips_too_short_for_the_method_are_named(run: Callable[..., Told], tmp_path: Path, name: str) -> None:
    data = make_data(tmp_path / "data", num_frames=METHODS[name].clip_length - 1)
    words = train_words(data, tmp_path / "run")
    words[1] = name
    length = METHODS[name].clip_length
    assert_refused(run(*words), f"no clip has {length} frames", "drive", "add longer clips")


@pytest.mark.parametrize("place", ["file/run", "file"])
def test_a_run_that_cannot_be_written_is_named(
    run: Callable[..., Told], data: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").touch()
    assert_refused(run(*train_words(data, tmp_path / place)), str(tmp_path / place))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_failure_of_training_is_one_line(
    run: Callable[..., Told], data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recyclegan.losses.unsup_spatial", lambda *_: torch.tensor(float("nan"), requires_grad=True))
    messages = run(*train_words(data, tmp_path / "run"))
    assert_refused(messages, "step 0: loss ab/unsup_spatial is nan", "no checkpoint yet")


def test_an_interrupted_command_ends_with_130(run: Callable[..., Told], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(words: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.COMMANDS, "train", interrupted)
    assert run("train") == Told(130, "", "recyclegan: interrupted\n")


@pytest.mark.parametrize("place", [0, 1, -1])
def test_debug_shows_the_traceback_beside_the_line(run: Callable[..., Told], tmp_path: Path, place: int) -> None:
    words = [str(word) for word in train_words(tmp_path / "none", tmp_path / "run")]
    words.insert(place if place >= 0 else len(words), "--debug")
    messages = run(*words)
    assert messages.code == 2
    assert "Traceback (most recent call last)" in messages.errors
    assert "InputError" in messages.errors
    assert messages.errors.splitlines()[-1].startswith(f"recyclegan: {tmp_path / 'none'}")


def test_an_image_is_translated_both_ways(run: Callable[..., Told], model: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "in.png", picture(0))
    for direction in ("ab", "ba"):
        messages = run("translate", model, tmp_path / "in.png", tmp_path / f"{direction}.png", "--direction", direction)
        assert messages == Told(0, f"{tmp_path / direction}.png: written\n", "")
    assert read_image(tmp_path / "ab.png").shape == (36, 54, 3)
    assert (tmp_path / "ab.png").read_bytes() != (tmp_path / "ba.png").read_bytes()


def test_a_video_is_translated_with_the_options_given(run: Callable[..., Told], model: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "in.mp4", [picture(n) for n in range(3)], rate=10)
    options = ["--codec", "ffv1", "--side-by-side", "--batch-size", 2, "--scale", "native", "--device", "cpu"]
    assert run("translate", model, tmp_path / "in.mp4", tmp_path / "out.mkv", *options).code == 0
    info = probe(tmp_path / "out.mkv")
    assert (info.codec, info.width, info.height, info.rate) == ("ffv1", 108, 36, 10)
    messages = run("translate", model, tmp_path / "in.mp4", tmp_path / "out.mkv")
    assert_refused(messages, "is there already", "--existing replace or skip")
    assert run("translate", model, tmp_path / "in.mp4", tmp_path / "out.mkv", "--existing", "skip").code == 0
    assert probe(tmp_path / "out.mkv").codec == "ffv1"
    assert run("translate", model, tmp_path / "in.mp4", tmp_path / "out.mkv", "--existing", "replace").code == 0
    assert probe(tmp_path / "out.mkv").codec == "h264"


def foreign_safetensors(path: Path) -> None:
    save_file({"w": torch.ones(2)}, path)


def pickled(path: Path) -> None:
    torch.save({"w": torch.ones(2)}, path)


def empty_folder(path: Path) -> None:
    path.mkdir()


MODELS = {
    "text.safetensors": (text_file, "is no safetensors file"),
    "other.safetensors": (foreign_safetensors, "has no recyclegan card"),
    "latest_net_G_A.pth": (pickled, "is no safetensors file"),
    "run": (empty_folder, "holds no ab.safetensors or ba.safetensors"),
    "missing": (lambda _: None, "no such file"),
}


@pytest.mark.parametrize("name", MODELS)
def test_what_is_no_model_is_named(run: Callable[..., Told], tmp_path: Path, name: str) -> None:
    write_image(tmp_path / "in.png", picture(0))
    make, part = MODELS[name]
    make(tmp_path / name)
    messages = run("translate", tmp_path / name, tmp_path / "in.png", tmp_path / "out.png")
    assert_refused(messages, str(tmp_path / name), part)


@pytest.mark.parametrize(
    ("source", "target", "options", "parts"),
    [
        ("none.mp4", "out.mp4", [], ["none.mp4: no such file or folder"]),
        ("in.txt", "out.mp4", [], ["in.txt", "not a readable video"]),
        ("in.mp4", "in.mp4", ["--existing", "replace"], ["in.mp4: is the input itself"]),
        ("in.mp4", "out.txt", [], ["out.txt", ".txt is no video format"]),
        ("in.mp4", "out", [], ["out", "no suffix is no video format"]),
        ("in.png", "out.txt", [], ["out.txt", "is no image format"]),
        ("in.mp4", "file/out.mp4", [], ["file/out.mp4", "cannot be written"]),
        ("in.png", "file/out.png", [], ["file/out.png", "cannot be written"]),
        ("folder", "file/out", [], ["file/out", "cannot be written"]),
        ("folder", "folder/out", [], ["lies inside the input"]),
        ("empty", "out", [], ["empty: holds no videos and no frames"]),
        ("in.mp4", "out.mp4", ["--codec", "libx246"], ["no encoder called 'libx246'"]),
        ("in.mp4", "out.mp4", ["--direction", "ac"], ["--direction", "'ac'"]),
        ("in.mp4", "out.mp4", ["--batch-size", "0"], ["batch_size: found 0, expected 1 to 65536"]),
        ("in.mp4", "out.mp4", ["--device", "tpu"], ["device tpu: is not there"]),
        ("in.mp4", "out.mp4", ["--sidebyside"], ["Unrecognized options: --sidebyside"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_a_mistake_in_translating_is_named(
    run: Callable[..., Told],
    model: Path,
    tmp_path: Path,
    source: str,
    target: str,
    options: list[str],
    parts: list[str],
) -> None:
    write_video(tmp_path / "in.mp4", [picture(n) for n in range(2)], rate=10)
    write_image(tmp_path / "in.png", picture(0))
    (tmp_path / "in.txt").write_text("text")
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    make_frames(tmp_path / "folder", 1)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert_refused(run("translate", model, tmp_path / source, tmp_path / target, *options), *parts)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


def test_missing_places_are_named(run: Callable[..., Told], model: Path) -> None:
    assert_refused(run("translate", model), "recyclegan translate --help")


def test_a_message_of_many_lines_becomes_one(run: Callable[..., Told], monkeypatch: pytest.MonkeyPatch) -> None:
    def wordy(words: list[str]) -> int:
        raise InputError("one\n  two\nthree")

    monkeypatch.setitem(cli.COMMANDS, "train", wordy)
    assert run("train") == Told(2, "", "recyclegan: one two three\n")
