"""The documentation's code runs, and what it refers to exists."""

import ast
import importlib.util
import json
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest
import torch
import yaml
from torch import nn

from recyclegan import __version__
from recyclegan.cli.train import method_of, train_arguments
from recyclegan.domains import DOMAINS
from recyclegan.settings.methods import METHODS
from recyclegan.settings.presets import PRESETS

DOCS = Path(__file__).parent.parent / "docs"
METHODS_PAGE, ROBUSTNESS_PAGE = DOCS / "methods.md", DOCS / "robustness.md"


def code_blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def test_the_two_terms_train_foreign_networks() -> None:
    torch.manual_seed(0)
    there, back = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(2))
    before = [parameter.detach().clone() for network in (there, back) for parameter in network.parameters()]
    (block,) = code_blocks(METHODS_PAGE)
    assert block.index("loss = own_loss") < block.index("unsup_recycle") < block.index("loss.backward")
    names = {
        "G": there,
        "F": back,
        "loader": [torch.rand(2, 3, 40, 56) * 2 - 1 for _ in range(2)],
        "optimizer": torch.optim.Adam([*there.parameters(), *back.parameters()]),
        "own_loss": lambda _, y: (y.mean() - 0.5).square(),
    }
    exec(block, names)
    after = [parameter for network in (there, back) for parameter in network.parameters()]
    assert not any(torch.equal(old, new) for old, new in zip(before, after, strict=True))
    assert float(names["loss"].detach()) > 0


@pytest.mark.parametrize("page", [METHODS_PAGE, ROBUSTNESS_PAGE], ids=lambda page: page.stem)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page.read_text())
    assert len(named) > 10
    texts = {file: (page.parent.parent / file).read_text() for file, _ in named}
    missing = [f"{file}::{test}" for file, test in named if test and f"def {test}(" not in texts[file]]
    assert not missing


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", DOCS / "tables.py")
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_method_is_listed_with_the_length_of_its_clips(tables: ModuleType) -> None:
    page = tables.made(METHODS_PAGE.read_text())
    for name, method in METHODS.items():
        assert re.search(rf"^\| `{name}` \| {method.clip_length} frames? \|", page, re.MULTILINE), name


def table_of(page: str, name: str) -> list[list[str]]:
    """Return the cells of a table that the script makes."""
    text = page.partition(f"<!-- {name}: made by docs/tables.py -->\n")[2].partition("<!-- end -->")[0]
    header, _, *rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in text.strip().splitlines()]
    return [header, *rows]


def test_the_table_of_weights_is_that_of_the_defaults_and_the_presets(tables: ModuleType) -> None:
    header, *rows = table_of(tables.made(METHODS_PAGE.read_text()), "weights")
    columns = [cell.strip("`").removeprefix("--preset ") for cell in header[1:]]
    configs = [METHODS[name].Config() if name in METHODS else PRESETS[name].config for name in columns]
    assert set(METHODS) <= set(columns)
    for term, *cells in rows:
        for name, config, cell in zip(columns, configs, cells, strict=True):
            weights = getattr(config, term.strip("`"), None)
            assert cell == as_cell(weights), f"{name}: {term}"


@pytest.mark.parametrize("name", ["methods", "weights"])
def test_the_tables_of_the_page_are_those_that_the_classes_make(tables: ModuleType, name: str) -> None:
    """Methods and terms that are not written there yet are no mistake: ``make test`` writes them."""
    page = METHODS_PAGE.read_text()
    written, made = (cells_of(table_of(text, name)) for text in (page, tables.made(page)))
    assert len(written) > 10
    assert written.items() <= made.items()


def cells_of(table: list[list[str]]) -> dict[tuple[str, str], str]:
    """Return each cell by the names of its row and its column."""
    header, *rows = table
    return {(row[0], title): cell for row in rows for title, cell in zip(header, row, strict=True)}


def test_making_tables_leaves_the_rest_of_the_page_and_ends(tables: ModuleType) -> None:
    page = METHODS_PAGE.read_text()
    made = tables.made(page)
    assert tables.made(made) == made
    without = re.compile(r"made by docs/tables.py -->.*?<!-- end -->", re.DOTALL)
    assert without.sub("", made) == without.sub("", page)


