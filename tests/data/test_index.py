"""Which clips a folder holds, and what is said when it holds none."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.data import Clip, find_clips, index_data
from recyclegan.errors import InputError
from recyclegan.video import write_image, write_video
from tests.media import number_of, numbered
from tests.small import touch

GREY = np.zeros((4, 4, 3), np.uint8)


def names_of(clips: tuple[Clip, ...]) -> dict[str, list[str]]:
    return {clip.name: [file.name for file in clip.files] for clip in clips}


def test_videos_folders_and_loose_frames_may_be_mixed(tmp_path: Path) -> None:
    touch(tmp_path, "drive.mp4", "deep/er/night.MKV", "frames/f_10.png", "frames/f_9.png", "frames/f_1.jpg")
    touch(tmp_path, "001_00002.jpg", "001_00001.jpg", "002_00001.jpg")
    assert names_of(find_clips(tmp_path)) == {
        "001": ["001_00001.jpg", "001_00002.jpg"],
        "002": ["002_00001.jpg"],
        "deep/er/night": ["night.MKV"],
        "drive": ["drive.mp4"],
        "frames": ["f_1.jpg", "f_9.png", "f_10.png"],
    }


def test_a_folder_is_one_clip_whatever_its_frames_are_called(tmp_path: Path) -> None:
    touch(tmp_path, "walk/left_1.png", "walk/right_2.png", "walk/end.png")
    assert list(names_of(find_clips(tmp_path))) == ["walk"]


def test_frames_without_a_number_are_one_clip(tmp_path: Path) -> None:
    touch(tmp_path, "b.png", "a.png", "c.png")
    assert names_of(find_clips(tmp_path)) == {"frames": ["a.png", "b.png", "c.png"]}


def test_the_frame_number_is_the_last_number_that_no_letter_follows(tmp_path: Path) -> None:
    touch(tmp_path, *(f"aachen_00000{scene}_0000{n}_leftImg8bit.png" for scene in (0, 1) for n in (18, 19)))
    assert [len(clip.files) for clip in find_clips(tmp_path)] == [2, 2]


def test_hidden_and_other_files_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "drive.mp4", "Thumbs.db", "notes.txt", ".DS_Store", "._drive.mp4", ".cache/x.mp4", "__MACOSX/y.mp4")
    touch(tmp_path, "frames/1.png", "frames/labels.txt", "frames/.2.png")
    assert names_of(find_clips(tmp_path)) == {"drive": ["drive.mp4"], "frames": ["1.png"]}


def test_names_are_distinct(tmp_path: Path) -> None:
    touch(tmp_path, "drive.mp4", "drive.avi", "drive/1.png", "drive_1.png", "drive_2.png")
    assert sorted(names_of(find_clips(tmp_path))) == ["drive", "drive.avi", "drive.mp4", "drive.png"]


@settings(max_examples=20, deadline=None)
@given(numbers=st.lists(st.integers(0, 10**6), min_size=1, max_size=20, unique=True))
def test_frame_numbers_order_a_clip(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    folder = tmp_path_factory.mktemp("order")
    touch(folder, *(f"clip_{number}.png" for number in numbers))
    (clip,) = find_clips(folder)
    assert [file.name for file in clip.files] == [f"clip_{number}.png" for number in sorted(numbers)]


def test_clips_are_in_natural_order(tmp_path: Path) -> None:
    touch(tmp_path, "clip10.mp4", "clip9.mp4", "clip1.mp4")
    assert [clip.name for clip in find_clips(tmp_path)] == ["clip1", "clip9", "clip10"]


def test_links_are_followed(tmp_path: Path) -> None:
    touch(tmp_path, "away/1.png", "away.mp4", "data/other.mp4")
    (tmp_path / "data/linked").symlink_to(tmp_path / "away")
    (tmp_path / "data/video.mp4").symlink_to(tmp_path / "away.mp4")
    assert [clip.name for clip in find_clips(tmp_path / "data")] == ["linked", "other", "video"]


def test_a_clip_tells_its_frames(tmp_path: Path) -> None:
    write_video(tmp_path / "video.mkv", [numbered(n) for n in range(12)], rate=25)
    for number in range(12):
        write_image(tmp_path / f"frames/{number}.png", numbered(number))
    for clip in find_clips(tmp_path):
        assert clip.num_frames == 12
        assert clip.size == (48, 64)
        assert [number_of(image) for image in clip.images()] == list(range(12))


def test_an_unreadable_video_is_told(tmp_path: Path) -> None:
    touch(tmp_path, "drive.mp4")
    (clip,) = find_clips(tmp_path)
    for look in (lambda: clip.num_frames, lambda: clip.size, lambda: list(clip.images())):
        with pytest.raises(InputError, match=r"drive\.mp4: not a readable video"):
            look()


def test_a_broken_link_is_told(tmp_path: Path) -> None:
    (tmp_path / "drive.mp4").symlink_to(tmp_path / "gone.mp4")
    with pytest.raises(InputError, match=r"drive\.mp4: no such file \(a link to .*gone\.mp4\)"):
        find_clips(tmp_path)


def test_data_has_splits_and_domains(tmp_path: Path) -> None:
    touch(tmp_path, "train/A/x.mp4", "train/B/y.mp4", "train/B/z.mp4", "val/B/w.mp4")
    clips = index_data(tmp_path, "train")
    assert {domain: list(names_of(found)) for domain, found in clips.items()} == {"a": ["x"], "b": ["y", "z"]}
    assert list(index_data(tmp_path, "val", ["b"])) == ["b"]


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ((), r"train: no such folder; .* holds no folders, expected train, val"),
        (("train/a/x.mp4", "train/B/y.mp4"), "found .*train/a: name it A"),
        (("Train/A/x.mp4",), "found .*Train: name it train"),
        (("A/x.mp4", "B/y.mp4"), "itself holds A and B: move them into"),
        (("training/A/x.mp4",), r"did you mean 'training'\?"),
        (("train/A/x.mp4",), "train/B: no such folder"),
        (("train/A/x.mp4", "train/B/y.txt"), "train/B: holds neither videos nor frames"),
    ],
)
def test_what_is_missing_is_told_in_one_line(tmp_path: Path, held: tuple[str, ...], words: str) -> None:
    touch(tmp_path, *held)
    with pytest.raises(InputError, match=words) as caught:
        index_data(tmp_path, "train")
    assert "\n" not in str(caught.value)


def test_a_missing_root_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: no such folder; expected a data folder"):
        index_data(tmp_path / "nowhere", "train")
