"""Translating clips with what a translator reads beside their frames: found, read along, or refused in a line."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from recyclegan.checkpoint import save_translator
from recyclegan.data.index import Clip
from recyclegan.distillation.teachers import TranslatorTeacher
from recyclegan.doctor import examine_run
from recyclegan.errors import InputError
from recyclegan.exports import export
from recyclegan.live import Live
from recyclegan.networks import make_generator
from recyclegan.published.exchange import export_reference
from recyclegan.training import train
from recyclegan.translation import Output, Translator, translate_stream
from recyclegan.translation.model_cards import Facts, model_card
from recyclegan.video import read_image, write_image, write_video
from tests.data.test_extra_clips import extra_data
from tests.live.stages import Numbers, Viewer
from tests.small import make_frames, picture, small_card
from tests.training.test_extra_inputs import config

EXTRAS = {"depth": 1, "normals": 3}


class Behind(nn.Module):
    """Returns the last three channels that it reads: normals."""

    def forward(self, frames: Tensor) -> Tensor:
        assert frames.shape[1] == 7
        return frames[:, -3:]


def translator(scale: Any = "native", **card: Any) -> Translator:
    return Translator(Behind(), small_card(extras=EXTRAS, **card), "cpu", scale=scale, batch_size=3)


def is_negative(folder: Path, first: int, num_frames: int = 4) -> bool:
    """Return whether frames are the normals of the test's clips: the negatives of their pictures."""
    files = sorted(folder.iterdir())
    assert len(files) == num_frames
    return all((read_image(file) == 255 - picture(first + number)).all() for number, file in enumerate(files))


def test_extras_are_found_beside_the_folder_of_the_clips(tmp_path: Path) -> None:
    root = extra_data(tmp_path / "data")
    translator().translate_path(root / "val" / "A", tmp_path / "all")
    assert is_negative(tmp_path / "all" / "drive", 1000)
    translator().translate_path(root / "train" / "A" / "drive", tmp_path / "one")
    assert is_negative(tmp_path / "one", 0)


