"""The worked examples of CONTRIBUTING.md, taken from the file and put into a copy of the package, do what it says."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.small import make_data

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "CONTRIBUTING.md"
COMMANDS = """
import contextlib, json, sys
from recyclegan.cli import main
for words in json.loads(sys.argv[1]):
    with contextlib.suppress(SystemExit):
        assert main(words) == 0
"""
"""Runs commands one after the other in one process."""
QUIETLY = ("-q", "-p", "no:cacheprovider", "-p", "no:xdist")
HEADING = re.compile(
    r"# (?P<file>[\w/]+\.py)(?:, (?:(?P<imports>among the imports)|(?P<end>at the end)|in (?P<table>\w+)"
    r'|after "(?P<line>[^"]+)"))?\n'
)


def examples() -> Iterator[tuple[re.Match[str], str]]:
    """Yield the place that each block of code names, and the code."""
    for block in re.findall(
        r"^```(?:python)?\n(# recyclegan/.*?|# tests/.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE
    ):
        place = HEADING.match(block)
        assert place, block.splitlines()[0]
        yield place, block[place.end() :]


def put(root: Path, place: re.Match[str], code: str) -> None:
    """Put code where it belongs: a new file, or a place in a file that is there."""
    file = root / place["file"]
    if place.lastgroup == "file":
        assert not file.exists()
        file.write_text(code)
        return
    lines = file.read_text().splitlines(keepends=True)
    at = position(lines, place)
    indent = " " * (len(lines[at - 1]) - len(lines[at - 1].lstrip())) if place["line"] else ""
    lines[at:at] = ["\n\n", code] if place["end"] else [f"{indent}{line}" for line in code.splitlines(keepends=True)]
    file.write_text("".join(lines))


def position(lines: list[str], place: re.Match[str]) -> int:
    """Return the number of the line before which code goes."""
    if place["end"]:
        return len(lines)
    if place["imports"]:
        return next(number for number, line in enumerate(lines) if line.startswith("from recyclegan"))
    if place["line"]:
        return 1 + next(number for number, line in enumerate(lines) if line.strip().startswith(place["line"]))
    table = next(number for number, line in enumerate(lines) if re.match(rf"{place['table']}\b.* = ", line))
    return table + next(n for n, line in enumerate(lines[table + 1 :], 1) if not re.fullmatch(r"\s*[\[({]\s*", line))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the house with all examples put in."""
    root = tmp_path_factory.mktemp("house")
    for folder in ("recyclegan", "tests", "docs", ".github"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "Makefile", "README.md", "CONTRIBUTING.md", "CITATION.cff"):
        shutil.copy(ROOT / file, root / file)
    for place, code in examples():
        put(root, place, code)
    return root


def run(house: Path, *words: str) -> str:
    """Run Python in the copy, and return what it prints."""
    done = subprocess.run(
        [sys.executable, *words], cwd=house, capture_output=True, text=True, env={"PYTHONPATH": str(house), "PATH": ""}
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_the_page_shows_every_kind_of_addition() -> None:
    files = [place["file"] for place, _ in examples()]
    for folder in ("methods", "networks", "metrics", "doctor"):
        assert any(file.startswith(f"recyclegan/{folder}/") for file in files)


def test_all_of_them_pass_their_tests(house: Path) -> None:
    """Those of the documentation included: none fails for a method that it does not list yet."""
    contract = "gc-gan and (json or proportional or left_out or gradient or translators or finite)"
    words = f"({contract}) or dilated or brightness or jump or dark or test_docs"
    files = ("contracts/test_methods", "networks/test_architectures", "metrics/test_brightness", "doctor/test_dark")
    messages = run(
        house, "-m", "pytest", "-rA", *(f"tests/{file}.py" for file in (*files, "test_docs")), "-k", words, *QUIETLY
    )
    for part, least in {"gc-gan": 6, "dilated": 8, "test_brightness": 2, "test_dark": 1, "test_docs": 6}.items():
        assert len(re.findall(rf"^PASSED .*{part}", messages, re.MULTILINE)) >= least


def test_the_method_has_its_help_and_trains_and_the_measure_is_taken(house: Path, tmp_path: Path) -> None:
    data, out = make_data(tmp_path / "data"), tmp_path / "out"
    small = ["--size", "32", "48", "--width", "4", "--discriminator-width", "4", "--device", "cpu", "--steps", "1"]
    clip = str(data / "train" / "A")
    commands = [
        ["train", "gc-gan", "--help"],
        ["train", "gc-gan", "--data", str(data), "--out", str(tmp_path / "run"), *small, "--dry-run"],
        ["evaluate", clip, clip, "--out", str(out)],
    ]
    messages = run(house, "-c", COMMANDS, json.dumps(commands))
    assert "--geometry X" in messages
    assert "Weights of the terms. A weight of 0 leaves its term out." in messages
    assert "dry run: the data and one step are fine" in messages
    assert '"brightness_jump"' in (out / "metrics.json").read_text()
    assert "Brightness jump" in (out / "report.html").read_text()


def test_the_method_stands_in_the_tables_that_the_script_writes(house: Path) -> None:
    run(house, "docs/tables.py")
    page = (house / "docs" / "methods.md").read_text()
    assert "| `gc-gan` | 1 frame | a to b | Fu et al., CVPR 2019, [arXiv 1809.05852]" in page
    assert "| `geometry` |" in page
