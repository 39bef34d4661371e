"""The command train: what it chooses where nothing is said, what it says of it, and where it leads."""

import hashlib
import shlex
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from recyclegan import cli
from recyclegan.cli.parsing import WEIGHTS, default_preset
from recyclegan.errors import InputError
from recyclegan.planning import minutes
from recyclegan.runs import read_config
from recyclegan.settings.methods import METHODS, config_of
from recyclegan.settings.presets import PRESETS
from recyclegan.settings.training import TrainConfig
from recyclegan.video import write_image
from tests.small import SMALL_OPTIONS, label_map, make_data, make_frames, picture

METHOD = "unsup-recycle-gan"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("footage"), num_frames=3)


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("labels"), num_frames=3, make_b=label_map)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., TrainConfig]:
    """Return a function that gives the configuration which a command would train with."""
    seen: list[TrainConfig] = []

    def remember(config: TrainConfig, *_: Any) -> None:
        seen.append(config)
        raise InputError("seen")

    monkeypatch.setattr("recyclegan.training.train", remember)

    def start(*words: Any) -> TrainConfig:
        assert cli.main(["train", *map(str, words), "--out", str(tmp_path / "run")]) == 2
        return seen.pop()

    return start


def test_the_default_is_the_steady_preset_and_is_said(started, data, capsys):
    config = started(METHOD, "--data", data)
    assert (config.method, config.frames, config.networks) == (
        PRESETS["steady-footage"].config,
        PRESETS["steady-footage"].frames,
        PRESETS["steady-footage"].others["networks"],
    )
    messages = capsys.readouterr().out.splitlines()
    assert messages[0] == "preset: steady-footage (the default; --preset none for the method's own weights)"


@pytest.mark.parametrize("said", [True, False])
def test_label_maps_have_a_preset_of_their_own(started, labels, capsys, said):
    config = started(METHOD, "--data", labels, *(["--labels", "b"] if said else []))
    assert config.method == PRESETS["steady-video-to-label"].config
    assert config.frames.labels == "b"
    why = "--labels b" if said else f"{labels}/train/B shows label maps"
    assert f"preset: steady-video-to-label (the default, as {why};" in capsys.readouterr().out


def test_labels_that_are_denied_are_footage(started, labels):
    config = started(METHOD, "--data", labels, "--labels", "none")
    assert (config.method, config.frames.labels) == (PRESETS["steady-footage"].config, "none")


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("form", ["{}", "{}=1", "underscored"])
def test_whoever_names_a_weight_starts_from_the_method_s_own(weight, form):
    word = weight.replace("-", "_").replace("__", "--", 1) if form == "underscored" else form.format(weight)
    chosen = default_preset(METHOD, ["--data", "nowhere", word, "1"])
    assert (chosen.name, "weights are named" in chosen.reason) == ("none", True)


@pytest.mark.parametrize("name", METHODS)
def test_no_preset_is_every_method_s_own_weights(started, data, capsys, name):
    config = started(name, "--data", data, "--preset", "none")
    assert config == TrainConfig(data, config.out, type(config.method)())
    assert "preset:" not in capsys.readouterr().out


@pytest.mark.parametrize("name", [name for name in METHODS if name != METHOD])
def test_other_methods_start_from_their_own_weights(started, data, capsys, name):
    assert started(name, "--data", data).method == config_of(name)()
    assert "preset:" not in capsys.readouterr().out


def test_without_a_method_it_is_the_default_one(started, data):
    assert started("--data", data) == started(METHOD, "--data", data)


@pytest.mark.parametrize(
    ("words", "scales"),
    [
        ("", 2),
        ("--size 64 128", 2),
        ("--size 48 64", 2),
        ("--size 47 64", 1),
        ("--size 32 48", 1),
        ("--size 64 128 --progressive 2 1", 1),
        ("--size 96 128 --progressive 2 1", 2),
        ("--size 47 64 --scales 1", 1),
        ("--size 64 128 --discriminator-layers 4", 1),
    ],
)
def test_a_preset_s_discriminators_have_as_many_scales_as_frames_allow(started, data, words, scales):
    assert started("--data", data, *words.split()).networks.adversary.scales == scales


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("", (2, 2, 1)),
        ("--size 96 128", (2, 2, 1)),
        ("--size 64 128", ()),
        ("--size 64 128 --scales 1", (2, 2, 1)),
        ("--size 64 128 --discriminator-layers 2", (2, 2, 1)),
        ("--size 96 128 --scales 3", ()),
        ("--size 128 256 --progressive 1", (1,)),
        ("--preset none", ()),
    ],
)
def test_a_preset_s_parts_of_small_frames_are_those_that_frames_allow(started, data, words, parts):
    assert started("--data", data, *words.split()).progressive == parts


def test_help_shows_the_parts_that_a_preset_begins_with(capsys):
    with pytest.raises(SystemExit):
        cli.main(["train", METHOD, "--preset", "steady-footage", "--help"])
    described = capsys.readouterr().out.split("--progressive DIVISOR")[1].split("--clip-gradients")[0]
    assert "Default: 2 2 1" in " ".join(described.split())


