"""Strings are paths wherever Python is asked for one, and what is no path is refused in one line."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recyclegan.calibration import footage_of, read_calibration
from recyclegan.checkpoint import load_card, load_translator, save_translator
from recyclegan.config import check_numbers
from recyclegan.data import find_clips, index_data
from recyclegan.data.prepare import prepare_roadworld, prepare_videos
from recyclegan.data.published_folders import prepare_cityscapes, prepare_viper
from recyclegan.doctor import examine_data, examine_run
from recyclegan.errors import InputError
from recyclegan.evaluation import EvaluationConfig, evaluate
from recyclegan.evaluation.comparison import ComparisonConfig
from recyclegan.evaluation.examples import compare, read_metrics
from recyclegan.files import write_json
from recyclegan.logs import read_stats
from recyclegan.methods import UnsupRecycleGAN
from recyclegan.networks import make_generator
from recyclegan.paths import as_path, as_path_or_none, as_paths
from recyclegan.preview import preview_flow
from recyclegan.runs import read_config
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.training import DataConfig, TrainConfig
from recyclegan.translation import Translator
from recyclegan.video import (
    VideoWriter,
    count_frames,
    image_size,
    probe,
    read_frame,
    read_image,
    read_video,
    shown_times,
    write_image,
    write_video,
)
from tests.media import numbered
from tests.small import make_data, make_frames, picture, small_card


def test_configurations_hold_paths() -> None:
    config = TrainConfig("data", "run", frames=DataConfig(cache="cache"), method=UnsupRecycleGAN.Config(vgg="vgg.pth"))
    assert (config.data, config.out, config.frames.cache) == (Path("data"), Path("run"), Path("cache"))
    assert config.method.vgg == Path("vgg.pth")
    assert replace(config, out="other").out == Path("other")
    assert EvaluationConfig(segmenter="net.pt", labels="viper").segmenter == Path("net.pt")
    assert ComparisonConfig(steps=1, truth="truth").truth == Path("truth")
    assert DataConfig().cache is None


def test_only_fields_of_paths_become_paths() -> None:
    @dataclass(frozen=True)
    class Options:
        one: Path
        maybe: Path | None = None
        several: tuple[Path, ...] = (Path("a"), Path("b"))
        word: str = "word"

        def __post_init__(self) -> None:
            check_numbers(self)

    assert Options("one") == Options(Path("one"), None, (Path("a"), Path("b")), "word")
    assert Options("one", "two").maybe == Path("two")


@pytest.mark.parametrize("wrong", [5, None, "", b"data", ["data"]], ids=repr)
def test_what_is_no_path_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match=r"is no path; expected a string or a Path"):
        inspect.unwrap(as_path)(wrong)  # as without the type checks of the tests


def test_several_places_are_a_list_of_paths() -> None:
    assert as_paths("one") == as_paths(Path("one")) == as_paths(["one"]) == (Path("one"),)
    assert as_path_or_none(None) is None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter a folder with data, a video, an image, a translator and numbers of an evaluation."""
    monkeypatch.chdir(tmp_path)
    make_data(tmp_path / "data", 2)
    write_video(tmp_path / "in.mp4", [numbered(n) for n in range(3)], rate=10)
    write_image(tmp_path / "in.png", picture(0))
    save_translator(tmp_path / "ab.safetensors", make_generator("resnet-6", width=4), small_card())
    write_json(tmp_path / "flow.json", {"flow": {"motion": 3.0}})
    return tmp_path


READERS: dict[str, Callable[[], Any]] = {
    "probe": lambda: probe("in.mp4").num_frames,
    "count_frames": lambda: count_frames("in.mp4"),
    "read_video": lambda: len(list(read_video("in.mp4"))),
    "read_frame": lambda: len([read_frame("in.mp4", 1)]) + 2,
    "shown_times": lambda: len(shown_times("in.mp4")),
    "read_image": lambda: read_image("in.png").shape[2],
    "image_size": lambda: len(image_size("in.png")) + 1,
    "load_card": lambda: len(load_card("ab.safetensors").direction) + 1,
    "load_translator": lambda: load_translator("ab.safetensors")[1].channels_in,
    "from_pretrained": lambda: Translator.from_pretrained("ab.safetensors", device="cpu").card.channels_in,
    "read_calibration": lambda: read_calibration("flow.json").flow.motion,
    "footage_of": lambda: len(footage_of("data")) + 1,
    "find_clips": lambda: len(find_clips("data/train/A")) + 2,
    "index_data": lambda: len(index_data("data", "val")) + 1,
    "read_stats": lambda: len(read_stats("nothing")) + 3,
    "examine_data": lambda: 3 if examine_data("data", size=(32, 48)) is not None else 0,
}


@pytest.mark.parametrize("name", READERS)
def test_readers_take_strings(name: str, folder: Path) -> None:
    assert READERS[name]() == 3


def write_a_video() -> None:
    with VideoWriter("out.mp4", 64, 48, like="in.mp4", audio_from="in.mp4") as writer:
        for frame in read_video("in.mp4"):
            writer.write(frame.image, frame.time)


def compare_evaluations() -> None:
    make_frames(Path("clip"), 2)
    evaluate("clip", "clip", "report", config=EvaluationConfig(num_shown=0, num_draws=2))
    assert read_metrics("report")
    compare({"one": "report"}, "out.html")


def prepare_two_clips() -> None:
    make_frames(Path("b"), 2)
    prepare_videos("mine", a="in.mp4", b=["b"], val=0)


WRITERS: dict[str, Callable[[], Any]] = {
    "out.png": lambda: write_image("out.png", np.zeros((4, 4, 3), np.uint8)),
    "out.mp4": write_a_video,
    "still.mp4": lambda: write_video("still.mp4", [numbered(0)], 10),
    "out.html": compare_evaluations,
    "mine/train/A": prepare_two_clips,
    "world/train/A": lambda: prepare_roadworld("world", clips=1, val_clips=1, frames=2, size=(32, 64)),
    "preview/flow.png": lambda: preview_flow("in.mp4", "preview", None, 1, 0, FlowSynthesis()),
    "night.mp4": lambda: Translator.from_pretrained("ab.safetensors", device="cpu").translate_path(
        "in.mp4", "night.mp4"
    ),
}


@pytest.mark.parametrize("name", WRITERS)
def test_writers_take_strings(name: str, folder: Path) -> None:
    WRITERS[name]()
    assert (folder / name).exists()


@pytest.mark.parametrize(
    "call",
    [
        lambda: examine_run("missing", data="data"),
        lambda: read_config("missing"),
        lambda: prepare_viper("out", viper="missing"),
        lambda: prepare_cityscapes("out", viper="missing", cityscapes="missing"),
        lambda: evaluate("missing", "missing", "out", target="missing", truth="missing"),
    ],
)
def test_strings_that_lead_nowhere_are_refused_in_one_line(call: Callable[[], Any], folder: Path) -> None:
    with pytest.raises(InputError, match="missing") as caught:
        call()
    assert "\n" not in str(caught.value)
