"""What is written has the permissions that the user's umask gives; what replaces something keeps those it had."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch import nn

from recyclegan.checkpoint import save_translator
from recyclegan.data.prepare import prepare_roadworld, prepare_videos
from recyclegan.evaluation import EvaluationConfig, evaluate
from recyclegan.files import added_to, append_text, whole_folder, write_json
from recyclegan.networks import make_generator
from recyclegan.states import save_checkpoint
from recyclegan.training import train
from recyclegan.translation import Output, Translator
from recyclegan.video import write_image, write_video
from tests.media import numbered
from tests.small import make_data, make_frames, picture, small_card, small_config


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes_below(folder: Path) -> dict[str, set[int]]:
    """Return the modes of all files and of all folders below one."""
    found = {"files": {mode_of(path) for path in folder.rglob("*") if path.is_file()}}
    return found | {"folders": {mode_of(path) for path in folder.rglob("*") if path.is_dir()}}


def translate_a_folder(out: Path) -> None:
    with umask(0o077):
        source = make_frames(out.parent / "private" / "clip", 2).parent
        write_video(source / "film.mp4", [numbered(0)], rate=10)
    translator = Translator(nn.Identity(), small_card(), "cpu")
    translator.translate_folder(source, out / "videos")
    translator.translate_folder(source, out / "pictures", Output(frames=True))


def evaluate_a_clip(out: Path) -> None:
    with umask(0o077):
        clip = make_frames(out.parent / "private" / "clip", 3).parent
    evaluate(clip, clip, out / "report", config=EvaluationConfig(num_shown=1, film_frames=2, num_draws=2))


def prepare_footage(out: Path) -> None:
    with umask(0o077):
        sides = [make_frames(out.parent / "private" / side, 60, height=16, width=16) for side in "ab"]
    prepare_videos(out / "data", *([side] for side in sides), link=False)
    prepare_roadworld(out / "world", clips=1, val_clips=1, frames=2, size=(32, 64))


WRITERS: list[Callable[[Path], object]] = [
    lambda out: save_translator(out / "ab.safetensors", make_generator("resnet-6", width=2), small_card()),
    lambda out: save_checkpoint(out / "run", 1, {"step": torch.zeros(1)}, keep=1),
    lambda out: train(small_config(make_data(out.parent / "data", 2), out / "run", steps=2)),
    lambda out: write_image(out / "deep" / "one.png", picture(0)),
    lambda out: write_video(out / "one.mp4", [numbered(0)], rate=10),
    lambda out: write_json(out / "one.json", {}),
    translate_a_folder,
    evaluate_a_clip,
    prepare_footage,
]
NAMES = ["translator", "checkpoint", "run", "image", "video", "json", "translations", "evaluation", "data"]


@pytest.mark.parametrize(("mask", "file", "folder"), [(0o022, 0o644, 0o755), (0o027, 0o640, 0o750)])
@pytest.mark.parametrize("write", WRITERS, ids=NAMES)
def test_what_is_written_has_the_mode_of_the_umask(
    tmp_path: Path, write: Callable[[Path], object], mask: int, file: int, folder: int
) -> None:
    (tmp_path / "out").mkdir()
    with umask(mask):
        write(tmp_path / "out")
    found = modes_below(tmp_path / "out")
    assert found["files"] == {file}
    assert found["folders"] <= {folder}


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o440])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "one.json"
    for value in (1, 2):
        write_json(path, value)
        path.chmod(mode)
    write_json(path, 3)
    assert (mode_of(path), path.read_text()) == (mode, "3\n")


def test_a_folder_that_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    for mode in (0o755, 0o700, 0o775):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data").chmod(mode)
        with whole_folder(tmp_path / "data") as scratch:
            (scratch / "one").touch()
        assert mode_of(tmp_path / "data") == mode


def test_of_files_added_to_a_folder_those_that_were_there_keep_their_mode(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    (tmp_path / "old").chmod(0o660)
    with umask(0o022), added_to(tmp_path) as scratch:
        for name in ("old", "new"):
            append_text(scratch / name, "text")
    assert [mode_of(tmp_path / name) for name in ("old", "new")] == [0o660, 0o644]


def test_a_place_that_knows_no_modes_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_json(tmp_path / "one.json", 1)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    write_json(tmp_path / "one.json", 2)
    assert (tmp_path / "one.json").read_text() == "2\n"
