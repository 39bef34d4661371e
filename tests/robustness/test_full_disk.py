"""A disk of 3 MB, filled at every kind of write: one line, exit code 2, nothing half written, and the work goes on."""

import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from recyclegan.checkpoint import load_translator, save_translator
from recyclegan.networks import make_generator
from recyclegan.video import write_video
from tests.robustness.ends import End, check_end, run
from tests.small import SMALL_OPTIONS, make_data, picture, small_card

MEGABYTES = 3
ROOM = [0, 4, 8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536]
"""Kilobytes that are left on the disk."""


@dataclass(frozen=True)
class Disk:
    """A small file system, most of which can be taken away."""

    root: Path

    def leave(self, kilobytes: int) -> None:
        """Take away all but some kilobytes."""
        self.give_back()
        free = os.statvfs(self.root).f_bavail * os.statvfs(self.root).f_frsize
        (self.root / "ballast").write_bytes(bytes(max(0, free - 1024 * kilobytes)))

    def give_back(self) -> None:
        """Return what was taken away."""
        (self.root / "ballast").unlink(missing_ok=True)

    def scratch(self) -> list[Path]:
        """Return what looks half written."""
        return [path for path in self.root.rglob(".*") if path.name.endswith(".partial")]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    root = tmp_path / "disk"
    root.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", root], capture_output=True)
    if mounted.returncode:
        pytest.skip("a disk of 3 MB cannot be mounted by this user")
    yield Disk(root)
    subprocess.run(["umount", "-l", root], check=True)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("data"), num_frames=4)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    for direction in ("ab", "ba"):
        save_translator(
            folder / f"{direction}.safetensors", make_generator("resnet-6", width=4), small_card(direction=direction)
        )
    assert run(["export-reference", folder, "--out", folder / "exported"]).code == 0
    return folder


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "in.mp4"
    write_video(path, [picture(n, 96, 128) for n in range(12)], rate=10, crf=5)
    return path


def fill_and_go_on(disk: Disk, room: list[int], words: Callable[[], list[object]], again: Callable[[bool], End]) -> int:
    """Run a command with more and more room; check each refusal, and that the work can be done after it.

    ``again`` does it with all the room there is; it is told whether the work was done already.

    Return how often there was too little room.
    """
    refused = 0
    for kilobytes in room:
        disk.leave(kilobytes)
        end = run(words(), seconds=60)
        check_end(end)
        done = end.code == 0
        assert disk.scratch() == [], end
        refused += end.code == 2
        if end.code == 2:
            assert "No space left on device" in end.errors or "MB" in end.errors, end
        disk.give_back()
        end = again(done)
        assert end.code == 0, end
    return refused


def trained(disk: Disk, data: Path, room: list[int]) -> int:
    """Fill the disk under trainings; check that each, resumed, ends as the one that nothing disturbed."""
    options = ["train", "cycle-gan", "--data", data, *SMALL_OPTIONS, "--width", "2", "--discriminator-width", "2"]
    options += ["--discriminator-layers", "1", "--keep", "1"]
    undisturbed = disk.root.parent / "undisturbed"
    if not undisturbed.exists():
        assert run([*options, "--out", undisturbed], seconds=60).code == 0
    out = disk.root / "run"

    def again(_done: bool) -> End:
        resumes = ["--resume"] if (out / "config.json").exists() else []
        end = run([*options, "--out", out, *resumes], seconds=60)
        if end.code == 0:
            check_equal(out, undisturbed)
            subprocess.run(["rm", "-r", out], check=True)
        return end

    return fill_and_go_on(disk, room, lambda: [*options, "--out", out], again)


def check_equal(run_folder: Path, other: Path) -> None:
    """Check that two runs ended with the same weights and wrote the same lines."""
    for direction in ("ab", "ba"):
        ours, theirs = (
            load_translator(place / f"{direction}.safetensors")[0].state_dict() for place in (run_folder, other)
        )
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert (run_folder / "stats.jsonl").read_text() == (other / "stats.jsonl").read_text()


def test_a_full_disk_ends_training_in_one_line_and_it_resumes_to_the_bit(disk: Disk, data: Path) -> None:
    assert trained(disk, data, [0, 16, 128]) >= 2


@pytest.mark.slow
def test_a_full_disk_ends_training_at_every_kind_of_write(disk: Disk, data: Path) -> None:
    assert trained(disk, data, [*range(0, 64, 4), *ROOM[6:]]) >= 10


def commands(disk: Disk, data: Path, model: Path, video: Path) -> dict[str, list[object]]:
    """Return a command of each kind that writes, by the name of what it writes."""
    out = disk.root / "out"
    evaluated = ["--num-draws", "20", "--film-frames", "3"]
    return {
        "video": ["translate", model, video, out / "out.mp4", "--crf", "1"],
        "frames": ["translate", model, video, out / "frames", "--frames"],
        "folder": ["translate", model, data / "train" / "A", out / "folder"],
        "image": ["translate", model, data / "train/A/drive/frame_000.png", out / "out.png"],
        "report": ["evaluate", video, video, "--out", out / "report", *evaluated],
        "copies": ["prepare", "videos", out / "data", "--a", video, "--b", data / "train/B", "--no-link"],
        "world": ["prepare", "roadworld", out / "world", "--clips", "1", "--val-clips", "1", "--frames", "3"],
        "motion": ["flow-preview", video, out / "flow"],
        "export": ["export-reference", model, "--out", out / "reference"],
        "onnx": ["export", model, out / "model.onnx"],
        "import": ["import-reference", model / "exported", "--out", out / "imported"],
    }


KINDS = ["video", "frames", "folder", "image", "report", "copies", "world", "motion", "export", "onnx", "import"]


def written(disk: Disk, words: list[object], room: list[int]) -> int:
    """Fill the disk under a command; check that a refusal leaves no file, and that the command then works."""
    out = disk.root / "out"

    def again(done: bool) -> End:
        left = [path for path in out.rglob("*") if path.is_file()]
        assert done or not left
        if done:
            subprocess.run(["rm", "-rf", out], check=True)
        end = run(words, seconds=60)
        subprocess.run(["rm", "-rf", out], check=True)
        return end

    return fill_and_go_on(disk, room, lambda: words, again)


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_ends_a_command_in_one_line(disk: Disk, data: Path, model: Path, video: Path, kind: str) -> None:
    assert written(disk, commands(disk, data, model, video)[kind], [0]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_ends_a_command_at_every_write(disk: Disk, data: Path, model: Path, video: Path, kind: str) -> None:
    assert written(disk, commands(disk, data, model, video)[kind], ROOM) >= 1