MADE = [page for page in DOCS.glob("*.md") if page != METHODS_PAGE and "made by docs/tables.py" in page.read_text()]
"""Pages whose tables come from files in docs/results/ alone; those of methods.md grow with every method."""
RESULTS = sorted((DOCS / "results").glob("*.json"))


@pytest.mark.parametrize("page", MADE, ids=lambda page: page.stem)
def test_making_the_tables_of_results_changes_nothing(tables: ModuleType, page: Path) -> None:
    text = page.read_text()
    assert tables.made(text) == text
    assert tables.made(tables.TABLE.sub(r"\g<begin>\g<end>", text)) == text


@pytest.mark.parametrize("file", RESULTS, ids=lambda file: file.stem)
def test_results_say_what_printed_them_and_stand_on_a_page(file: Path) -> None:
    content = json.loads(file.read_text())
    assert content["machine"]
    assert all(command.startswith(("recyclegan ", "python benchmarks/")) for command in content["commands"])
    assert any(f"<!-- {file.stem}" in page.read_text() for page in MADE)


def test_a_result_lies_within_its_interval_and_stands_on_the_page_as_it_is(tables: ModuleType) -> None:
    compared = [content for file in RESULTS if "directions" in (content := json.loads(file.read_text()))]
    assert len(compared) > 4
    for content in compared:
        for direction, found in content["directions"].items():
            rows = list(tables.comparison(content, direction))
            for (name, scores), row in zip(found["contenders"].items(), rows[1:], strict=False):
                assert row[0] == name
                for score, cell in zip(scores.values(), row[-len(scores) :], strict=True):
                    assert score["low"] <= score["value"] <= score["high"]
                    assert float(cell.strip("*")) == score["value"]
                    assert cell.startswith("**") == score["beyond_chance"]


def test_the_glossary_has_one_line_for_each_word() -> None:
    words = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", (DOCS / "glossary.md").read_text(), re.MULTILINE)
    words = [word for one in words for word in one.split(", ") if one != "word"]
    assert len(words) == len(set(words))
    assert set(words) >= {
        *("flow", "warp", "visibility mask", "warping error", "temporal consistency", "distribution distance"),
        *("direction", "checkpoint", "translator", "preset", "budget", "domain", "method", "generator"),
    }


def test_issues_ask_for_what_the_program_runs_on() -> None:
    for name in ("bug", "question"):
        text = (DOCS.parent / ".github" / "ISSUE_TEMPLATE" / f"{name}.md").read_text()
        assert text.startswith("---\nname: ")
        assert "`recyclegan doctor --report`" in text


def test_the_citation_names_the_paper_and_this_version() -> None:
    cited = yaml.safe_load((DOCS.parent / "CITATION.cff").read_text())
    assert (cited["cff-version"], cited["version"], cited["license"]) == ("1.2.0", __version__, "Apache-2.0")
    (paper,) = cited["references"]
    assert [author["family-names"] for author in paper["authors"]] == ["Wang", "Akash", "Misu"]
    assert paper["url"].endswith("2201.05723")


