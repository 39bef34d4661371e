"""Every place where ours differs from the published code is listed with a test that shows it, and that test exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SECTION = "## Where ours differs from the published code"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def section() -> str:
    return (ROOT / "docs" / "methods.md").read_text().split(f"\n{SECTION}\n")[1].split("\n## ")[0]


def rows() -> list[list[str]]:
    """Return the cells of the tables' rows, without headers."""
    lines = [line for line in section().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [row for row in cells if row[0] != "the published code"]


@cache
def functions_of(file: str) -> set[str]:
    """Return the names of the test functions of a file that would be collected, those of its classes too."""
    tree = ast.parse((ROOT / file).read_text())
    groups = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.startswith("Test"))]
    functions = [node.name for group in groups for node in group.body if isinstance(node, ast.FunctionDef)]
    return {name for name in functions if name.startswith("test_")}


def missing(text: str) -> list[str]:
    """Return the tests that a text names and that do not exist."""
    return [
        f"{file}::{name}"
        for file, name in NAMED.findall(text)
        if not (ROOT / file).is_file() or name not in functions_of(file)
    ]


def test_every_deviation_names_its_tests() -> None:
    assert len(rows()) > 35
    assert [row for row in rows() if len(row) != 3 or not NAMED.search(row[2])] == []


def test_every_named_test_exists() -> None:
    assert missing(section()) == []


def test_a_test_that_is_gone_is_found() -> None:
    here = "tests/test_deviations.py"
    gone = [f"{here}::test_nothing", "tests/test_none.py::test_a"]
    assert missing(f"`{gone[0]}` and `{gone[1]}`, not `{here}::test_every_named_test_exists`") == gone


@pytest.mark.parametrize(
    "words",
    [
        "learning rate is 0",
        "zero flow",
        "whole batch",
        "under 100 pixels",
        "above 600 pixels",
        "whole numbers",
        "zoom replaces",
        "gathers gradients",
        "fed with [-1, 1]",
        "weight 0",
        "--mean False",
        "enlarged bilinearly",
        "Van and train",
        "shift by one",
        "Boat falls into plane",
        "Absent classes",
        "overwrite each other",
        "under A's names",
        "Both domains",
        "Resuming restores weights only",
        "opt.txt",
        "seeded",
        "4 does not divide",
        "No norm, or one channel",
        "--phase val",
        "resized bicubically",
        "unaligned_triplet_scale",
        "weight of the cycle term",
        "weight of the identity term",
        "--which_direction",
    ],
)
def test_each_known_fault_has_a_row(words: str) -> None:
    assert any(words in row[0] for row in rows())
