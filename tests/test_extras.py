"""What can be installed besides: extras are there for code that exists, and all that names one names an extra."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
IMPORTED_AS = {"opencv-python-headless": "cv2"}
"""Names under which packages are imported that differ from those under which they are installed."""


def package(requirement: str) -> str:
    return re.split(r"[<>=!~\[; ]", requirement)[0]


def texts(*patterns: str) -> str:
    return "\n".join(path.read_text() for pattern in patterns for path in sorted(ROOT.glob(pattern)))


def test_every_extra_for_users_is_imported_by_the_package() -> None:
    code = texts("recyclegan/**/*.py")
    users = {name: packages for name, packages in EXTRAS.items() if name != "dev"}
    assert users
    for name, requirements in users.items():
        for module in (IMPORTED_AS.get(found, found) for found in map(package, requirements)):
            found = re.search(rf"^\s*(from|import) {module}\b|^PACKAGE = \"{module}\"", code, re.MULTILINE)
            assert found, f"{name}: nothing imports {module}, or reads a file of it"


@pytest.mark.parametrize("pattern", ["recyclegan/**/*.py", "*.md", "docs/*.md", "Makefile", ".ci/*"])
def test_every_extra_that_is_named_exists(pattern: str) -> None:
    named = re.findall(r"(?:recyclegan|'\.|\"\.)\[([\w,]+)\]['\"]", texts(pattern))
    assert {extra for extras in named for extra in extras.split(",")} <= EXTRAS.keys()


def test_messages_and_the_developers_installation_name_extras() -> None:
    assert "recyclegan[metrics]'" in texts("recyclegan/**/*.py")
    assert "'.[metrics,onnx,features,dev]'" in texts("Makefile")


def test_every_package_that_is_asked_for_has_its_tested_version() -> None:
    pinned = set(re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    asked = {package(one) for group in (PROJECT["dependencies"], *EXTRAS.values()) for one in group}
    assert {name.lower() for name in asked} <= {name.lower() for name in pinned}