@pytest.mark.parametrize("page", [*DOCS.glob("*.md"), DOCS.parent / "CONTRIBUTING.md"], ids=lambda page: page.stem)
def test_every_page_that_is_linked_exists(page: Path) -> None:
    links = re.findall(r"\]\(([\w./-]+\.\w+)\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


ARCHITECTURE = (DOCS / "architecture.md").read_text()
PACKAGE = DOCS.parent / "recyclegan"


def defined_in(file: Path) -> set[str]:
    """Return the names of a file's functions and classes; methods stand behind their class and a dot."""
    body = ast.parse(file.read_text()).body
    kinds = (ast.FunctionDef, ast.ClassDef)
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    methods = {f"{node.name}.{part.name}" for node in classes for part in node.body if isinstance(part, kinds)}
    return {node.name for node in body if isinstance(node, kinds)} | methods


def stops(walk: str) -> list[tuple[str, list[str]]]:
    """Return the files of a walk, each with the names that the frame passes there."""
    text = ARCHITECTURE.partition(f"\n## {walk}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([\w/]+\.py)` \| (.+?) \| .+ \|$", text, re.MULTILINE)
    return [(file, re.findall(r"`([\w.]+)`", names)) for file, names in rows]


@pytest.mark.parametrize("walk", ["One frame through training", "One frame through translating"])
def test_every_stop_of_a_walk_exists(walk: str) -> None:
    assert len(stops(walk)) > 10
    for file, names in stops(walk):
        assert names
        assert set(names) <= defined_in(PACKAGE / file), file


def test_every_file_that_the_architecture_names_exists() -> None:
    named = re.findall(r"`([\w/]+\.py)`", ARCHITECTURE)
    assert [file for file in named if not (PACKAGE / file).is_file()] == []


def test_every_room_of_the_package_is_listed_and_no_other() -> None:
    table = ARCHITECTURE.partition("\n## Rooms\n")[2].partition("\n## ")[0]
    listed = [room for row in re.findall(r"^\| \d+ \| (.+?) \|", table, re.MULTILINE) for room in row.split(", ")]
    there = {place.stem for place in PACKAGE.iterdir() if place.suffix == ".py" or (place / "__init__.py").is_file()}
    assert sorted(room.strip("`") for room in listed) == sorted(there - {"__init__", "__main__", "version"})


def anchors(page: Path) -> set[str]:
    """Return what a link may name in a page: each heading in lower case, with hyphens for spaces."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [*DOCS.glob("*.md"), *DOCS.parent.glob("*.md")], ids=lambda page: page.stem)
def test_every_heading_that_is_linked_exists(page: Path) -> None:
    links = re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", page.read_text())
    missing = [anchor for file, anchor in links if anchor not in anchors(page.parent / file if file else page)]
    assert missing == []


def as_cell(weights: tuple[float, float] | float | None) -> str:
    if isinstance(weights, tuple):
        assert len(weights) == len(DOMAINS)
        return "/".join(f"{weight:g}" for weight in weights)
    return "" if weights is None else f"{weights:g}"


def train_lines() -> list[str]:
    """Return the commands of the pages that start a training."""
    pages = [DOCS.parent / "README.md", *(DOCS / f"{name}.md" for name in ("quickstart", "training", "calibration"))]
    lines = [line for page in pages for line in page.read_text().splitlines()]
    return [line for line in dict.fromkeys(lines) if line.startswith("recyclegan train ") and "--resume" not in line]


@pytest.mark.parametrize("line", train_lines())
def test_every_train_line_is_understood(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line, comments=True)[2:]
    words = [word for place, word in enumerate(words) if "--flow" not in words[max(0, place - 1) : place + 1]]
    flags, values = train_arguments(*method_of(words))
    assert flags.minutes is None or flags.minutes > 0
    assert str(values["data"]) == "data"


def test_there_is_a_line_for_a_cpu_and_one_for_a_graphics_card() -> None:
    with_minutes = [line for line in train_lines() if "--minutes" in line]
    assert any("--size" not in line for line in with_minutes)
    assert any("bf16-mixed" in line for line in with_minutes)


PERFORMANCE_PAGE = DOCS / "performance.md"


def test_the_tables_of_performance_are_those_of_what_was_measured(tables: ModuleType) -> None:
    page = PERFORMANCE_PAGE.read_text()
    assert tables.made(page) == page


def test_what_is_not_measured_yet_is_told_as_such(
    tables: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MEASURED", tmp_path)
    page = tables.made(PERFORMANCE_PAGE.read_text())
    assert page.count("not measured yet") == 4


def test_a_result_stands_in_the_table_with_its_spread_memory_and_limit(
    tables: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = {"part": "step", "what": "a step", "how": "ours", "value": 0.03, "unit": "s/step", "spread": [0.02, 0.04]}
    line |= {"n": 3, "peak_memory_mb": 1234.0, "share_of_attainable": 0.35, "limit": "launches"}
    part = {"name": "step", "command": "python step.py", "code": 0, "seconds": 9.6, "in_time": True, "lines": [line]}
    part["failures"] = []
    machine = {"card": "H100", "cpu": "Xeon", "cores": 16, "torch": "2.11.0", "python": "3.12.3"}
    (tmp_path / "h100.json").write_text(json.dumps({"machine": machine, "parts": [part]}))
    monkeypatch.setattr(tables, "MEASURED", tmp_path)
    page = tables.made(PERFORMANCE_PAGE.read_text())
    header, row = table_of(page, "h100")
    assert row == ["a step", "ours", "0.03 s/step", "0.02 to 0.04 (3)", "1,234 MB", "35.0%", "launches"]
    assert table_of(page, "h100-run")[1] == ["step", "`python step.py`: done, 10 s"]
    assert len(header) == len(row)
