"""Label maps beside the frames of A: which class a colour stands for, what does not fit, and one pixel one class."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recyclegan.arrays import Image
from recyclegan.data import DomainFrames, LoadSpec, index_data, load_data
from recyclegan.data.class_tables import class_table
from recyclegan.data.index import find_clips
from recyclegan.data.label_clips import LabelledClips, labelled_clips, misfits
from recyclegan.data.prepare import prepare_roadworld
from recyclegan.data.resize import Crop, Resize
from recyclegan.data.sampling import UnpairedClips
from recyclegan.domains import Colours
from recyclegan.errors import InputError
from recyclegan.labels import VIPER, VOID, colourize
from recyclegan.roadworld import Drive
from recyclegan.settings.frames import DataConfig
from recyclegan.video import read_image, write_image
from tests.small import label_map, make_data, make_frames

RESIZE = Resize("none")
CLASSES = np.uint8([(70, 130, 180), (128, 64, 128), (0, 0, 142)])
"""The colours of the maps in the order of VIPER's ids: sky, road, car."""


def same_as_frame(seed: int, height: int = 36, width: int = 54) -> Image:
    """Return a frame that is its own label map."""
    return label_map(seed, height, width)


def labelled_data(root: Path, maps: Callable[..., Image] = label_map, num_maps: int = 4, **size: int) -> Path:
    """Write a data folder whose frames of A have label maps."""
    make_data(root)
    make_frames(root / "train" / "A_labels" / "drive", num_maps, make=maps, **size)
    return root


def load(root: Path, config: DataConfig | None = None) -> tuple[DomainFrames, LabelledClips]:
    config = config or DataConfig(cache=root / "cache")
    spec = LoadSpec(RESIZE)
    frames = load_data(root, "train", {"a": spec}, config.cache)["a"]
    return frames, labelled_clips(root, frames, spec, config)


def test_roadworld_writes_the_classes_of_the_clips_that_are_trained_on(tmp_path: Path) -> None:
    prepare_roadworld(tmp_path / "world", 1, 2, (32, 64), ("day", "night"), seed=3, val_clips=1)
    (clip,) = index_data(tmp_path / "world", "train", ("a",))["a"]
    (maps,) = find_clips(tmp_path / "world" / "train" / "A_labels")
    assert (maps.name, maps.num_frames) == (clip.name, clip.num_frames)
    drive = Drive(300_000, 32, 64, num_frames=2)
    for number, image in enumerate(maps.images(as_labels=True)):
        assert (image == colourize(drive[number].classes, VIPER)).all()
    assert not list(misfits(tmp_path / "world"))


def test_roadworld_with_traffic_lights_tells_their_class(tmp_path: Path) -> None:
    prepare_roadworld(tmp_path / "world", 1, 1, (64, 128), ("day", "night"), val_clips=1, traffic_lights=True)
    maps = [next(clip.images(as_labels=True)) for clip in find_clips(tmp_path / "world" / "train" / "A_labels")]
    assert any((image == VIPER.colours[VIPER.names.index("traffic light")]).all(axis=2).any() for image in maps)


def test_roadworld_writes_no_second_label_maps_where_a_is_such(tmp_path: Path) -> None:
    prepare_roadworld(tmp_path / "world", 1, 1, (32, 64), ("label", "day"), val_clips=1)
    assert not (tmp_path / "world" / "train" / "A_labels").exists()


def test_each_pixel_carries_its_class_behind_its_colours(tmp_path: Path) -> None:
    frames, labelled = load(labelled_data(tmp_path))
    (clip,), (carrying,) = frames.clips, labelled.frames.clips
    assert carrying.shape == (*clip.shape[:3], 4)
    window = carrying[1:3]
    assert (window[..., :3] == clip[1:3]).all()
    assert (CLASSES[window[..., 3]] == np.stack([label_map(1), label_map(2)])).all()
    assert sum(labelled.counts) == 4 * 36 * 54


def test_classes_go_through_crops_and_mirroring_as_their_pixels_do(tmp_path: Path) -> None:
    make_frames(tmp_path / "train" / "A" / "drive", 4, make=same_as_frame)
    make_frames(tmp_path / "train" / "B" / "walk", 4)
    make_frames(tmp_path / "train" / "A_labels" / "drive", 4, make=same_as_frame)
    _, labelled = load(tmp_path)
    clips = UnpairedClips(labelled.frames, labelled.frames, 1, Crop("rectangle", 24, 32), flip=True, seed=1)
    for step in range(6):
        (window,) = clips.windows(step)["a"]
        assert (CLASSES[window[..., 3]] == window[..., :3]).all()


def test_maps_are_resized_by_nearest_neighbour_as_large_as_the_frames(tmp_path: Path) -> None:
    labelled_data(tmp_path)
    spec, config = LoadSpec(Resize("rectangle", 64, 96)), DataConfig(cache=tmp_path / "cache")
    frames = load_data(tmp_path, "train", {"a": spec}, config.cache)["a"]
    (carrying,) = labelled_clips(tmp_path, frames, spec, config).frames.clips
    assert carrying.shape == (4, 64, 96, 4)
    assert set(np.unique(carrying[0:4][..., 3])) == {0, 1, 2}


