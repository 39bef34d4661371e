"""What the scoring scripts read and print."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from recyclegan.data.label_maps import read_class_map
from recyclegan.errors import InputError
from recyclegan.features.pretrained import FCN8s
from recyclegan.labels import VIPER, colourize
from recyclegan.published import score_commands
from recyclegan.published.score_commands import read_truth
from recyclegan.video import read_image, write_image
from tests.small import picture

ROAD, SKY, CAR, VAN, TRAIN = (VIPER.names.index(name) for name in ("road", "sky", "car", "van", "train"))
SIZE = ("--eval_h", "32", "--eval_w", "48")


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def map_of(*ids: int, height: int = 32, width: int = 48) -> np.ndarray:
    """Return a class map of upright stripes."""
    return np.broadcast_to(np.uint8(ids)[np.arange(width) * len(ids) // width], (height, width))


def write_map(path: str, *ids: int, **size: int) -> None:
    write_image(Path(path), colourize(map_of(*ids, **size), VIPER))


def rgb2lbl(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert score_commands.eval_rgb2lbl(["--exp_name", "images/*fake_B.*", *SIZE, *words]) == 0
    return capsys.readouterr().out


def test_both_protocols_are_printed_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    write_map("images/065_00001_fake_B.png", ROAD, SKY)
    write_map("images/065_00001_real_B.png", ROAD, SKY)
    out = rgb2lbl(capsys)
    assert "All:\nEval result (standard): mIoU/mAcc/allAcc 1.0000/1.0000/1.0000." in out
    assert "Eval result (reference): mIoU/mAcc/allAcc 0.0645/0.0645/1.0000." in out
    assert "Day:\nEval result" in out
    assert "Night:\nEmpty list." in out
    assert "name: road." in out
    only = rgb2lbl(capsys, "--protocol", "reference", "--details", "False")
    assert "standard" not in only
    assert "name: road." not in only


def test_translated_colours_are_rounded_to_the_palette(capsys: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(0).integers(-8, 9, (32, 48, 3))
    noisy = np.uint8((colourize(map_of(ROAD, CAR), VIPER) + noise).clip(0, 255))
    write_image(Path("images/1_fake_B.png"), noisy)
    write_map("images/1_real_B.png", ROAD, CAR)
    assert "allAcc 1.0000/1.0000/1.0000." in rgb2lbl(capsys)
    np.testing.assert_array_equal(read_image(Path("seg_lbl_ind_map/1_fake_B.png"))[..., 0], map_of(ROAD, CAR))


def test_maps_are_enlarged_without_new_classes(capsys: pytest.CaptureFixture[str]) -> None:
    write_map("images/1_fake_B.png", ROAD, CAR, height=16, width=24)
    write_map("images/1_real_B.png", ROAD, CAR, height=64, width=96)
    out = rgb2lbl(capsys, "--protocol", "standard")
    assert "allAcc 1.0000/1.0000/1.0000." in out
    assert [line for line in out.splitlines() if line.startswith("Class_")] == [
        "Class_3 result (standard): iou/accuracy 1.0000/1.0000, name: road.",
        "Class_24 result (standard): iou/accuracy 1.0000/1.0000, name: car.",
    ]


def test_kept_maps_are_never_scored(capsys: pytest.CaptureFixture[str]) -> None:
    write_map("images/1_real_B.png", ROAD)
    write_map("images/1_fake_B.png", SKY)
    assert "(standard): mIoU/mAcc/allAcc 0.0000" in rgb2lbl(capsys)
    write_map("images/1_fake_B.png", ROAD)
    assert "(standard): mIoU/mAcc/allAcc 1.0000" in rgb2lbl(capsys)


def test_vans_and_trains_are_not_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    write_map("images/1_fake_B.png", VAN, TRAIN)
    write_map("images/1_real_B.png", TRAIN, VAN)
    assert "allAcc 1.0000/1.0000/1.0000." in rgb2lbl(capsys)


def test_the_truth_is_found_in_a_folder_by_the_frames_name(capsys: pytest.CaptureFixture[str]) -> None:
    write_map("images/065_00001_fake_B.png", ROAD)
    write_map("images/065_00001_real_B.png", SKY)
    for number, place in enumerate(("truth/065_00001.png", "other/065_00001_centered.png", "deep/065/065_00001.png")):
        write_map(place, ROAD)
        out = rgb2lbl(capsys, "--target_path", Path(place).parts[0], "--lbl_cache_dir", f"maps{number}")
        assert "(standard): mIoU/mAcc/allAcc 1.0000/1.0000/1.0000." in out
        assert Path(f"maps{number}/{Path(place).name}").is_file()
    assert "(standard): mIoU/mAcc/allAcc 0.0000" in rgb2lbl(capsys)


def test_missing_pictures_and_truths_are_told() -> None:
    with pytest.raises(InputError, match="matches no picture"):
        score_commands.eval_rgb2lbl(["--exp_name", "images/*fake_B.*"])
    write_map("images/1_fake_B.png", ROAD)
    with pytest.raises(InputError, match=r"1_fake_B.png: has no true label map \(1_real_B.png beside it"):
        score_commands.eval_rgb2lbl(["--exp_name", "images/*fake_B.*"])
    with pytest.raises(InputError, match="is no FRAME_fake_A picture"):
        score_commands.eval_lbl2rgb(["--exp_name", "images/*fake_B.*", "--model_path", small_fcn()])


def test_a_map_of_one_channel_holds_ids(tmp_path: Path) -> None:
    write_image(tmp_path / "ids.png", map_of(VAN, TRAIN)[..., None])
    ids, is_coloured = read_truth(tmp_path / "ids.png")
    np.testing.assert_array_equal(ids, map_of(VAN, TRAIN))
    assert not is_coloured


@pytest.mark.parametrize("order", ["of the set", "another"])
def test_a_map_with_a_palette_is_read_by_its_colours(tmp_path: Path, order: str) -> None:
    ids = map_of(ROAD, CAR, SKY)
    rows = np.arange(32) if order == "of the set" else np.random.default_rng(0).permutation(32)
    back = np.zeros(32, np.uint8)
    back[rows] = np.arange(32)
    picture = Pillow.fromarray(back[ids], "P")
    picture.putpalette(VIPER.colours[rows].tobytes())
    picture.save(tmp_path / "map.png")
    found, is_coloured = read_truth(tmp_path / "map.png")
    np.testing.assert_array_equal(found, ids)
    np.testing.assert_array_equal(found, read_class_map(tmp_path / "map.png", VIPER))
    assert is_coloured


def test_ids_beyond_eight_bits_never_wrap(tmp_path: Path) -> None:
    Pillow.fromarray(np.full((4, 4), 256 + ROAD, np.uint16)).save(tmp_path / "ids.png")
    with pytest.raises(InputError, match=rf"ids\.png: class id {256 + ROAD}: not among the classes of viper"):
        read_truth(tmp_path / "ids.png")


def test_colours_that_are_no_class_count_as_the_nearest_and_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recyclegan.notes._already_noted", set())
    smeared = colourize(map_of(ROAD, CAR), VIPER)
    smeared[0, 0] += 3
    for number in range(2):
        write_image(tmp_path / f"{number}.png", smeared)
        np.testing.assert_array_equal(read_truth(tmp_path / f"{number}.png")[0], map_of(ROAD, CAR))
    (messages,) = [record.getMessage() for record in caplog.records]
    assert "0.png: colour (131, 67, 131): neither a class of viper nor void" in messages
    assert "the truth is taken for the nearest classes" in messages


def small_fcn() -> str:
    """Write an FCN-8s of small width."""
    torch.manual_seed(0)
    torch.save(FCN8s(width=2, hidden=4).state_dict(), "fcn.pt")
    return "fcn.pt"


def lbl2rgb(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    model = ("--model_path", small_fcn())
    assert score_commands.eval_lbl2rgb(["--exp_name", "images/*fake_A*", *model, *SIZE, *words]) == 0
    return capsys.readouterr().out


def test_an_fcn_tells_the_classes_of_translated_video(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[torch.Tensor] = []

    def forward(self: FCN8s, frames: torch.Tensor) -> torch.Tensor:
        shown.append(frames)
        marks = torch.nn.functional.one_hot(torch.from_numpy(map_of(ROAD, VAN).astype(np.int64)), 32)
        return marks.permute(2, 0, 1)[None].float()

    monkeypatch.setattr(FCN8s, "forward", forward)
    write_image(Path("images/073_00001_fake_A.png"), picture(0, 32, 48))
    write_image(Path("truth/073/073_00001.png"), map_of(ROAD, VAN)[..., None])
    out = lbl2rgb(capsys, "--target_path", "truth", "--output_name", "scores.txt")
    assert "Night:\nEval result (standard): mIoU/mAcc/allAcc 1.0000/1.0000/1.0000." in out
    assert "name: van." in out
    assert Path("scores.txt").read_text() in out
    lbl2rgb(capsys, "--target_path", "truth", "--mean", "False")
    subtracted, plain = shown
    expected = torch.from_numpy(picture(0, 32, 48)[:, :, ::-1].copy()).permute(2, 0, 1)[None].float()
    torch.testing.assert_close(plain, expected)
    torch.testing.assert_close(subtracted, expected - torch.tensor([104.007, 116.669, 122.679]).view(1, 3, 1, 1))


def test_mean_false_is_false(capsys: pytest.CaptureFixture[str]) -> None:
    write_image(Path("images/1_fake_A.png"), picture(0))
    write_map("images/1_real_B.png", ROAD, CAR)
    assert "--mean False: no mean colour is subtracted" in lbl2rgb(capsys, "--mean", "False")
    assert "no mean colour" not in lbl2rgb(capsys, "--mean", "True")


def test_another_number_of_classes_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"--n_class 31: fcn.pt tells 32 classes"):
        lbl2rgb(capsys, "--n_class", "31")