def test_scales_that_are_named_and_too_many_are_refused(data, capsys):
    assert cli.main(["train", METHOD, "--data", str(data), "--size", "32", "48", "--scales", "2"]) == 2
    assert "scales: found 2, too many for frames of 32x48" in capsys.readouterr().err


def test_a_size_that_is_given_brings_its_load_size(started, labels):
    config = started("--data", labels, "--preset", "video-to-label", "--size", 64, 96)
    assert (config.frames.size, config.frames.load_size) == ((64, 96), None)
    config = started("--data", labels, "--preset", "video-to-label", "--size", 64, 96, "--load-size", 70, 100)
    assert config.frames.load_size == (70, 100)


def test_frames_of_another_shape_are_said_before_anything_is_decoded(tmp_path, capsys, monkeypatch):
    data = make_data(tmp_path / "wide", num_frames=1, height=90, width=160)
    monkeypatch.setattr("recyclegan.training.train", lambda *_: (_ for _ in ()).throw(InputError("decoding")))
    assert cli.main(["train", "--data", str(data), "--out", str(tmp_path / "run"), "--size", "64", "64"]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == (
        "note: A and B: frames of 90x160 are scaled to 72x72, squeezed in width by 44%; "
        "--size 64 112 would keep their shape"
    )
    assert "decoding" in second


def test_minutes_choose_and_say_it(started, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(minutes, "trial_seconds", lambda *_: 0.4)
    monkeypatch.setattr(minutes, "step_seconds", lambda *_: 0.4)
    data = make_data(tmp_path / "wide", num_frames=1, height=90, width=160)
    config = started("--data", data, "--minutes", 10, "--width", 24)
    assert (config.frames.size, config.networks.width) == ((64, 112), 24)
    assert config.steps > 1200
    messages = capsys.readouterr().out.splitlines()
    assert messages[1] == f"10 minutes: frames of 64x112, networks of width 24, {config.steps:,} steps of 0.4 s"


def small_run(data: Path, out: Path, *more: Any) -> list[str]:
    words = [*SMALL_OPTIONS, "--generator", "resnet-6", *more]
    return ["train", "--data", str(data), "--out", str(out), *map(str, words)]


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of 4 steps in a folder whose name must be quoted."""
    out = tmp_path_factory.mktemp("my runs") / "one"
    assert cli.main(small_run(data, out, "--steps", 4)) == 0
    return out


def state_of(folder: Path) -> dict[str, tuple[str, int]]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files}


@pytest.mark.parametrize("steps", [2, 4])
def test_resuming_with_no_more_steps_does_nothing_and_says_so(run, capsys, steps):
    before = state_of(run)
    assert cli.main(["train", "--out", str(run), "--resume", "--steps", str(steps)]) == 0
    messages = capsys.readouterr()
    assert messages.out.splitlines()[0] == f"{run}: 4 steps are done, {steps} were asked for; nothing was done"
    assert messages.err == ""
    assert state_of(run) == before


def test_resuming_needs_no_method_and_no_minutes(run, tmp_path, capsys):
    copy = shutil.copytree(run, tmp_path / "copy")
    words = ["train", "--out", str(copy), "--resume", "--steps", "6", "--minutes", "5"]
    assert cli.main(words) == 0
    messages = capsys.readouterr()
    assert messages.out.startswith(f"{copy}: trained 6 steps\n")
    assert "--minutes: " in messages.err
    stored, before = read_config(copy), read_config(run)
    assert (stored.steps, stored.frames, stored.networks) == (6, before.frames, before.networks)


def commands_in(output: str) -> list[list[str]]:
    """Return the words of each command that an output leads to, as a shell takes them."""
    lines = output.splitlines()
    return [shlex.split(after) for line, after in pairwise(lines) if line == "next:"]


def test_one_way_leads_from_footage_to_numbers(tmp_path, monkeypatch, capsys):
    """Every command's last line is pasted, with nothing added but smaller numbers."""
    monkeypatch.chdir(tmp_path)
    for look in "ab":
        for clip in range(2):
            make_frames(Path(f"my {look}") / f"clip {clip}", 6, seed=7 * clip + 3 * (look == "b"))
    words = ["prepare", "videos", "my data", "--a", "my a", "--b", "my b", "--val", "0.5"]
    names = []
    while words:
        more = [*SMALL_OPTIONS, "--generator", "resnet-6", "--steps", "2"] if words[0] == "train" else []
        words = [word for word in words if word not in ("--minutes", "10")] if more else words
        more = ["--num-draws", "20"] if words[0] == "evaluate" else more
        names.append(words[0])
        assert cli.main([*words, *more]) in (0, 1), words
        found = commands_in(capsys.readouterr().out)
        words = found[-1][1:] if found else []
        if names[-1] == "doctor" and not words:
            words = ["train", "--data", "my data", "--out", "runs/my data"]
    assert names == ["prepare", "doctor", "train", "translate", "evaluate"]
    assert (tmp_path / "runs" / "my data-translated-report" / "report.html").is_file()


def test_a_translated_image_leads_nowhere(run, tmp_path, capsys):
    write_image(tmp_path / "in.png", picture(0))
    assert cli.main(["translate", str(run), str(tmp_path / "in.png"), str(tmp_path / "out.png")]) == 0
    assert commands_in(capsys.readouterr().out) == []
