"""Scenes come back from the names that people give to frames, in the order of time."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recyclegan.data.scenes import in_order, scenes_of


def scenes(names: list[str], seed: int = 0) -> dict[str, list[str]]:
    """Return the names of the files of each scene, found in names that were shuffled."""
    shuffled = random.Random(seed).sample(names, len(names))
    return {scene.name: [file.name for file in scene.files] for scene in scenes_of(map(Path, shuffled))}


@pytest.mark.parametrize(
    ("names", "scene"),
    [
        ([f"frame_{n:04d}_v2.png" for n in range(12)], "frame_v2"),
        ([f"{n:06d}_cam_1.png" for n in range(12)], "cam_1"),
        ([f"shot_{n:04d}_1920x1080.png" for n in range(12)], "shot_1920x1080"),
        ([f"{1305031102 + n * 0.4:.6f}.png" for n in range(12)], "frames"),
        ([f"t{n * 0.25:g}.png" for n in range(50)], "t"),
        ([f"{n * 0.5}.png" for n in range(25)], "frames"),
        ([f"sec{n / 25:.2f}_left.png" for n in range(60)], "sec_left"),
        ([f"frame{n}.png" for n in (0, 1, 9, 10, 11, 100)], "frame"),
        ([f"IMG_20240105_{n:06d}.jpg" for n in (93000, 93001, 100000)], "IMG_20240105"),
        ([f"2024-01-05_12-{n // 60:02d}-{n % 60:02d}.png" for n in range(90)], "2024-01-05_12"),
        ([f"2024-01-05 12.{n // 60:02d}.{n % 60:02d}.png" for n in range(90)], "2024-01-05 12"),
        ([f"2024-01-{5 + n // 3:02d}_{8 * (n % 3):02d}-00-00.png" for n in range(9)], "2024-01_00-00"),
        ([f"2024-01-05_12-30-{n // 3:02d}_{n:04d}.png" for n in range(9)], "2024-01-05_12-30"),
        ([f"2024-01-05T12:30:{n // 2:02d}.{500 * (n % 2):03d}.png" for n in range(9)], "2024-01-05"),
        ([f"2024-01-05_12-30-{n // 2:02d}-{500 * (n % 2):03d}.png" for n in range(9)], "2024-01-05"),
        ([f"vlc-2024-01-05-12h30m{n // 2:02d}s{500 * (n % 2):03d}.png" for n in range(9)], "2024-01-05"),
        ([f"walk_{n // 60:02d}h{n % 60:02d}m00s.png" for n in range(0, 200, 20)], "walk_h_m_s"),
        ([f"00:{n // 60:02d}:{n % 60:02d}.png" for n in range(90)], "frames"),
        ([f"t{second}.png" for second in ("0", "0,25", "0,5", "1", "1,25")], "t"),
        ([f"img ({n}).png" for n in range(12)], "img"),
        ([f"frame_{n:06d}_{1305031102 + 37 * n}.png" for n in range(12)], "frame"),
        ([f"walk.{n:04d}.png" for n in range(12)], "walk"),
        ([f"take3.{n}.png" for n in range(1, 30)], "take3"),
        (["a.png", "b.png", "c.png"], "frames"),
        (["only_7.png"], "only"),
    ],
)
def test_one_scene_is_one_clip_in_the_order_of_time(names: list[str], scene: str) -> None:
    found = scenes(names)
    assert list(found.values()) == [names]
    if not scene.startswith("2024-"):
        assert list(found) == [scene]
    assert [file.name for file in in_order(map(Path, random.Random(1).sample(names, len(names))))] == names


WORDS = ("left", "right", "top", "back", "front", "near", "far", "low", "high")
SCHEMES: dict[str, Callable[[int, int], str]] = {
    "scene_frame": lambda scene, frame: f"{scene:03d}_{frame:05d}.jpg",
    "continued": lambda scene, frame: f"{scene:03d}_{1000 * scene + frame:05d}.jpg",
    "camera before": lambda scene, frame: f"cam{scene}_{frame:04d}.png",
    "camera behind": lambda scene, frame: f"{frame:06d}_cam_{scene}.png",
    "frame, camera": lambda scene, frame: f"frame_{frame}_{scene}.png",
    "version behind": lambda scene, frame: f"walk_{frame:04d}_v{scene}.png",
    "left and right": lambda scene, frame: f"{frame}_{WORDS[scene]}.png",
    "word": lambda scene, frame: f"{WORDS[scene % 3]}_{scene:06d}_{frame:06d}_leftImg8bit.png",
    "days": lambda scene, frame: f"2024-02-{scene + 1:02d}_{frame:04d}.png",
    "recordings": lambda scene, frame: f"2024-01-05_12-{scene:02d}-01_{frame:04d}.png",
    "with time stamps": lambda scene, frame: f"cam{scene}_{frame:04d}_{1305031102 + 37 * frame + scene}.png",
    "shots of films": lambda scene, frame: f"shot{scene}.{frame:04d}.png",
    "seconds": lambda scene, frame: f"cam{scene}_t{frame * 0.25:g}.png",
    "size behind": lambda scene, frame: f"shot{scene}_{frame:04d}_1920x1080.png",
    "not padded": lambda scene, frame: f"walk_{scene}_{frame}.png",
}


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
@settings(max_examples=10, deadline=None)
@given(
    starts=st.lists(st.integers(0, 30), min_size=2, max_size=9),
    num_frames=st.integers(2, 40),
    step=st.sampled_from([1, 2, 10]),
    seed=st.integers(0, 99),
)
def test_scenes_come_back(
    scheme: Callable[[int, int], str], starts: list[int], num_frames: int, step: int, seed: int
) -> None:
    wanted = [
        [scheme(scene, start + step * number) for number in range(num_frames)] for scene, start in enumerate(starts)
    ]
    found = scenes([name for names in wanted for name in names], seed)
    assert sorted(found.values()) == sorted(wanted)


def test_padded_numbers_at_the_end_number_frames() -> None:
    assert scenes(["001_00001.jpg", "002_00001.jpg"]) == {"001": ["001_00001.jpg"], "002": ["002_00001.jpg"]}
    single = [f"aachen_{scene:06d}_000019_leftImg8bit.png" for scene in range(5)]
    assert len(scenes(single)) == 5


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("ab01_-. \u0663", min_size=1, max_size=9), max_size=20, unique=True))
def test_every_file_is_in_one_scene_whatever_it_is_called(stems: list[str]) -> None:
    files = [Path(f"{stem}.png") for stem in stems]
    found = [file for scene in scenes_of(files) for file in scene.files]
    assert sorted(found) == sorted(files)
    assert sorted(in_order(files)) == sorted(files)
    assert in_order(files) == in_order(reversed(files))


@pytest.mark.timeout(120)
def test_twenty_thousand_names_are_told_apart_in_time() -> None:
    files = [Path(f"cam{number % 3}_{number:06d}_{number * 0.04:.2f}.png") for number in range(20_000)]
    assert [len(scene.files) for scene in scenes_of(files)] == [6667, 6667, 6666]
