"""Label maps are read exactly, or refused by value and file."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from recyclegan.data import find_clips
from recyclegan.data.label_maps import classes_of, read_class_map, shows_label_map
from recyclegan.errors import InputError
from recyclegan.evaluation.truth import LabelTruth
from recyclegan.labels import CITYSCAPES, LABEL_SETS, VIPER, VOID, LabelSet, colourize, exact_class, exact_ids
from recyclegan.video import write_video

ALL_OF_CITYSCAPES = """
0 unlabeled 0,0,0 255|1 ego_vehicle 0,0,0 255|2 border 0,0,0 255|3 out_of_roi 0,0,0 255|4 static 0,0,0 255
5 dynamic 111,74,0 255|6 ground 81,0,81 255|7 road 128,64,128 0|8 sidewalk 244,35,232 1|9 parking 250,170,160 255
10 rail_track 230,150,140 255|11 building 70,70,70 2|12 wall 102,102,156 3|13 fence 190,153,153 4
14 guard_rail 180,165,180 255|15 bridge 150,100,100 255|16 tunnel 150,120,90 255|17 pole 153,153,153 5
18 polegroup 153,153,153 255|19 traffic_light 250,170,30 6|20 traffic_sign 220,220,0 7|21 vegetation 107,142,35 8
22 terrain 152,251,152 9|23 sky 70,130,180 10|24 person 220,20,60 11|25 rider 255,0,0 12|26 car 0,0,142 13
27 truck 0,0,70 14|28 bus 0,60,100 15|29 caravan 0,0,90 255|30 trailer 0,0,110 255|31 train 0,80,100 16
32 motorcycle 0,0,230 17|33 bicycle 119,11,32 18
"""
"""Label id, name, colour and training id of the published table of Cityscapes."""
ROWS = [row.split() for line in ALL_OF_CITYSCAPES.strip().splitlines() for row in line.split("|")]
SHARED = {"polegroup": "pole"}
"""Void whose colour is that of a class."""


def save(path: Path, levels: np.ndarray, palette: np.ndarray | None = None) -> Path:
    picture = Pillow.fromarray(levels, "P" if palette is not None else None)
    if palette is not None:
        picture.putpalette(palette.astype(np.uint8).tobytes())
    picture.save(path)
    return path


def with_colour(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    image = image.copy()
    image[0, 0] = colour
    return image


@pytest.mark.parametrize("row", ROWS, ids=[row[1] for row in ROWS])
def test_every_colour_of_cityscapes_is_its_class_or_void(tmp_path: Path, row: list[str]) -> None:
    colour = tuple(int(level) for level in row[2].split(","))
    image = with_colour(colourize(np.full((4, 6), 10, np.uint8), CITYSCAPES), colour)
    found = read_class_map(save(tmp_path / "gtFine_color.png", image), CITYSCAPES)
    assert found[0, 0] == (CITYSCAPES.names.index("pole") if row[1] in SHARED else int(row[3]))
    assert (found.ravel()[1:] == 10).all()


def test_the_label_ids_of_cityscapes_become_training_ids(tmp_path: Path) -> None:
    ids = np.array([[int(row[0]) for row in ROWS]], np.uint8)
    training = [[int(row[3]) for row in ROWS]]
    for kind in ("labelIds", "labelids"):
        found = read_class_map(save(tmp_path / f"aachen_000000_000019_gtFine_{kind}.png", ids), CITYSCAPES)
        assert found.tolist() == training
    given = np.array(training, np.uint8)
    assert read_class_map(save(tmp_path / "a_gtFine_labelTrainIds.png", given), CITYSCAPES).tolist() == training
    assert read_class_map(save(tmp_path / "training.png", given), CITYSCAPES).tolist() == training


@pytest.mark.parametrize(
    ("name", "levels", "words"),
    [
        ("maps.png", np.array([[7, 23]], np.uint8), "class id 23: no training id of cityscapes, whose labelIds"),
        ("a_gtFine_instanceIds.png", np.array([[7, 26001]], np.uint16), "holds numbers of instances"),
        ("instances.png", np.array([[7, 26001]], np.uint16), "class id 26001: not among the classes of cityscapes"),
        ("a_labelIds.png", np.array([[7, 34]], np.uint8), "class id 34: not among"),
        ("ids.png", np.array([[0, 266]], np.uint16), "class id 266: not among"),
        ("ids.tif", np.array([[0, -1]], np.int32), "class id -1: not among"),
        ("ids.tif", np.array([[0, 1 << 16]], np.int32), "class id 65536: not among"),
    ],
)
def test_ids_that_are_no_class_are_refused(tmp_path: Path, name: str, levels: np.ndarray, words: str) -> None:
    path = save(tmp_path / name, levels)
    with pytest.raises(InputError, match=words) as caught:
        read_class_map(path, CITYSCAPES)
    assert str(caught.value).startswith(f"{path}: ")


@settings(max_examples=30, deadline=None)
@given(level=st.integers(0, 65535), name=st.sampled_from(sorted(LABEL_SETS)))
def test_an_id_is_itself_or_refused(tmp_path_factory: pytest.TempPathFactory, level: int, name: str) -> None:
    labels = LABEL_SETS[name]
    path = save(tmp_path_factory.mktemp("ids") / "map.png", np.array([[labels.ids[0], level]], np.uint16))
    if level in labels.known_ids:
        assert read_class_map(path, labels).tolist() == [[labels.ids[0], level]]
        return
    with pytest.raises(InputError, match=f"class id {level}: "):
        read_class_map(path, labels)


@settings(max_examples=60, deadline=None)
@given(colour=st.tuples(*[st.integers(0, 255)] * 3), name=st.sampled_from(sorted(LABEL_SETS)))
def test_a_colour_is_a_class_void_or_refused(colour: tuple[int, int, int], name: str) -> None:
    labels = LABEL_SETS[name]
    known = {tuple(row): labels.ids[number] for number, row in reversed(list(enumerate(labels.colours.tolist())))}
    known |= dict.fromkeys(labels.void, VOID)
    image = np.array([[labels.colours[0], colour]], np.uint8)
    if colour in known:
        assert exact_class(image, labels)[0, 1] == known[colour]
        return
    with pytest.raises(InputError) as caught:
        classes_of(image, labels, "map.png")
    assert f"map.png: colour {colour}: neither a class of {name} nor void" in str(caught.value)


@pytest.mark.parametrize("labels", LABEL_SETS.values(), ids=LABEL_SETS)
def test_what_is_painted_comes_back_in_every_form(tmp_path: Path, labels: LabelSet) -> None:
    ids = np.random.default_rng(0).choice(labels.ids, (12, 16)).astype(np.uint8)
    if labels is VIPER:
        ids[ids == 29] = 25  # train has the colour of van
    image = colourize(ids, labels)
    order = np.random.default_rng(1).permutation(len(labels.ids)).astype(np.uint8)
    back = np.zeros(256, np.uint8)
    back[np.array(labels.ids)[order]] = np.arange(len(order))
    opaque = np.dstack([image, np.full(ids.shape, 255, np.uint8)])
    forms = {
        "colours": save(tmp_path / "colours.png", image),
        "opaque": save(tmp_path / "opaque.png", opaque),
        "bitmap": save(tmp_path / "colours.bmp", image),
        "ids": save(tmp_path / "ids.png", ids),
        "deep": save(tmp_path / "deep.png", ids.astype(np.uint16)),
        "palette": save(tmp_path / "palette.png", back[ids], labels.colours[order]),
        "palette of greys": save(tmp_path / "greys.png", ids, np.arange(256)[:, None].repeat(3, 1)),
    }
    for form, path in forms.items():
        np.testing.assert_array_equal(read_class_map(path, labels), ids, form)


def test_a_palette_of_classes_and_others_is_refused(tmp_path: Path) -> None:
    palette = np.array([(128, 64, 128), (70, 130, 180), (1, 2, 3)])
    path = save(tmp_path / "mixed.png", np.array([[0, 1, 2]], np.uint8), palette)
    with pytest.raises(InputError, match=r"mixed\.png: its palette has colour \(1, 2, 3\), neither a class"):
        read_class_map(path, CITYSCAPES)


def test_a_lossy_truth_is_refused(tmp_path: Path) -> None:
    image = colourize(np.random.default_rng(0).integers(0, 19, (16, 16)).astype(np.uint8), CITYSCAPES)
    Pillow.fromarray(image).save(tmp_path / "map.jpg", quality=70)
    with pytest.raises(InputError, match=r"map\.jpg: colour .*save label maps without loss"):
        read_class_map(tmp_path / "map.jpg", CITYSCAPES)


@pytest.mark.parametrize(("name", "codec"), [("exact.mkv", "ffv1"), ("lossy.mp4", None)])
def test_videos_of_label_maps_must_be_exact_too(tmp_path: Path, name: str, codec: str | None) -> None:
    ids = np.random.default_rng(0).integers(0, 19, (16, 16)).astype(np.uint8)
    write_video(tmp_path / name, [colourize(ids, CITYSCAPES)] * 3, rate=10, codec=codec)
    (clip,) = find_clips(tmp_path)
    truth = LabelTruth(clip, CITYSCAPES)
    if codec:
        assert all((frame.classes == ids).all() for frame in truth.frames((16, 16)))
    else:
        with pytest.raises(InputError, match=r"lossy\.mp4: colour .*: neither a class of cityscapes nor void"):
            list(truth.frames((16, 16)))


def test_ids_of_any_whole_type_are_checked() -> None:
    for kind in (np.int8, np.uint16, np.int64):
        assert exact_ids(np.array([[3, 7]], kind), VIPER).dtype == np.uint8
    with pytest.raises(InputError, match="class id -3"):
        exact_ids(np.array([[-3]], np.int8), VIPER)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_ids_of_few_bits_are_not_spread(tmp_path: Path, bits: int) -> None:
    ids = np.random.default_rng(bits).integers(0, 1 << bits, (8, 16), dtype=np.uint8)
    packed = np.packbits(np.unpackbits(ids[..., None], axis=2, count=8)[..., 8 - bits :].reshape(8, -1), axis=1)
    rows = b"".join(b"\0" + row.tobytes() for row in packed)
    header = struct.pack(">IIBBBBB", 16, 8, bits, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    data = b"".join(struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    (tmp_path / "ids.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    np.testing.assert_array_equal(read_class_map(tmp_path / "ids.png", VIPER), ids)


def test_ids_that_do_not_come_back_are_refused(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).integers(0, 19, (8, 16), dtype=np.uint8)
    Pillow.fromarray(ids).save(tmp_path / "lossy.jpg")
    (tmp_path / "scaled.pgm").write_bytes(b"P5 16 8 100\n" + ids.tobytes())
    (tmp_path / "text.pgm").write_text("P2 16 8 100\n" + " ".join(map(str, ids.ravel())))
    data = io.BytesIO()
    Pillow.fromarray(ids).save(data, "TIFF")
    upright, inverted = (struct.pack("<HHII", 262, 3, 1, kind) for kind in (1, 0))
    (tmp_path / "inverted.tif").write_bytes(data.getvalue().replace(upright, inverted))
    for path in tmp_path.iterdir():
        with pytest.raises(InputError, match=r": its levels are .*, so that class ids do not come back; save them as"):
            read_class_map(path, CITYSCAPES)
    (tmp_path / "plain.pgm").write_bytes(b"P5 16 8 255\n" + ids.tobytes())
    np.testing.assert_array_equal(read_class_map(tmp_path / "plain.pgm", CITYSCAPES), ids)


@pytest.mark.parametrize("labels", LABEL_SETS.values(), ids=lambda labels: labels.name)
@given(st.integers(0, 2**32 - 1), st.integers(3, 12))
@settings(deadline=None, max_examples=30)
def test_maps_in_a_label_set_s_colours_are_told_from_pictures(labels: LabelSet, seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    colours = np.unique(labels.painted, axis=0)
    drawn = rng.permutation(len(colours))[:count]
    image = colours[np.concatenate([drawn, rng.choice(drawn, 64 - len(drawn))])].reshape(8, 8, 3)
    assert shows_label_map(image)
    changed = image.copy()
    changed[3, 5] = (1, 2, 3)
    assert not shows_label_map(changed)
    assert not shows_label_map(np.broadcast_to(image[:1, :1], image.shape))
