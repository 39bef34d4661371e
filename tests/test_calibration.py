"""Calibration against footage whose motion is known."""

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from recyclegan.calibration import (
    Calibration,
    View,
    calibrate,
    examples,
    footage_of,
    read_calibration,
    write_calibration,
)
from recyclegan.calibration.fit import decompose, fit_flow, reach, simulate
from recyclegan.calibration.pairs import draw_pairs
from recyclegan.data import WHOLE_FRAME, Clip, Crop, Resize
from recyclegan.errors import InputError
from recyclegan.flow import box_blur, projective_flow, sample_motion, turn_homography, warp, zoom_homography
from recyclegan.roadworld import Drive
from recyclegan.settings.motion import FlowSynthesis
from recyclegan.tensors import Frames, to_images
from recyclegan.video import write_image, write_video

SIDE = 96
HEIGHT = 40
PAN = 3 * 256 / HEIGHT
"""Pixels at a shorter side of 256 that a pan by 3 pixels moves."""
AS_IT_IS = View(Resize("none"), WHOLE_FRAME)
STILL = FlowSynthesis(motion=0.0, shift=0)


def texture(seed: int, height: int = SIDE, width: int = SIDE) -> Frames:
    """Return a picture with detail at several scales, in [-1, 1]."""
    noise = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))
    layers = [box_blur(noise[:, :2], window)[:, :1] * window for window in (3, 7, 15)]
    picture = torch.stack(layers).sum(0).expand(1, 3, height, width)
    return (picture - picture.amin()) / (picture.amax() - picture.amin()) * 2 - 1


def moved_pairs(folder: Path, flow: FlowSynthesis, count: int = 24) -> Path:
    """Write clips of two frames: a texture, and the texture moved by a synthetic flow."""
    for number in range(count):
        frame = texture(number)
        later = sample_motion(flow, frame, torch.Generator().manual_seed(number))(frame)
        for index, image in enumerate(to_images(torch.cat([frame, later]))):
            write_image(folder / f"{number:03d}" / f"{index}.png", image)
    return folder


def pan(folder: Path, dx: int, count: int = 6, height: int = HEIGHT, width: int = 64) -> Path:
    """Write a clip of a window that moves over a texture by ``dx`` pixels a frame."""
    (wide,) = to_images(texture(0, height, width + abs(dx) * count))
    for number in range(count):
        write_image(folder / f"{number:03d}.png", wide[:, dx * number : dx * number + width])
    return folder


def similarity(shift: tuple[float, float], zoom: float, turn: float, height: int = 48, width: int = 64) -> Tensor:
    """Return the flow of a zoom (% of the distance) and a turn (degrees) about the centre, then a shift."""
    centre = torch.tensor([[(width - 1) / 2, (height - 1) / 2]])
    angle = torch.tensor([turn]).deg2rad()
    maps = turn_homography(angle, torch.zeros(1, 2), height, width) @ zoom_homography(torch.tensor([zoom]), centre)
    return projective_flow(maps, height, width) + torch.tensor(shift).view(1, 2, 1, 1)


def everywhere(flow: Tensor) -> Tensor:
    return torch.ones_like(flow[:, :1], dtype=torch.bool)


@pytest.mark.parametrize("zoom", [-7.0, 0.0, 5.0])
@pytest.mark.parametrize("turn", [-4.0, 0.0, 3.0])
def test_a_similarity_is_taken_apart_exactly(zoom: float, turn: float) -> None:
    flow = similarity((1.5, -2.0), zoom, turn)
    parts = decompose(flow, everywhere(flow))
    found = [float(part) for part in (parts.across, parts.down, parts.zoom, parts.rotation, parts.rest)]
    scale = 256 / 48
    assert found == pytest.approx([1.5 * scale, -2.0 * scale, zoom, turn, 0.0], abs=1e-3)


def test_pixels_that_are_not_trusted_do_not_count() -> None:
    flow = similarity((2.0, 1.0), 4.0, 2.0)
    trusted = torch.rand(1, 1, 48, 64, generator=torch.Generator().manual_seed(0)) < 0.4
    spoilt = torch.where(trusted, flow, torch.full_like(flow, 99.0))
    for name, part in vars(decompose(spoilt, trusted)).items():
        if name not in ("length", "correlation"):
            torch.testing.assert_close(part, getattr(decompose(flow, everywhere(flow)), name), atol=1e-3, rtol=1e-3)


def test_the_rest_is_what_no_similarity_explains() -> None:
    flow = torch.randn(1, 2, 64, 64, generator=torch.Generator().manual_seed(0)) * 3
    parts = decompose(flow + similarity((9.0, 0.0), 3.0, 1.0, 64, 64), everywhere(flow))
    assert float(parts.rest) == pytest.approx(3 * 4, rel=0.05)
    assert float(parts.zoom) == pytest.approx(3, abs=0.7)