def test_a_named_folder_is_taken_and_wins(tmp_path: Path) -> None:
    root, clips = extra_data(tmp_path / "data"), tmp_path / "clips"
    make_frames(clips / "drive")
    with pytest.raises(InputError, match="this translator also reads depth and normals of it; give --extra FOLDER"):
        translator().translate_path(clips, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    translator().translate_path(clips, tmp_path / "out", Output(extra=root / "val" / "A_extra"))
    assert is_negative(tmp_path / "out" / "drive", 1000)


def test_a_translator_of_frames_alone_takes_no_folder_besides(tmp_path: Path) -> None:
    plain = Translator(nn.Identity(), small_card(), "cpu", scale="native")
    root = extra_data(tmp_path / "data")
    with pytest.raises(InputError, match="A_extra: this translator reads frames alone; leave --extra out"):
        plain.translate_path(root / "val" / "A", tmp_path / "out", Output(extra=root / "val" / "A_extra"))


def test_videos_and_folders_serve_for_each_other(tmp_path: Path) -> None:
    root = extra_data(tmp_path / "data")
    write_video(root / "val" / "A" / "tour.mp4", [picture(n) for n in range(4)], Fraction(25))
    for name in EXTRAS:
        make_frames(root / "val" / "A_extra" / name / "tour", make=lambda n: 255 - picture(n))
    translator().translate_path(root / "val" / "A" / "tour.mp4", tmp_path / "tour", Output(frames=True))
    assert is_negative(tmp_path / "tour", 0)
    translator().translate_video(root / "val" / "A" / "tour.mp4", tmp_path / "tour.mp4")
    assert Clip("tour", "video", (tmp_path / "tour.mp4",)).num_frames == 4


def test_what_is_skipped_moves_no_extra_to_another_frame(tmp_path: Path) -> None:
    root = extra_data(tmp_path / "data")
    write_image(tmp_path / "out" / "drive" / "frame_001.png", 255 - picture(1001))
    translator().translate_path(root / "val" / "A", tmp_path / "out", Output(existing="skip"))
    assert is_negative(tmp_path / "out" / "drive", 1000)


def test_the_source_shows_in_its_own_colours(tmp_path: Path) -> None:
    root = extra_data(tmp_path / "data")
    output = Output(side_by_side=True, strength=0.0)
    translator().translate_path(root / "val" / "A", tmp_path / "out", output)
    shown = read_image(tmp_path / "out" / "drive" / "frame_000.png")
    assert (shown == np.concatenate([picture(1000)] * 2, axis=1)).all()


def test_a_run_translates_as_its_generator_does_at_the_scale_of_training(tmp_path: Path) -> None:
    root = extra_data(tmp_path)
    train(config(root))
    made = Translator.from_pretrained(root / "run", device="cpu")
    made.translate_path(root / "val" / "A", root / "out")
    image = picture(1000)
    grey = np.uint8(image.astype(float) @ (0.299, 0.587, 0.114) + 0.5)[..., None]
    whole = np.concatenate([image, grey, 255 - image], axis=2)
    wanted = made.translate_images(whole[None])[0]
    found = read_image(root / "out" / "drive" / "frame_000.png")
    assert np.abs(found.astype(int) - wanted).max() <= 1
    with pytest.raises(InputError, match=r"found 3 channels, expected 3, and behind them depth \(1\) and normals"):
        made.translate_images(image[None])
    assert not [finding for finding in examine_run(root / "run", root) if "channels" in finding.what]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("depth", "depth: no such folder; put depth of drive there"),
        ("normals/drive", "normals: holds nothing for drive; add it"),
        ("depth/drive/frame_003.png", "drive: has 3 frames for 4 of its clip"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_written(tmp_path: Path, place: str, message: str) -> None:
    root = extra_data(tmp_path / "data")
    missing = root / "val" / "A_extra" / place
    missing.rename(tmp_path / "moved")
    make_frames(root / "val" / "A_extra" / "normals" / "other")
    with pytest.raises(InputError, match=message):
        translator().translate_path(root / "val" / "A", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_cannot_give_extras_says_so_in_a_line(tmp_path: Path) -> None:
    root, network = extra_data(tmp_path / "data"), make_generator("resnet-6", width=4, extras=4)
    run = tmp_path / "run"
    save_translator(run / "ab.safetensors", network, small_card(extras=EXTRAS))
    wanted = "this translator also reads depth and normals; only translate can give it that"
    with pytest.raises(InputError, match=f"export: {wanted}"):
        export(run, tmp_path / "model.onnx")
    with pytest.raises(InputError, match=f"distill: {wanted}"):
        TranslatorTeacher(run, None, "cpu")
    with pytest.raises(InputError, match=f"ab.safetensors: {wanted}"):
        export_reference(run, tmp_path / "published")
    made = Translator.from_pretrained(run, device="cpu")
    frames, tour = root / "val" / "A" / "drive", root / "val" / "A" / "tour.mp4"
    write_video(tour, [picture(number) for number in range(4)], Fraction(25))
    with pytest.raises(InputError, match=f"live: {wanted}"):
        Live(made, Numbers(2), Viewer())
    with pytest.raises(InputError, match=wanted):
        translate_stream(str(frames / "frame_%03d.png"), str(tmp_path / "out"), made, Output())
    with pytest.raises(InputError, match=wanted):
        made.translate_path(frames / "frame_000.png", tmp_path / "one.png")
    with pytest.raises(InputError, match="--start and --end: not for a translator that reads further inputs"):
        made.translate_path(tour, tmp_path / "out.mp4", Output(end=1))
    with pytest.raises(InputError, match="images: found 3 channels"):
        made(torch.rand(3, 48, 64), levels="unit")
    assert "| reads besides | depth and normals, by `--extra FOLDER` |" in model_card(made.card, Facts())
