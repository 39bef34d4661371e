"""Every example in Python runs as it stands: those of docstrings, of the README and of the pages in docs/."""

import doctest
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import recyclegan
from recyclegan.evaluation import evaluate
from recyclegan.exports import export
from recyclegan.video import read_image, write_image, write_video
from tests.media import numbered
from tests.small import make_data, picture, small_config
from tests.test_public import CONFIGS, SIGNATURES, named

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks_of(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what the examples name: data, a run, clips, a video and its translation, and an image."""
    folder = tmp_path_factory.mktemp("world")
    data = make_data(folder / "data", 2)
    recyclegan.train(small_config(data, folder / "runs" / "day2night", steps=2))
    (folder / "clips").mkdir()
    for name in ("drive.mp4", "drive_night.mp4", "clips/a.mp4", "clips/b.mp4"):
        write_video(folder / name, [numbered(n) for n in range(6)], rate=10)
    write_image(folder / "street.png", picture(0, 48, 64))
    return folder


@pytest.fixture
def here(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter a folder that holds the same, and nothing of other examples."""
    for place in world.iterdir():
        (tmp_path / place.name).symlink_to(place)
    (tmp_path / "runs").unlink()
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "day2night").symlink_to(world / "runs" / "day2night")
    (tmp_path / "drive_night.mp4").unlink()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


def examples_of(name: str) -> list[doctest.DocTest]:
    known = {offered: getattr(recyclegan, offered) for offered in recyclegan.__all__}
    globs = {**known, "np": np, "torch": torch}
    found = doctest.DocTestFinder(recurse=False).find(named(name), name, globs=globs)
    return [test for test in found if test.examples]


WITH_EXAMPLES = [name for name in [*SIGNATURES, *sorted(CONFIGS), "InputError"] if examples_of(name)]


def test_all_that_is_offered_has_an_example() -> None:
    without = {"Translator.translate", "Translator.translate_images"}
    assert set(WITH_EXAMPLES) == {*SIGNATURES, *CONFIGS, "InputError"} - without


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_docstrings_run(name: str, here: Path, world: Path) -> None:
    if name == "evaluate":
        (here / "drive_night.mp4").symlink_to(world / "drive_night.mp4")
    for test in examples_of(name):
        messages: list[str] = []
        doctest.DocTestRunner(verbose=False).run(test, out=messages.append)
        assert messages == []


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the arguments that ``compare_methods`` is called with, which only looks whether it takes them."""
    compare, found = inspect.signature(recyclegan.compare_methods), list[Any]()
    monkeypatch.setattr(
        "recyclegan.evaluation.comparison.compare_methods", lambda *a, **b: found.append(compare.bind(*a, **b))
    )
    return found


def for_api(here: Path, world: Path) -> dict[str, Any]:
    (here / "drive_night.mp4").symlink_to(world / "drive_night.mp4")
    image = read_image("street.png")
    return {"image": image, "tensor": torch.from_numpy(image).permute(2, 0, 1) / 255, "frames": [image]}


def for_run(name: str) -> Callable[[Path, Path], dict[str, Any]]:
    def place(here: Path, world: Path) -> dict[str, Any]:
        (here / "runs" / name).symlink_to(world / "runs" / "day2night")
        return {}

    return place


def for_evaluation(here: Path, world: Path) -> dict[str, Any]:
    (here / "data").unlink()
    recyclegan.prepare_roadworld("data", clips=1, val_clips=1, frames=3, size=(32, 64), looks=("day", "night"))
    (here / "fake_night").symlink_to(here / "data" / "val" / "A")
    evaluate("fake_night", "data/val/A", "other")
    return {"frames": torch.rand(2, 3, 32, 64) * 2 - 1, "generator": nn.Identity()}


def for_export(here: Path, world: Path) -> dict[str, Any]:
    export("runs/day2night", "day2night.onnx", images=True)
    return {}


def for_verdict(here: Path, world: Path) -> dict[str, Any]:
    frames = [picture(number, 48, 64) for number in range(2)]
    return {"sources": frames, "translations": frames, "target": frames}


SCENES: dict[str, Callable[[Path, Path], dict[str, Any]]] = {
    "README": for_run("data"),
    "data": lambda *_: {},
    "evaluation": for_evaluation,
    "export": for_export,
    "formats": for_run("mine"),
    "models": lambda *_: {},
    "verdict": for_verdict,
}
"""What the examples of each page find."""
RUN_HERE = [page for page in PAGES if blocks_of(page) and page.stem not in ("methods", "api")]
"""The examples of methods.md run in test_docs.py, those of api.md below."""


@pytest.mark.usefixtures("_unchecked")
@pytest.mark.parametrize("page", RUN_HERE, ids=lambda page: page.stem)
def test_the_examples_of_a_page_run(page: Path, here: Path, world: Path, compared: list[Any]) -> None:
    known = SCENES[page.stem](here, world)
    for block in blocks_of(page):
        exec(block, known)


@pytest.mark.usefixtures("_unchecked")
def test_the_page_of_the_api_names_all_that_is_offered_and_runs(here: Path, world: Path, compared: list[Any]) -> None:
    page, known = ROOT / "docs" / "api.md", for_api(here, world)
    assert {name for name in recyclegan.__all__ if f"`{name}" not in page.read_text()} == {"__version__"}
    for block in blocks_of(page):
        exec(block, known)
    assert known["night"].shape == known["image"].shape
    assert len(known["nights"]) == 2
    assert float(known["unit"].max()) <= 1
    assert set(compared[0].arguments["contenders"]) == {"steady", "gentle"}