def test_a_smoother_field_is_correlated_further() -> None:
    widths = [
        float(simulate(FlowSynthesis(1.0, 0, smoothness), (64, 96), 32, 0).correlation.median())
        for smoothness in (12, 24, 48, 96)
    ]
    assert widths == sorted(widths)
    assert widths[-1] > 4 * widths[0]


def clips_of(*lengths: int) -> list[Clip]:
    return [
        Clip(str(number), "frames", tuple(Path(f"{n}.png") for n in range(length)))
        for number, length in enumerate(lengths)
    ]


def test_pairs_are_spread_evenly_over_all_clips_that_have_some() -> None:
    clips = clips_of(11, 1, 31, 2, 61)
    pairs = draw_pairs(clips, 50, np.random.default_rng(0))
    counts = Counter(pair.clip.name for pair in pairs)
    assert sum(counts.values()) == 50
    assert [counts[clip.name] for clip in clips] == pytest.approx([5, 0, 15, 0.5, 30], abs=1)
    assert all(0 <= pair.index < pair.clip.num_frames - 1 for pair in pairs)


def test_few_neighbours_are_each_taken_once() -> None:
    pairs = draw_pairs(clips_of(3, 1, 4), 50, np.random.default_rng(0))
    assert [(pair.clip.name, pair.index) for pair in pairs] == [("0", 0), ("0", 1), ("2", 0), ("2", 1), ("2", 2)]
    assert draw_pairs(clips_of(1, 1), 50, np.random.default_rng(0)) == []


KNOWN = {
    "shift": replace(STILL, shift=12),
    "zoom": replace(STILL, zoom=8.0),
    "rotation": replace(STILL, rotation=4.0),
    "motion": FlowSynthesis(motion=8.0, shift=0, smoothness=64),
}


@pytest.mark.parametrize("part", KNOWN)
def test_a_known_setting_is_recovered(tmp_path: Path, part: str) -> None:
    """To 20 %: of 24 pairs the largest motion is hardly ever the largest possible, and DIS smooths a little."""
    true = KNOWN[part]
    flow = calibrate(footage_of(moved_pairs(tmp_path, true)), AS_IT_IS).flow
    assert getattr(flow, part) == pytest.approx(getattr(true, part), rel=0.2)
    others = {"shift": 3, "zoom": 1.0, "rotation": 0.8, "motion": 0.6}
    for other, most in others.items():
        assert other == part or getattr(flow, other) <= most, other
    assert part != "motion" or flow.smoothness == pytest.approx(true.smoothness, rel=0.2)


def test_a_measured_setting_is_fitted_again() -> None:
    """Without an estimator in between, the fit finds a setting of which all parts move."""
    true = FlowSynthesis(motion=5.0, shift=10, smoothness=48, zoom=6.0, rotation=3.0)
    flow = fit_flow(simulate(true, (64, 96), 512, seed=1), (64, 96))
    for name in ("motion", "shift", "smoothness", "zoom", "rotation"):
        assert getattr(flow, name) == pytest.approx(getattr(true, name), rel=0.15), name


def test_a_pure_pan_is_a_shift_alone(tmp_path: Path) -> None:
    flow = calibrate(footage_of(pan(tmp_path / "clips" / "pan", 3)), AS_IT_IS).flow
    assert flow.shift == pytest.approx(PAN, abs=1)
    assert flow.motion < 0.3
    assert flow.zoom < 0.3
    assert flow.rotation < 0.2


def test_headroom_multiplies_the_motion_and_leaves_its_smoothness() -> None:
    found = simulate(FlowSynthesis(motion=4.0, shift=5, smoothness=48, zoom=4.0), (64, 64), 256, seed=1)
    once, twice = (fit_flow(found, (64, 64), headroom) for headroom in (1.0, 2.0))
    assert twice.smoothness == once.smoothness
    assert twice.motion == pytest.approx(2 * once.motion, rel=0.01)
    reached = [simulate(flow, (64, 64), 256, seed=2) for flow in (once, twice)]
    for name in ("length", "shift", "zoom"):
        one, two = (reach(getattr(parts, name)) for parts in reached)
        assert two == pytest.approx(2 * one, rel=0.1), name


def test_training_sees_the_motion_of_its_crop_at_its_scale(tmp_path: Path) -> None:
    """Frames of twice the size move twice as far; relative to the shorter side that is the same."""
    footage = footage_of(pan(tmp_path / "clips" / "pan", 3))
    doubled = View(Resize("scale_shortest", 80, 80), Crop("rectangle", 80, 80))
    smaller_crop = View(Resize("none"), Crop("rectangle", 32, 48))
    assert calibrate(footage, doubled).flow.shift == pytest.approx(PAN, abs=1)
    assert calibrate(footage, smaller_crop).flow.shift == pytest.approx(3 * 256 / 32, abs=2)


