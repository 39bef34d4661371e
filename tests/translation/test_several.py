"""Several inputs, patterns, stretches of videos and smaller pictures: alone, together, and refused before any work."""

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from recyclegan import cli
from recyclegan.checkpoint import save_translator
from recyclegan.errors import InputError
from recyclegan.networks import make_generator
from recyclegan.translation import Output, Translator, find_inputs
from recyclegan.video import probe, read_image, read_video, write_image
from tests.media import make_video, number_of, numbered, sound_packets
from tests.small import PALETTE, files_below, make_frames, picture, small_card


class Counting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.num_frames = 0

    def forward(self, frames: Tensor) -> Tensor:
        self.num_frames += len(frames)
        return frames


def translator(**card: Any) -> Translator:
    return Translator(Counting(), small_card(**card), "cpu", scale="native")


def film(path: Path, frames: int = 3, sound: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return make_video(path, [numbered(n) for n in range(frames)], sound=sound)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Return a folder of two videos, an image, a text, a hidden video, and a folder with a video and two frames."""
    folder = tmp_path / "media"
    for name in ("two.mp4", "ten.mp4", ".hidden.mp4", "deep/one.mkv"):
        film(folder / name)
    write_image(folder / "still.png", picture(0))
    make_frames(folder / "deep" / "frames", 2)
    (folder / "notes.txt").write_text("text")
    return folder


def refused(tmp_path: Path, source: Any, output: Output | None = None, target: str = "out") -> str:
    """Return why inputs were refused, after seeing that nothing was translated or written."""
    ours, before = translator(), sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError) as caught:
        ours.translate_path(source, tmp_path / target, output)
    assert ours.generator.num_frames == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Several inputs.


def test_several_inputs_keep_their_names_in_a_folder(media: Path, tmp_path: Path) -> None:
    several = [str(media / "two.mp4"), media / "still.png", media / "deep"]
    assert translator().translate_path(several, tmp_path / "out") == []
    inside = {"deep/one.mkv", "deep/frames/frame_000.png", "deep/frames/frame_001.png"}
    assert files_below(tmp_path / "out") == {"two.mp4", "still.png"} | inside


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.mp4", ["ten.mp4", "two.mp4"]),
        ("t?o.mp4", ["two.mp4"]),
        ("**/*.mkv", ["deep/one.mkv"]),
        ("**/*.m[pk][4v]", ["deep/one.mkv", "ten.mp4", "two.mp4"]),
        ("*", ["deep", "still.png", "ten.mp4", "two.mp4"]),
        ("*/", ["deep"]),
    ],
)
def test_a_pattern_finds_videos_images_and_folders(media: Path, pattern: str, found: list[str]) -> None:
    assert find_inputs([f"{media}/{pattern}"]) == [media / name for name in found]


def test_a_pattern_of_everything_takes_the_folder_as_a_whole(media: Path) -> None:
    assert find_inputs([f"{media}/**"]) == [media]


def test_what_is_named_twice_is_taken_once(media: Path) -> None:
    assert find_inputs([media / "two.mp4", f"{media}/*.mp4", str(media / "deep" / ".." / "two.mp4")]) == [
        media / "two.mp4",
        media / "ten.mp4",
    ]


def test_a_name_with_brackets_is_a_name_where_it_stands_for_a_file(tmp_path: Path) -> None:
    for name in ("clip[1].mp4", "clip1.mp4"):
        film(tmp_path / name)
    assert find_inputs([tmp_path / "clip[1].mp4"]) == [tmp_path / "clip[1].mp4"]
    assert translator().translate_path(tmp_path / "clip[1].mp4", tmp_path / "out.mp4") == []


def test_a_pattern_means_a_folder_however_many_it_finds(media: Path, tmp_path: Path) -> None:
    translator().translate_path(f"{media}/tw*.mp4", tmp_path / "out")
    assert files_below(tmp_path / "out") == {"two.mp4"}


@pytest.mark.parametrize(
    ("names", "output", "expected"),
    [
        (["a/x.mp4", "b/x.mp4"], Output(), "a/x.mp4 and "),
        (["a/x.mp4", "x.mpg"], Output(), "out/x.mp4; rename one"),
        (["a/x.mp4", "x.mkv"], Output(frames=True), "out/x; rename one"),
        (["a/1.png", "b/1.png"], Output(), "out/1.png; rename one"),
        (["a/c", "b/c"], Output(), "out/c; rename one"),
        (["a/x.mp4", "d/x"], Output(frames=True), "out/x; rename one"),
    ],
    ids=str,
)
def test_names_that_clash_are_refused_before_work(
    tmp_path: Path, names: list[str], output: Output, expected: str
) -> None:
    for place in ("a/x.mp4", "b/x.mp4", "x.mkv", "x.mpg"):
        film(tmp_path / place) if place != "x.mpg" else film(tmp_path / "x.mp4").rename(tmp_path / "x.mpg")
    for place in ("a/1.png", "b/1.png", "a/c/1.png", "b/c/2.png", "d/x/1.png"):
        write_image(tmp_path / place, picture(0))
    message = refused(tmp_path, [tmp_path / name for name in names], output)
    assert "would both become" in message
    assert expected in message


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (["two.mp4", "missing.mp4"], "out", "missing.mp4: no such file or folder"),
        ("no*.mp4", "out", "no*.mp4: matches no video, image or folder"),
        ("*.txt", "out", "*.txt: matches no video, image or folder; 1 other files are neither"),
        (["two.mp4", "ten.mp4"], "out.mp4", "out.mp4: is the name of a file, and several inputs become a folder"),
        (["two.mp4", "ten.mp4"], "media/still.png", "still.png: is a file; name a folder to write"),
        (["two.mp4", "ten.mp4"], "media", "is the input itself"),
        (["two.mp4", "deep"], "media/deep/out", "lies inside the input"),
        (["two.mp4", "notes.txt"], "out", "notes.txt: not a readable video"),
        ([], "out", "no inputs"),
    ],
    ids=str,
)
def test_inputs_that_cannot_be_translated_are_refused_before_work(
    media: Path, tmp_path: Path, source: Any, target: str, expected: str
) -> None:
    named = f"{media}/{source}" if isinstance(source, str) else [media / name for name in source]
    assert expected in refused(tmp_path, named, target=target)


def test_what_is_there_already_is_refused_skipped_or_replaced(media: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "ten.mp4").write_bytes(b"older")
    assert "ten.mp4: is there already" in refused(tmp_path, f"{media}/*.mp4")
    translator().translate_path(f"{media}/*.mp4", tmp_path / "out", Output(existing="skip"))
    assert (tmp_path / "out" / "ten.mp4").read_bytes() == b"older"
    assert probe(tmp_path / "out" / "two.mp4").num_frames == 3
    translator().translate_path([media / "ten.mp4", media / "still.png"], tmp_path / "out", Output(existing="replace"))
    assert probe(tmp_path / "out" / "ten.mp4").num_frames == 3


# Stretches.


def test_a_stretch_of_a_video_keeps_times_and_sound_in_step(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", 49, sound="aac")
    translator().translate_path(source, tmp_path / "out.mp4", Output(start="0:00.5", end=1.5))
    frames = list(read_video(tmp_path / "out.mp4"))
    assert [frame.time for frame in frames] == [Fraction(n, 30) for n in range(30)]
    assert [number_of(frame.image) for frame in frames] == list(range(15, 45))
    before, after = dict(sound_packets(source)), sound_packets(tmp_path / "out.mp4")
    assert all(abs(min(before, key=lambda t: abs(t - time - 0.5)) - time - 0.5) < 0.001 for time, _ in after)
    assert 0.9 < after[-1][0] < 1


@pytest.mark.parametrize("frames", [False, True])
def test_a_stretch_is_told_as_progress_and_written_as_frames(tmp_path: Path, frames: bool) -> None:
    film(tmp_path / "in.mp4", 12)
    messages: list[Any] = []
    output = Output(frames=frames, start=0.1, end=0.3)
    translator().translate_path(tmp_path / "in.mp4", tmp_path / "out.mp4", output, lambda *news: messages.append(news))
    assert messages == [(4, 6, "in.mp4"), (6, 6, "in.mp4")]
    if frames:
        assert files_below(tmp_path / "out") == {f"{number:06d}.png" for number in range(6)}
        assert number_of(read_image(tmp_path / "out" / "000000.png")) == 3


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ({"start": 5}, "in.mp4: has no frame from 5 s to its end; its frames are shown at 0.000 to 0.367 s"),
        ({"start": "1:00", "end": "2:00"}, "has no frame from 60 s to 120 s"),
        ({"start": 0.105, "end": 0.106}, "has no frame from 0.105 s to 0.106 s"),
    ],
    ids=str,
)
@pytest.mark.parametrize("frames", [False, True])
@pytest.mark.parametrize("several", [False, True])
def test_a_start_beyond_the_end_is_refused_before_anything_is_written(
    tmp_path: Path, output: dict[str, Any], expected: str, frames: bool, several: bool
) -> None:
    film(tmp_path / "in.mp4", 12)
    film(tmp_path / "also.mp4", 12)
    source = [tmp_path / "in.mp4", tmp_path / "also.mp4"] if several else tmp_path / "in.mp4"
    assert expected in refused(tmp_path, source, Output(**output, frames=frames), "out" if several else "out.mp4")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"start": 2, "end": 2}, "end: found 2, expected a time after the start, 2"),
        ({"start": "0:03", "end": "2"}, "end: found 2, expected a time after the start, 0:03"),
        ({"start": "soon"}, "start: found 'soon', expected seconds, mm:ss or hh:mm:ss"),
        ({"end": -1}, "end: found -1, expected seconds from 0 on"),
        ({"max_side": 8}, "max side: found 8, expected at least 16 pixels"),
    ],
    ids=str,
)
def test_stretches_and_sizes_of_nothing_are_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError) as caught:
        Output(**options)
    assert expected in str(caught.value)


@pytest.mark.parametrize("name", ["still.png", "deep", "*"])
def test_images_have_no_times_to_be_cut_by(media: Path, tmp_path: Path, name: str) -> None:
    target = "out.png" if name == "still.png" else "out"
    message = refused(tmp_path, str(media / name), Output(end=1), target)
    assert "is no video, and has no times; leave --start and --end out" in message


def test_a_stretch_of_each_of_several_videos_is_taken(media: Path, tmp_path: Path) -> None:
    translator().translate_path(f"{media}/**/*.m[pk]*", tmp_path / "out", Output(end="0.05"))
    counts = {path.name: sum(1 for _ in read_video(path)) for path in (tmp_path / "out").iterdir()}
    assert counts == {"two.mp4": 2, "ten.mp4": 2, "one.mkv": 2}


# Sizes.


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(16, 3000), st.booleans(), st.booleans())
def test_sizes_are_bounded_and_keep_their_shape(
    height: int, width: int, most: int, side_by_side: bool, even: bool
) -> None:
    output, halves = Output(max_side=most, side_by_side=side_by_side), 2 if side_by_side else 1
    new_height, new_width = output.size(height, width, even)
    assert max(new_height, new_width * halves) <= most
    if max(height, width * halves) <= most:
        assert (new_height, new_width) == (height, width)
        return
    unit = 2 if even else 1
    assert new_height % unit == new_width % unit == 0
    scale = most / max(height, width * halves)
    for new, old in ((new_height, height), (new_width, width)):
        assert abs(new - old * scale) <= 2 * unit


@pytest.mark.parametrize(
    ("side_by_side", "most", "shown"),
    [(False, 33, (24, 32)), (True, 64, (24, 64)), (True, 63, (24, 60)), (False, 64, (48, 64))],
)
def test_videos_are_bounded_at_even_sizes(
    tmp_path: Path, side_by_side: bool, most: int, shown: tuple[int, int]
) -> None:
    film(tmp_path / "in.mp4", 3, sound="aac")
    output = Output(side_by_side=side_by_side, max_side=most)
    translator().translate_path(tmp_path / "in.mp4", tmp_path / "out.mp4", output)
    info = probe(tmp_path / "out.mp4")
    assert (info.height, info.width, info.num_frames, info.has_audio) == (*shown, 3, True)
    assert [number_of(frame.image) for frame in read_video(tmp_path / "out.mp4")] == [0, 1, 2]


def test_pixels_that_are_not_square_stay_so_at_another_size(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "in.mp4"), "w") as file:
        stream = file.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        for _ in range(3):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(9), format="rgb24")))
        file.mux(stream.encode(None))
    translator().translate_path(tmp_path / "in.mp4", tmp_path / "out.mp4", Output(max_side=40))
    info = probe(tmp_path / "out.mp4")
    assert (info.width, info.height, info.pixel_aspect) == (40, 30, Fraction(4, 3))


@pytest.mark.parametrize("kind", ["image", "folder", "frames"])
@pytest.mark.parametrize("side_by_side", [False, True])
def test_images_and_frames_are_bounded_too(tmp_path: Path, kind: str, side_by_side: bool) -> None:
    output = Output(max_side=27, side_by_side=side_by_side, frames=kind == "frames")
    source, target = tmp_path / "in", tmp_path / "out"
    if kind == "frames":
        source, target = film(tmp_path / "in.mp4", 2), tmp_path / "out.mp4"
        shown = (10, 26) if side_by_side else (20, 27)
    else:
        make_frames(source, 2, height=36, width=54)
        shown = (9, 26) if side_by_side else (18, 27)
    if kind == "image":
        source, target = source / "frame_000.png", tmp_path / "out.png"
    translator().translate_path(source, target, output)
    written = list(tmp_path.glob("out*")) if kind == "image" else list((tmp_path / "out").iterdir())
    assert {read_image(path).shape[:2] for path in written} == {shown}


def test_label_maps_keep_their_palette_at_another_size(tmp_path: Path) -> None:
    write_image(tmp_path / "in.png", picture(0, 64, 96))
    translator(palette=PALETTE).translate_path(tmp_path / "in.png", tmp_path / "out.png", Output(max_side=50))
    image = read_image(tmp_path / "out.png")
    assert image.shape == (33, 50, 3)
    assert {tuple(colour) for colour in image.reshape(-1, 3).tolist()} <= set(PALETTE)


# The command.


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    save_translator(tmp_path / "ab.safetensors", make_generator("resnet-6", width=4), small_card())

    def run(*words: object) -> tuple[int, str]:
        code = cli.main(["translate", str(tmp_path / "ab.safetensors"), *map(str, words), "--device", "cpu"])
        messages = capsys.readouterr()
        return code, messages.out + messages.err

    return run


def test_the_command_takes_several_inputs_wherever_options_stand(
    media: Path, tmp_path: Path, command: Callable[..., tuple[int, str]]
) -> None:
    words = [media / "two.mp4", "--no-side-by-side", f"{media}/deep/*.mkv", "--start=0.03", "--max-side", 32]
    code, messages = command(*words, tmp_path / "out", "--end", "1:00")
    assert code == 0
    assert re.fullmatch(
        rf"{re.escape(str(tmp_path / 'out'))}: written \(4 frames, .* a second, cpu busy \d+ %\)\n", messages
    )
    assert files_below(tmp_path / "out") == {"two.mp4", "one.mkv"}
    for path in (tmp_path / "out").iterdir():
        assert (probe(path).width, sum(1 for _ in read_video(path))) == (32, 2)


def test_an_output_with_a_slash_behind_it_is_a_folder(
    media: Path, tmp_path: Path, command: Callable[..., tuple[int, str]]
) -> None:
    assert command(media / "two.mp4", f"{tmp_path}/out/")[0] == 0
    assert files_below(tmp_path / "out") == {"two.mp4"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["media/two.mp4"], "translate: expected RUN INPUT... OUTPUT"),
        (["media/two.mp4", "media/no.mp4", "out"], "media/no.mp4: no such file or folder"),
        (["media/*.avi", "out"], "media/*.avi: matches no video, image or folder"),
        (["media/two.mp4", "out.mp4", "--start", "9"], "two.mp4: has no frame from 9 s to its end"),
        (["media/two.mp4", "out.mp4", "--start", "x"], "start: found 'x', expected seconds, mm:ss or hh:mm:ss"),
        (["media/two.mp4", "out.mp4", "--max-side", "3"], "max_side: found 3, expected 16 to 65536"),
    ],
    ids=str,
)
def test_the_command_refuses_in_one_line(
    media: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: Callable[..., tuple[int, str]],
    words: list[str],
    expected: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, messages = command(*words)
    assert (code, messages.count("\n")) == (2, 1)
    assert expected in messages
    assert files_below(tmp_path) == files_below(tmp_path) - {"out.mp4"}
    assert not (tmp_path / "out").exists()