def ids(seed: int, height: int = 36, width: int = 54) -> Image:
    """Return a map of ids 1, 4 and 255."""
    return np.uint8([1, 4, 255])[np.argmax(label_map(seed, height, width)[..., None] == [0, 70, 128], -1)[..., :1]]


def test_a_file_of_classes_takes_ids_and_colours_and_void(tmp_path: Path) -> None:
    file = tmp_path / "classes.txt"
    file.write_text("# mine\n1 road 9,9,9\n4 small car 0,0,7\n7 void 3,2,1\n")
    assert class_table(((1, 1, 1), (4, 4, 4), (255, 255, 255)), file) == {
        (1, 1, 1): 0 if "road" < "small car" else 1,
        (4, 4, 4): 1,
        (255, 255, 255): VOID,
    }
    assert class_table(((0, 0, 7), (3, 2, 1), (9, 9, 9)), file) == {(9, 9, 9): 0, (0, 0, 7): 1, (3, 2, 1): VOID}


@pytest.mark.parametrize(
    ("text", "palette", "message"),
    [
        ("1 road 9,9,9\n2 car\n", ((9, 9, 9),), "line 2: found '2 car', expected ID NAME RED,GREEN,BLUE"),
        ("1 road 9,9,9\n300 car 1,2,3\n", ((9, 9, 9),), "line 2: found '300 car 1,2,3'"),
        ("1 road 9,9,9\n2 car 0,0,7\n", ((0, 0, 7), (0, 0, 8)), "no class of colour 0,0,8"),
        ("1 road 9,9,9\n2 car 0,0,7\n", ((9, 9, 9),), "show 1 classes in 1 colours, expected at least 2"),
    ],
)
def test_classes_that_do_not_fit_are_refused(tmp_path: Path, text: str, palette: Colours, message: str) -> None:
    file = tmp_path / "A_labels.txt"
    file.write_text(text)
    with pytest.raises(InputError, match=message):
        class_table(palette, file)


def test_without_a_file_known_sets_tell_void_and_other_colours_are_classes(tmp_path: Path) -> None:
    nothing = tmp_path / "none.txt"
    viper = class_table(((0, 0, 0), (0, 0, 142), (128, 64, 128)), nothing)
    assert viper == {(0, 0, 0): VOID, (0, 0, 142): 1, (128, 64, 128): 0}
    assert class_table(((1, 2, 3), (3, 2, 1)), nothing) == {(1, 2, 3): 0, (3, 2, 1): 1}
    assert class_table(((0, 0, 0), (5, 5, 5), (255, 255, 255)), nothing)[255, 255, 255] == VOID


def test_index_images_serve_as_maps(tmp_path: Path) -> None:
    _, labelled = load(labelled_data(tmp_path, ids))
    (carrying,) = labelled.frames.clips
    assert set(np.unique(carrying[0:1][..., 3])) == {0, 1, VOID}
    assert len(labelled.counts) == 2


def without(root: Path) -> None:
    (root / "train" / "A_labels" / "drive").rename(root / "train" / "A_labels" / "other")


def shorter(root: Path) -> None:
    (root / "train" / "A_labels" / "drive" / "frame_003.png").unlink()


def smaller(root: Path) -> None:
    for path in (root / "train" / "A_labels" / "drive").iterdir():
        write_image(path, read_image(path)[::2, ::2])


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        (without, ["A_labels: holds nothing for drive; ", "has label maps of other, no clip of A; "]),
        (shorter, ["drive: has 3 frames for 4 of its clip; "]),
        (smaller, ["drive: is 27x18 and its clip is 54x36; "]),
    ],
)
def test_what_does_not_fit_is_said_in_a_line_each(
    tmp_path: Path, change: Callable[[Path], None], messages: list[str]
) -> None:
    change(labelled_data(tmp_path))
    found = list(misfits(tmp_path))
    assert len(found) == len(messages)
    assert all(message in line for message, line in zip(messages, found, strict=True))
    with pytest.raises(InputError, match=messages[0].split("; ")[0]):
        load(tmp_path)


def test_photographs_are_no_label_maps(tmp_path: Path) -> None:
    make_data(tmp_path)
    make_frames(tmp_path / "train" / "A_labels" / "drive", 4)
    assert any("colours" in line for line in misfits(tmp_path))
    with pytest.raises(InputError, match="colours: not a label map"):
        load(tmp_path)


def test_no_label_maps_are_no_misfit_but_cannot_be_trained_on(tmp_path: Path) -> None:
    make_data(tmp_path)
    assert not list(misfits(tmp_path))
    with pytest.raises(InputError, match=r"A_labels: no such folder; .*leave out --labels-weight"):
        load(tmp_path)