def test_the_same_seed_gives_the_same_and_another_seed_other_pairs(tmp_path: Path) -> None:
    for number, dx in enumerate((1, 2, 3, 4)):
        pan(tmp_path / "clips" / str(number), dx, count=8)
    footage = footage_of(tmp_path / "clips")
    one, again, other = (calibrate(footage, AS_IT_IS, num_pairs=3, seed=seed) for seed in (3, 3, 4))
    assert one == again
    assert one.found != other.found


def test_synthetic_motion_is_about_as_large_as_the_exact_one(tmp_path: Path) -> None:
    """On drives through the embedded world DIS finds somewhat less than the exact motion."""
    drive = Drive(seed=5, height=64, width=128, num_frames=12)
    for number in range(len(drive)):
        write_image(tmp_path / "drive" / f"{number:02d}.png", drive.image(number, "day"))
    flows = [np.asarray(frame.flow_backward) for frame in drive][1:]
    exact = np.median([np.linalg.norm(flow, axis=-1).mean() for flow in flows]) * 256 / 64
    calibration = calibrate(footage_of(tmp_path / "drive"), AS_IT_IS)
    assert calibration.synthetic["length"][2] == pytest.approx(exact, rel=0.5)


def data_folder(root: Path) -> Path:
    """Write a data folder whose B never moves."""
    pan(root / "train" / "A" / "pan", 3)
    pan(root / "train" / "B" / "frozen", 0)
    return root


def test_a_domain_without_motion_is_left_out_and_named(tmp_path: Path) -> None:
    calibration = calibrate(footage_of(data_folder(tmp_path)), AS_IT_IS)
    assert (calibration.found["A"].still, calibration.found["B"].still) == (0, 5)
    assert calibration.found["B"].quantiles == {}
    assert calibration.notes == (
        "B: left out, because nothing moves (of 5 pairs of frames 5 without motion and 0 at cuts)",
    )
    assert calibration.flow.shift == pytest.approx(PAN, abs=1)


def test_footage_that_never_moves_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"frozen: left out, because nothing moves .* expected clips that move"):
        calibrate(footage_of(pan(tmp_path / "frozen", 0)), AS_IT_IS)


def test_single_frames_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        pan(tmp_path / "stills" / name, 0, count=1)
    with pytest.raises(InputError, match="stills: left out, because no clip has two frames"):
        calibrate(footage_of(tmp_path / "stills"), AS_IT_IS)


def test_cuts_are_counted_and_left_out(tmp_path: Path) -> None:
    pan(tmp_path / "clips" / "pan", 3, count=4, height=SIDE, width=SIDE)
    for number in range(4, 7):
        write_image(tmp_path / "clips" / "pan" / f"{number:03d}.png", to_images(texture(50 + number))[0])
    footage = footage_of(tmp_path / "clips")
    calibration = calibrate(footage, AS_IT_IS)
    assert calibration.found["clips"].cuts == 3
    assert calibration.notes == ("clips: of 6 pairs of frames 0 without motion and 3 at cuts were left out",)
    assert calibration.flow.shift == pytest.approx(3 * 256 / SIDE, abs=1)
    assert len(examples(footage, AS_IT_IS, 100, 0)) == 3


def test_motion_below_a_pixel_still_gives_synthetic_motion(tmp_path: Path) -> None:
    frame = texture(0, 256, 256)
    third = torch.tensor([0.3, 0.0]).view(1, 2, 1, 1).expand(1, 2, 256, 256)
    for number, image in enumerate(to_images(torch.cat([frame, warp(frame, third)]))):
        write_image(tmp_path / "slow" / f"{number}.png", image)
    calibration = calibrate(footage_of(tmp_path / "slow"), AS_IT_IS)
    assert calibration.flow.shift == 1
    assert "less than the smallest shift" in calibration.notes[-1]


def test_a_video_is_footage_too(tmp_path: Path) -> None:
    (wide,) = to_images(texture(0, HEIGHT, 80))
    images = [wide[:, 3 * number : 3 * number + 64] for number in range(5)]
    write_video(tmp_path / "pan.mkv", images, rate=10, codec="ffv1")
    footage = footage_of(tmp_path / "pan.mkv")
    assert list(footage) == ["pan.mkv"]
    assert calibrate(footage, AS_IT_IS).flow.shift == pytest.approx(PAN, abs=1)


