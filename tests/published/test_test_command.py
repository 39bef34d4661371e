"""What ``test.py`` writes: each frame under its own name, whatever the domains hold."""

from pathlib import Path

import numpy as np
import pytest
import torch

from recyclegan.data import Crop, find_clips
from recyclegan.errors import InputError
from recyclegan.published import test_command
from recyclegan.published.exchange import Architecture, network_file
from recyclegan.published.layout import read_options
from recyclegan.published.test_command import center_crop, frame_names
from recyclegan.tensors import to_frames, to_images
from recyclegan.video import read_image, write_image, write_video
from tests.media import numbered
from tests.published.commands import SMALL, frames, labelled_world, options_of_test, world
from tests.small import PALETTE, label_map, picture


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with both generators of an experiment, and go there."""
    torch.manual_seed(0)
    folder = tmp_path / "checkpoints" / "x"
    folder.mkdir(parents=True)
    for label in ("G_A", "G_B"):
        torch.save(Architecture("resnet-6", 3, 3, 4, "instance").build().state_dict(), network_file(folder, "2", label))
    monkeypatch.chdir(tmp_path)
    return tmp_path


WHOLE = ("--crop_mode", "none", "--loadSizeW", "48", "--loadSizeH", "32")


def run_test(*words: str) -> dict[str, np.ndarray]:
    """Run ``test.py`` and return the pictures of the results by name."""
    place = ("--dataroot", "data", "--name", "x", "--which_epoch", "2", "--model", "unsup_single")
    assert test_command.test([*place, *SMALL, *WHOLE, *words]) == 0
    return {path.name: read_image(path) for path in Path("results/x").glob("*_2/images/*")}


def test_domains_of_different_numbers_keep_all_frames_and_their_names(place: Path) -> None:
    world(Path("data"), a=3, b=2)
    pictures = run_test()
    a = {f"065_0000{number}_{kind}.png" for number in (1, 2, 3) for kind in ("real_A", "fake_B")}
    b = {f"065_0000{number}_{kind}.png" for number in (1, 2) for kind in ("real_B", "fake_A")}
    assert pictures.keys() == a | b
    real = read_image(Path("data/val/B/065_00002.png"))
    shown = pictures["065_00002_real_B.png"]
    assert shown.shape == (32, 48, 3)
    assert abs(shown.mean() - real.mean()) < 2


def test_translations_are_those_of_the_generator(place: Path) -> None:
    world(Path("data"))
    pictures = run_test()
    network = Architecture("resnet-6", 3, 3, 4, "instance").build()
    network.load_state_dict(torch.load("checkpoints/x/2_net_G_B.pth", weights_only=True))
    with torch.inference_mode():
        expected = to_images(network(to_frames(pictures["065_00001_real_B.png"][None])))[0]
    np.testing.assert_allclose(pictures["065_00001_fake_A.png"], expected.astype(int), atol=1)


def test_clips_that_share_frame_names_do_not_overwrite_each_other(place: Path) -> None:
    frames(Path("data/val/A/first"), ["1", "2"])
    frames(Path("data/val/A/second"), ["2"], 7)
    assert {name for name in run_test() if "fake_B" in name} == {
        "first_1_fake_B.png",
        "first_2_fake_B.png",
        "second_2_fake_B.png",
    }


def test_two_frames_of_one_name_are_told(tmp_path: Path) -> None:
    write_image(tmp_path / "1.png", picture(0))
    write_image(tmp_path / "1.bmp", picture(1))
    with pytest.raises(InputError, match="two frames would both become"):
        frame_names(find_clips(tmp_path), options_of_test("--dataroot", "d"))


def test_one_domain_is_enough(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames(Path("data/val/B"), ["1"])
    assert run_test().keys() == {"1_real_B.png", "1_fake_A.png"}
    assert "ab: is left out, because there are no frames" in capsys.readouterr().out
    Path("checkpoints/x/2_net_G_A.pth").unlink()
    frames(Path("data/val/A"), ["1"])
    assert run_test().keys() == {"1_real_B.png", "1_fake_A.png"}
    assert "ab: is left out, because there are no weights" in capsys.readouterr().out


def test_both_directions_share_a_folder(place: Path) -> None:
    frames(Path("data/val/B"), ["1"])
    run_test()
    Path("data/val/B").rename("data/val/A")
    assert run_test().keys() == {"1_real_B.png", "1_fake_A.png", "1_real_A.png", "1_fake_B.png"}


def test_nothing_to_test_is_told(place: Path) -> None:
    with pytest.raises(InputError, match="holds no test/A or test/B"):
        run_test()
    world(Path("data"))
    with pytest.raises(InputError, match=r"holds no 9_net_G_A.pth or _G_B.pth; epochs found: 2"):
        run_test("--which_epoch", "9")
    Path("checkpoints/x/2_net_G_A.pth").unlink()
    for file in Path("data/val/B").iterdir():
        file.unlink()
    Path("data/val/B").rmdir()
    with pytest.raises(InputError, match="do not translate the frames of data"):
        run_test()


def test_the_options_of_training_stay(place: Path) -> None:
    world(Path("data"))
    Path("checkpoints/x/opt.txt").write_text("those of training")
    run_test()
    assert Path("checkpoints/x/opt.txt").read_text() == "those of training"
    assert read_options(Path("results/x/test_2/opt.txt"))["which_epoch"] == "2"


def test_label_maps_gain_no_colour(place: Path) -> None:
    labelled_world(Path("data"))
    pictures = run_test()
    maps = [image for name, image in pictures.items() if "real_B" in name]
    assert {tuple(colour) for colour in np.concatenate(maps).reshape(-1, 3).tolist()} <= set(PALETTE)
    frames(Path("data/val/B"), ["065_00001"], make=label_map)
    blurred = run_test("--labels", "none")["065_00001_real_B.png"]
    assert len(np.unique(blurred.reshape(-1, 3), axis=0)) > len(PALETTE)


def test_the_page_shows_every_picture(place: Path) -> None:
    frames(Path("data/test/A"), ["a b", "<i>"])
    pictures = run_test()
    page = Path("results/x/test_2/index.html").read_text()
    assert len(pictures) == page.count("<img") == 4
    assert "src='images/a%20b_fake_B.png'" in page
    assert "<h3>&lt;i&gt;</h3>" in page


def test_phases_and_numbers_of_frames(place: Path) -> None:
    frames(Path("data/trainA"), ["1", "2", "3"])
    assert len(run_test("--phase", "train", "--how_many", "2")) == 4
    assert Path("results/x/train_2/index.html").is_file()
    assert len(run_test("--phase", "train", "--ntest", "1", "--results_dir", "results")) == 4


def test_the_phase_names_the_folder(place: Path) -> None:
    for number, phase in enumerate(("test", "val", "holiday")):
        frames(Path("data") / phase / "A", [phase], number)
        assert {f"{phase}_real_A.png", f"{phase}_fake_B.png"} <= run_test("--phase", phase).keys()
        assert Path(f"results/x/{phase}_2/images/{phase}_fake_B.png").is_file()


def test_dropout_is_off_in_a_test(place: Path) -> None:
    network = Architecture("resnet-6", 3, 3, 4, "instance", dropout=True).build()
    torch.save(network.state_dict(), "checkpoints/x/2_net_G_A.pth")
    frames(Path("data/val/A"), ["1"])
    first, again = (run_test()["1_fake_B.png"] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    with torch.inference_mode():
        real = to_frames(run_test()["1_real_A.png"][None])
        assert not torch.equal(network.train()(real), network(real))


def test_the_weights_are_right_about_the_network(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    frames(Path("data/val/A"), ["1"])
    run_test("--which_model_netG", "unet_128", "--ngf", "5")
    out = capsys.readouterr().out
    assert "--which_model_netG says unet-128, and 2_net_G_A.pth is resnet-6" in out
    assert "--ngf says 5, and 2_net_G_A.pth is 4" in out


def test_videos_and_triplets_are_translated(place: Path) -> None:
    write_video(Path("data/val/A/drive.mp4"), [numbered(n) for n in range(3)], 5)
    assert {name for name in run_test() if "fake" in name} == {f"drive_0000{n}_fake_B.png" for n in range(3)}
    wide = np.concatenate([numbered(n, 36, 54) for n in range(3)], axis=1)
    write_image(Path("data/test/A/7.png"), wide)
    shown = run_test("--dataset_mode", "unaligned_triplet_scale")
    assert [int(shown[f"7_{n}_real_A.png"].mean()) for n in range(3)] == [3, 8, 13]


def test_a_crop_is_that_of_the_middle() -> None:
    image = np.arange(6 * 8, dtype=np.uint8).reshape(6, 8, 1)
    np.testing.assert_array_equal(center_crop(image, Crop("rectangle", 2, 4), "x"), image[2:4, 2:6])
    np.testing.assert_array_equal(center_crop(image, Crop("none"), "x"), image)
    with pytest.raises(InputError, match="x: is 8x6 after resizing, smaller than the crop of 9x2"):
        center_crop(image, Crop("rectangle", 2, 9), "x")


def test_pictures_are_stretched(place: Path) -> None:
    frames(Path("data/val/A"), ["1"])
    assert run_test("--aspect_ratio", "2")["1_fake_B.png"].shape == (32, 96, 3)
    assert run_test("--aspect_ratio", "0.5")["1_fake_B.png"].shape == (64, 48, 3)
