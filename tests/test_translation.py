"""Translating images, videos and folders: names, sizes, palettes, existing outputs, memory; nothing half written."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import recyclegan
from recyclegan.arrays import Image
from recyclegan.checkpoint import save_translator
from recyclegan.engines import pick_device
from recyclegan.networks import make_generator
from recyclegan.translation import Output, Translator
from recyclegan.video import (
    VideoFrame,
    VideoReader,
    VideoWriter,
    probe,
    read_image,
    read_video,
    write_image,
    write_video,
)
from tests.media import numbered
from tests.refusals import message_of
from tests.small import PALETTE, files_below, label_map, make_frames, picture, small_card


class Watched(nn.Module):
    """Returns the frames inverted, as the grey of their red where wanted, and remembers their shapes."""

    def __init__(self, channels_out: int = 3) -> None:
        super().__init__()
        self.channels_out = channels_out
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, frames: Tensor) -> Tensor:
        self.shapes.append(tuple(frames.shape))
        return -frames[:, : self.channels_out]


def identity(batch_size: int = 4, **card: Any) -> Translator:
    return Translator(nn.Identity(), small_card(**card), device="cpu", scale="native", batch_size=batch_size)


def inverter(channels_out: int = 3, scale: Any = "native", batch_size: int = 4, **card: Any) -> Translator:
    generator = Watched(channels_out)
    return Translator(
        generator, small_card(channels_out=channels_out, **card), "cpu", scale=scale, batch_size=batch_size
    )


def noise(seed: int, height: int = 34, width: int = 46) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_the_translator_is_offered_by_the_package() -> None:
    assert recyclegan.Translator is Translator
    with pytest.raises(AttributeError, match="no attribute 'Translater'"):
        _ = recyclegan.Translater


def test_a_saved_translator_translates_like_its_generator(tmp_path: Path) -> None:
    torch.manual_seed(0)
    generator = make_generator("resnet-6", width=4)
    save_translator(tmp_path / "ab.safetensors", generator, small_card())
    for place in (tmp_path, tmp_path / "ab.safetensors", str(tmp_path)):
        translator = Translator.from_pretrained(place, device="cpu")
        frames = torch.rand(2, 3, 32, 48) * 2 - 1
        with torch.no_grad():
            assert torch.equal(translator.translate(frames), generator.eval()(frames))


@pytest.mark.parametrize("size", [(32, 48), (33, 47), (90, 40)])
def test_images_keep_their_size_at_any_scale(size: tuple[int, int]) -> None:
    images = np.stack([picture(seed, *size) for seed in range(2)])
    for scale in ("native", "trained"):
        translated = inverter(scale=scale).translate_images(images)
        assert translated.shape == images.shape
        assert np.abs(255 - images.astype(int) - translated).mean() < 4


@pytest.mark.parametrize(
    ("card", "wanted"),
    [
        ({"resize": "scale_shortest", "size": (32, 48)}, (32, 64)),
        ({"resize": "scale_shortest", "size": (48, 32)}, (32, 64)),
        ({"resize": "rectangle", "size": (32, 48)}, (32, 48)),
        ({"resize": "square", "size": (40, 40)}, (40, 40)),
        ({"resize": "none", "size": (32, 48)}, (60, 120)),
    ],
    ids=str,
)
def test_frames_are_translated_at_the_scale_of_training_or_their_own(card: dict[str, Any], wanted: Any) -> None:
    images = picture(0, 60, 120)[None]
    trained, native = inverter(scale="trained", **card), inverter(scale="native", **card)
    trained.translate_images(images)
    native.translate_images(images)
    assert trained.generator.shapes == [(1, 3, *wanted)]
    assert native.generator.shapes == [(1, 3, 60, 120)]


def test_an_identity_at_native_scale_changes_no_bit_of_lossless_images(tmp_path: Path) -> None:
    for name in ("a.png", "b.bmp", "c.webp", "d.tiff"):
        write_image(tmp_path / "in" / name, noise(len(name)))
    identity().translate_folder(tmp_path / "in", tmp_path / "out")
    for name in files_below(tmp_path / "in"):
        np.testing.assert_array_equal(read_image(tmp_path / "out" / name), read_image(tmp_path / "in" / name))


def test_an_identity_at_native_scale_changes_no_bit_of_a_lossless_video(tmp_path: Path) -> None:
    images = [noise(seed) for seed in range(7)]
    write_video(tmp_path / "in.mkv", images, rate=24, codec="ffv1")
    identity().translate_video(tmp_path / "in.mkv", tmp_path / "out.mkv", Output(codec="ffv1"))
    for frame, image in zip(read_video(tmp_path / "out.mkv"), images, strict=True):
        np.testing.assert_array_equal(frame.image, image)


def test_batches_change_nothing_but_speed(tmp_path: Path) -> None:
    write_video(tmp_path / "in.mkv", [noise(seed) for seed in range(7)], rate=24, codec="ffv1")
    for size in (1, 3, 100):
        inverter(batch_size=size).translate_video(tmp_path / "in.mkv", tmp_path / f"{size}.mkv", Output(codec="ffv1"))
    one, three, all_at_once = ([f.image for f in read_video(tmp_path / f"{size}.mkv")] for size in (1, 3, 100))
    np.testing.assert_array_equal(one, three)
    np.testing.assert_array_equal(one, all_at_once)


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_of_no_frames_is_refused(size: int) -> None:
    assert "batch" in message_of(Translator, nn.Identity(), small_card(), "cpu", batch_size=size)


def test_a_folder_keeps_its_names_and_its_depth(tmp_path: Path) -> None:
    source = tmp_path / "in"
    make_frames(source / "day" / "one", 3)
    make_frames(source / "day" / "one" / "inner", 2)
    make_frames(source / "night", 2)
    write_image(source / "loose.jpg", picture(5))
    for name in ("day/drive.mp4", "walk.mkv"):
        (source / name).parent.mkdir(exist_ok=True)
        write_video(source / name, [numbered(n) for n in range(3)], rate=10)
    (source / "notes.txt").write_text("not media")
    write_image(source / ".hidden.png", picture(6))
    write_image(source / ".thumbs" / "small.png", picture(6))
    inverter().translate_folder(source, tmp_path / "out")
    wanted = files_below(source) - {"notes.txt", ".hidden.png", ".thumbs/small.png"}
    assert files_below(tmp_path / "out") == wanted
    for name in ("day/one/frame_002.png", "day/one/inner/frame_001.png"):
        image = read_image(source / name)
        np.testing.assert_array_equal(read_image(tmp_path / "out" / name), 255 - image)
    assert probe(tmp_path / "out" / "walk.mkv").rate == 10


def test_frames_of_other_sizes_in_one_folder_keep_theirs(tmp_path: Path) -> None:
    sizes = [(32, 48), (32, 48), (40, 33), (32, 48)]
    for number, size in enumerate(sizes):
        write_image(tmp_path / "in" / f"{number}.png", picture(number, *size))
    inverter().translate_folder(tmp_path / "in", tmp_path / "out")
    for number, size in enumerate(sizes):
        image = read_image(tmp_path / "out" / f"{number}.png")
        np.testing.assert_array_equal(image, 255 - picture(number, *size))


def test_progress_tells_frames_done_and_in_all(tmp_path: Path) -> None:
    make_frames(tmp_path / "in" / "clip", 5)
    write_video(tmp_path / "in" / "walk.mp4", [numbered(n) for n in range(6)], rate=10)
    messages: list[Any] = []
    inverter().translate_path(tmp_path / "in", tmp_path / "out", progress=lambda *news: messages.append(news))
    assert messages == [(4, 5, "clip"), (5, 5, "clip"), (4, 6, "walk.mp4"), (6, 6, "walk.mp4")]


def test_one_image_becomes_one_image(tmp_path: Path) -> None:
    write_image(tmp_path / "in.png", picture(0))
    assert inverter().translate_path(str(tmp_path / "in.png"), str(tmp_path / "deep" / "out.png")) == []
    np.testing.assert_array_equal(read_image(tmp_path / "deep" / "out.png"), 255 - picture(0))


@pytest.mark.parametrize("scale", ["native", "trained"])
def test_a_label_target_holds_colours_of_its_palette_only(tmp_path: Path, scale: Any) -> None:
    make_frames(tmp_path / "in" / "clip", 2, height=50, width=70)
    write_image(tmp_path / "in" / "clip" / "last.jpg", picture(9, 50, 70))
    inverter(scale=scale, palette=PALETTE).translate_folder(tmp_path / "in", tmp_path / "out")
    assert files_below(tmp_path / "out") == {"clip/frame_000.png", "clip/frame_001.png", "clip/last.png"}
    for name in files_below(tmp_path / "out"):
        image = read_image(tmp_path / "out" / name)
        assert image.shape == (50, 70, 3)
        assert {tuple(colour) for colour in image.reshape(-1, 3).tolist()} <= set(PALETTE)
        assert len(np.unique(image.reshape(-1, 3), axis=0)) > 1


def test_the_nearest_colour_of_the_palette_is_taken() -> None:
    close = np.uint8(np.clip(label_map(0).astype(int) + 9, 0, 255))[None]
    np.testing.assert_array_equal(identity(palette=PALETTE).translate_images(close)[0], label_map(0))


def test_labels_that_come_in_are_scaled_without_new_colours() -> None:
    seen = []

    class Colours(nn.Module):
        def forward(self, frames: Tensor) -> Tensor:
            seen.append(len(torch.unique(frames.flatten(2), dim=2)[0].T))
            return frames

    images = label_map(0, 90, 120)[None]
    for labels_in in (True, False):
        Translator(Colours(), small_card(labels_in=labels_in), "cpu").translate_images(images)
    assert seen[0] <= 3 < seen[1]


def test_a_label_video_notes_that_frames_are_exact_and_writes_them_where_asked(tmp_path: Path) -> None:
    write_video(tmp_path / "in.mp4", [picture(n) for n in range(6)], rate=10)
    translator = inverter(palette=PALETTE)
    notes = translator.translate_video(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert any("--frames" in note for note in notes)
    assert translator.translate_video(tmp_path / "in.mp4", tmp_path / "frames.mp4", Output(frames=True)) == []
    assert files_below(tmp_path / "frames") == {f"{number:06d}.png" for number in range(6)}
    for path in (tmp_path / "frames").iterdir():
        assert {tuple(colour) for colour in read_image(path).reshape(-1, 3).tolist()} <= set(PALETTE)


@pytest.mark.parametrize("name", ["out.png", "out.mkv"])
@pytest.mark.parametrize("side_by_side", [False, True])
def test_a_grey_target_is_shown_in_grey(tmp_path: Path, name: str, side_by_side: bool) -> None:
    source = tmp_path / f"in{Path(name).suffix}"
    if name == "out.png":
        write_image(source, noise(0))
    else:
        write_video(source, [noise(0)], rate=10, codec="ffv1")
    inverter(channels_out=1).translate_path(source, tmp_path / name, Output(codec="ffv1", side_by_side=side_by_side))
    shown = read_image(tmp_path / name) if name == "out.png" else next(read_video(tmp_path / name)).image
    translated = shown[:, -46:]
    assert shown.shape == (34, 46 * (1 + side_by_side), 3)
    np.testing.assert_array_equal(translated, np.repeat(255 - noise(0)[:, :, :1], 3, axis=2))


def test_a_grey_source_is_read_from_colour_images() -> None:
    translator = inverter(channels_out=1, channels_in=1)
    translator.translate_images(noise(0)[None])
    assert translator.generator.shapes == [(1, 1, 34, 46)]


def test_side_by_side_shows_the_source_at_the_left(tmp_path: Path) -> None:
    make_frames(tmp_path / "in", 2)
    inverter().translate_folder(tmp_path / "in", tmp_path / "out", Output(side_by_side=True))
    image = read_image(tmp_path / "out" / "frame_001.png")
    np.testing.assert_array_equal(image, np.concatenate([picture(1), 255 - picture(1)], axis=1))
    write_video(tmp_path / "in.mkv", [noise(n) for n in range(3)], rate=10, codec="ffv1")
    inverter().translate_video(tmp_path / "in.mkv", tmp_path / "out.mkv", Output(codec="ffv1", side_by_side=True))
    for number, frame in enumerate(read_video(tmp_path / "out.mkv")):
        np.testing.assert_array_equal(frame.image, np.concatenate([noise(number), 255 - noise(number)], axis=1))


SOURCES = ["in.png", "in.mp4", "in"]


def prepared(tmp_path: Path, name: str) -> tuple[Path, Path]:
    """Return a source of that name, and a target where an older output lies."""
    source, target = tmp_path / name, tmp_path / name.replace("in", "out")
    if name == "in.png":
        write_image(source, picture(0))
        target.write_bytes(b"old")
    elif name == "in.mp4":
        write_video(source, [picture(n) for n in range(2)], rate=10)
        target.write_bytes(b"old")
    else:
        make_frames(source, 2)
        target.mkdir()
        (target / "frame_000.png").write_bytes(b"old")
    return source, target


def old_output(target: Path) -> Path:
    return target / "frame_000.png" if target.is_dir() else target


@pytest.mark.parametrize("name", SOURCES)
def test_an_existing_output_is_refused(tmp_path: Path, name: str) -> None:
    source, target = prepared(tmp_path, name)
    message = message_of(inverter().translate_path, source, target)
    assert "is there already" in message
    assert "--existing replace or skip" in message
    assert old_output(target).read_bytes() == b"old"


@pytest.mark.parametrize("name", SOURCES)
def test_an_existing_output_is_skipped_where_asked(tmp_path: Path, name: str) -> None:
    source, target = prepared(tmp_path, name)
    translator = inverter()
    translator.translate_path(source, target, Output(existing="skip"))
    assert old_output(target).read_bytes() == b"old"
    assert len(translator.generator.shapes) == (1 if name == "in" else 0), "only what is missing is translated"
    if name == "in":
        np.testing.assert_array_equal(read_image(target / "frame_001.png"), 255 - picture(1))


@pytest.mark.parametrize("name", SOURCES)
def test_an_existing_output_is_replaced_where_asked(tmp_path: Path, name: str) -> None:
    source, target = prepared(tmp_path, name)
    inverter().translate_path(source, target, Output(existing="replace"))
    assert old_output(target).read_bytes() != b"old"
    assert len(files_below(tmp_path)) == len(files_below(source) if source.is_dir() else [1]) * 2


@pytest.mark.parametrize("inner", [".", "out", "a/b"])
def test_an_output_inside_the_input_is_refused(tmp_path: Path, inner: str) -> None:
    make_frames(tmp_path / "in", 1)
    assert "lies inside the input" in message_of(inverter().translate_folder, tmp_path / "in", tmp_path / "in" / inner)
    assert files_below(tmp_path) == {"in/frame_000.png"}


def test_a_folder_beside_the_input_with_its_name_in_front_is_taken(tmp_path: Path) -> None:
    make_frames(tmp_path / "in", 1)
    inverter().translate_folder(tmp_path / "in", tmp_path / "in_translated")
    assert files_below(tmp_path / "in_translated") == {"frame_000.png"}


@pytest.mark.parametrize("name", ["in.png", "in.mp4"])
def test_the_input_is_never_its_own_output(tmp_path: Path, name: str) -> None:
    source, _ = prepared(tmp_path, name)
    before = source.read_bytes()
    for existing in ("refuse", "skip", "replace"):
        message = message_of(inverter().translate_path, source, source, Output(existing=existing))
        assert "is the input itself" in message
    assert source.read_bytes() == before


def test_a_folder_without_media_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").touch()
    assert "holds no videos and no frames" in message_of(inverter().translate_folder, tmp_path / "in", tmp_path / "out")


def test_label_maps_that_would_share_a_name_are_refused(tmp_path: Path) -> None:
    for name in ("one.png", "one.jpg"):
        write_image(tmp_path / "in" / name, picture(0))
    message = message_of(inverter(palette=PALETTE).translate_folder, tmp_path / "in", tmp_path / "out")
    assert "two frames would both become one.png; rename one" in message
    assert not (tmp_path / "out").exists()


def truncated(path: Path) -> Path:
    write_video(path, [noise(n, 64, 64) for n in range(60)], rate=10, crf=1)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    return path


@pytest.mark.parametrize("name", ["in.mp4", "in.mkv"])
def test_a_truncated_video_leaves_no_output(tmp_path: Path, name: str) -> None:
    source = truncated(tmp_path / name)
    assert "truncated or damaged" in message_of(inverter().translate_video, source, tmp_path / "out.mp4")
    assert files_below(tmp_path) == {name}


def test_a_damaged_frame_leaves_no_frames(tmp_path: Path) -> None:
    make_frames(tmp_path / "in" / "clip", 6)
    (tmp_path / "in" / "clip" / "frame_005.png").write_bytes(b"damaged")
    message = message_of(inverter(batch_size=2).translate_folder, tmp_path / "in", tmp_path / "out")
    assert "frame_005.png" in message
    assert files_below(tmp_path / "out") == set() if (tmp_path / "out").exists() else True


def test_a_failing_generator_leaves_no_video(tmp_path: Path) -> None:
    class Failing(Watched):
        def forward(self, frames: Tensor) -> Tensor:
            if self.shapes:
                raise MemoryError
            return super().forward(frames)

    write_video(tmp_path / "in.mp4", [picture(n) for n in range(9)], rate=10)
    with pytest.raises(MemoryError):
        Translator(Failing(), small_card(), "cpu").translate_video(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert files_below(tmp_path) == {"in.mp4"}


def test_a_video_is_read_no_further_ahead_than_a_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = written = 0
    ahead = []

    def reading(_: VideoReader) -> Iterator[VideoFrame]:
        nonlocal decoded
        for number in range(100):
            decoded += 1
            ahead.append(decoded - written)
            yield VideoFrame(numbered(number % 50), Fraction(number, 10))

    write = VideoWriter.write

    def writing(self: VideoWriter, image: Image, time: Fraction | None = None) -> None:
        nonlocal written
        write(self, image, time)
        written += 1

    write_video(tmp_path / "in.mp4", [numbered(0)], rate=10)
    monkeypatch.setattr(VideoReader, "__iter__", reading)
    monkeypatch.setattr(VideoWriter, "write", writing)
    inverter(batch_size=3).translate_video(tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert (decoded, written) == (100, 100)
    being_read, waiting, translated, waiting_again, being_written = 3, 3, 3, 3, 3
    assert max(ahead) <= being_read + waiting + translated + waiting_again + being_written + 1


@pytest.mark.parametrize("precision", ["32", "bf16-mixed"])
def test_lower_precision_translates_nearly_the_same(precision: Any) -> None:
    torch.manual_seed(0)
    generator, frames = make_generator("resnet-6", width=4).eval(), torch.rand(1, 3, 32, 32) * 2 - 1
    translated = Translator(generator, small_card(), "cpu", precision).translate(frames)
    with torch.no_grad():
        exact = generator(frames)
    assert translated.dtype == torch.float32
    assert float((translated - exact).abs().max()) < 0.05
    assert torch.equal(translated, exact) == (precision == "32")


def test_devices_are_picked_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert pick_device("auto") == pick_device("cpu") == torch.device("cpu")
    for name in ("cuda", "cuda:1", "mps", "tpu"):
        assert f"device {name}: is not there; found cpu" in message_of(pick_device, name)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device("auto").type == "cuda"
    assert pick_device("cuda:1") == torch.device("cuda:1")


def test_a_name_on_the_hub_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_translator(tmp_path / "night.safetensors", make_generator("resnet-6", width=4), small_card(direction="ba"))
    asked = []

    def download(repository: str, name: str) -> str:
        asked.append((repository, name))
        return str(tmp_path / "night.safetensors")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    assert Translator.from_pretrained("someone/day2night", "ba", device="cpu").card.direction == "ba"
    assert asked == [("someone/day2night", "ba.safetensors")]


def test_a_name_that_is_neither_here_nor_on_the_hub_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(repository: str, name: str) -> str:
        raise OSError("no route to host")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", offline)
    message = message_of(Translator.from_pretrained, "runs/missing")
    assert "runs/missing: neither a path here nor a translator on the hub" in message


def test_a_missing_path_is_not_looked_for_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.hf_hub_download", lambda *_: pytest.fail("asked the hub"))
    assert "no such file" in message_of(Translator.from_pretrained, tmp_path / "missing")
    assert "no such file" in message_of(Translator.from_pretrained, "runs/missing.safetensors")


def test_replacing_frames_leaves_other_files_of_the_folder_alone(tmp_path: Path) -> None:
    write_video(tmp_path / "in.mkv", [noise(0), noise(1)], Fraction(10), codec="ffv1")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("kept")
    identity().translate_video(tmp_path / "in.mkv", tmp_path / "out", Output(frames=True, existing="replace"))
    assert files_below(tmp_path / "out") == {"mine.txt", "000000.png", "000001.png"}
    assert (tmp_path / "out" / "mine.txt").read_text() == "kept"


def test_frames_of_a_longer_video_go_when_a_shorter_one_replaces_them_and_no_other_file(tmp_path: Path) -> None:
    for name, count in (("long", 5), ("short", 2)):
        write_video(tmp_path / f"{name}.mkv", [noise(n) for n in range(count)], Fraction(10), codec="ffv1")
    out, replacing = tmp_path / "out", Output(frames=True, existing="replace")
    identity().translate_video(tmp_path / "long.mkv", out, replacing)
    write_image(out / "000004.png", noise(9))
    write_image(out / "000007.png", noise(9))
    (out / "000003.png").rename(out / "best.png")
    (out / "000009.png").write_bytes(b"mine")
    identity().translate_video(tmp_path / "short.mkv", out, replacing)
    mine = {"000004.png", "000007.png", "000009.png", "best.png"}
    assert files_below(out) == {"000000.png", "000001.png"} | mine
    np.testing.assert_array_equal(read_image(out / "000004.png"), noise(9))
    assert {path.name for path in tmp_path.iterdir()} == {"long.mkv", "short.mkv", "out"}


@pytest.mark.parametrize("name", ["in.mkv", "in"])
def test_frames_that_fail_to_be_replaced_are_as_they_were(tmp_path: Path, name: str) -> None:
    frames = Output(frames=True, existing="replace")
    if name == "in":
        make_frames(tmp_path / "in", 6)
    else:
        write_video(tmp_path / "in.mkv", [noise(n) for n in range(6)], Fraction(10), codec="ffv1")
    identity(batch_size=2).translate_path(tmp_path / name, tmp_path / "out", frames)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    class Failing(Watched):
        def forward(self, frames: Tensor) -> Tensor:
            if self.shapes:
                raise MemoryError
            return super().forward(frames)

    failing = Translator(Failing(), small_card(), "cpu", scale="native", batch_size=2)
    with pytest.raises(MemoryError):
        failing.translate_path(tmp_path / name, tmp_path / "out", frames)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_a_label_map_is_not_written_as_a_lossy_image(tmp_path: Path) -> None:
    write_image(tmp_path / "in.png", noise(0))
    translator = identity(palette=PALETTE)
    assert "name a .png file" in message_of(translator.translate_path, tmp_path / "in.png", tmp_path / "out.jpg")
    assert not (tmp_path / "out.jpg").exists()


def test_an_existing_video_is_refused_before_any_frame_is_written(tmp_path: Path) -> None:
    write_image(tmp_path / "in" / "clip" / "1.png", noise(0))
    write_video(tmp_path / "in" / "film.mkv", [noise(1)], Fraction(10), codec="ffv1")
    write_video(tmp_path / "out" / "film.mkv", [noise(2)], Fraction(10), codec="ffv1")
    assert "is there already" in message_of(identity().translate_folder, tmp_path / "in", tmp_path / "out")
    assert files_below(tmp_path / "out") == {"film.mkv"}