def test_triplets_have_their_pairs_inside(tmp_path: Path) -> None:
    (wide,) = to_images(texture(0, HEIGHT, 80))
    write_image(tmp_path / "triplets" / "0.png", np.concatenate([wide[:, n : n + 64] for n in (0, 3, 6)], axis=1))
    calibration = calibrate(footage_of(tmp_path / "triplets", triplets=True), AS_IT_IS)
    assert calibration.found["triplets"].pairs == 2
    assert calibration.flow.shift == pytest.approx(PAN, abs=1)


def test_frames_that_do_not_fit_are_named(tmp_path: Path) -> None:
    pan(tmp_path / "clips" / "small", 3)
    footage = footage_of(tmp_path / "clips")
    with pytest.raises(InputError, match="small: frames are 64x40 after resizing, smaller than the crop of 96x96"):
        calibrate(footage, View(Resize("none"), Crop("rectangle", 96, 96)))
    write_image(tmp_path / "clips" / "small" / "001.png", np.zeros((50, 96, 3), np.uint8))
    with pytest.raises(InputError, match="small: neighbouring frames are"):
        calibrate(footage, AS_IT_IS)


@pytest.mark.parametrize("wrong", [{"num_pairs": 0}, {"headroom": 0.0}])
def test_nothing_to_look_at_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InputError, match="expected both above 0"):
        calibrate({}, AS_IT_IS, **wrong)


def test_missing_opencv_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match=r"recyclegan\[metrics\]"):
        calibrate(footage_of(pan(tmp_path / "pan", 3)), AS_IT_IS)


def test_a_file_keeps_all_of_a_calibration_and_is_no_footage(tmp_path: Path) -> None:
    footage = footage_of(data_folder(tmp_path / "data"))
    calibration = calibrate(footage, AS_IT_IS)
    write_calibration(calibration, tmp_path / "data" / "flow.json")
    assert read_calibration(tmp_path / "data" / "flow.json") == calibration
    write_calibration(calibration, tmp_path / "data" / "train" / "A" / "flow.json")
    assert footage_of(tmp_path / "data") == footage


def test_the_flow_alone_is_a_file_and_what_it_leaves_out_is_the_default(tmp_path: Path) -> None:
    (tmp_path / "flow.json").write_text('{"flow": {"shift": 3}}')
    assert read_calibration(tmp_path / "flow.json") == Calibration(replace(FlowSynthesis(), shift=3))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"flow": {"motoin": 3.0}}', r"flow: unknown field 'motoin' \(did you mean 'motion'\?\)"),
        ('{"flow": {"shift": 1.5}}', r"flow\.shift: found 1\.5, expected int"),
        ('{"flow": {"zoom": -1.0}}', "flow zoom: found -1.0, expected at least 0 and below 100"),
        ('{"flow": {}, "headrom": 2}', r"unknown field 'headrom' \(did you mean 'headroom'\?\)"),
        (json.dumps({"motion": 3.0}), "holds no 'flow'"),
        ("[1]", "expected a table of fields"),
        ("motion: 3", "is no JSON"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "flow.json").write_text(text)
    with pytest.raises(InputError, match=message) as refused:
        read_calibration(tmp_path / "flow.json")
    assert "\n" not in str(refused.value)


def test_a_missing_file_names_the_command_that_writes_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read .* recyclegan calibrate"):
        read_calibration(tmp_path / "flow.json")


ODD_FILES = {
    "empty": b"",
    "a list": b"[]",
    "null": b"null",
    "nested": b"[" * 100_000,
    "digits": b'{"flow": ' + b"9" * 5000 + b"}",
    "no UTF-8": b'{"flow": {"caf\xe9": 1}}',
    "flow null": b'{"flow": null}',
    "flow a list": b'{"flow": []}',
    "NaN": b'{"flow": {"motion": NaN}}',
    "infinite": b'{"flow": {"zoom": Infinity}}',
    "below 0": b'{"flow": {"motion": -1}}',
    "huge": b'{"flow": {"shift": 1' + b"0" * 30 + b"}}",
    "beyond floating point": b'{"flow": {"motion": 1' + b"0" * 400 + b"}}",
    "words": b'{"flow": {"motion": "x"}}',
    "true": b'{"flow": {"shift": true}}',
    "found a number": b'{"flow": {}, "found": {"A": 7}}',
    "size of one": b'{"flow": {}, "size": [1]}',
    "notes a number": b'{"flow": {}, "notes": 7}',
}


@pytest.mark.parametrize("content", ODD_FILES.values(), ids=ODD_FILES)
def test_an_odd_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "flow.json").write_bytes(content)
    with pytest.raises(InputError) as messages:
        read_calibration(tmp_path / "flow.json")
    assert "\n" not in str(messages.value)


def test_a_folder_or_nothing_in_place_of_the_file_is_one_line(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(InputError, match=str(place)):
            read_calibration(place)
