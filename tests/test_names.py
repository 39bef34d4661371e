"""Every name that code asks for is there: shapes in annotations keep linters from looking for it."""

import builtins
import symtable
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = [path for folder in ("recyclegan", "benchmarks", "models", "docs") for path in (ROOT / folder).rglob("*.py")]
OF_MODULES = {"__file__", "__name__", "__doc__", "__path__", "__class__"}


def missing(code: str) -> set[str]:
    """Return the names that some function or class of a module takes from the module, and that it does not have."""
    module = symtable.symtable(code, "module", "exec")
    known = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    known |= {table.get_name() for table in module.get_children()} | set(dir(builtins)) | OF_MODULES
    return {name for table in within(module) for name in asked_of_module(table)} - known


def within(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from within(child)


def asked_of_module(table: symtable.SymbolTable) -> Iterator[str]:
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module"):
            yield symbol.get_name()


@pytest.mark.parametrize(
    "code", ["def f():\n    return InputError", "class A:\n    x = [y for y in nothing]", "print(z)"]
)
def test_a_missing_name_is_found(code: str) -> None:
    assert len(missing(code)) == 1


def test_no_name_is_missing() -> None:
    found = {str(path.relative_to(ROOT)): missing(path.read_text()) for path in FILES}
    assert len(found) > 300
    assert {path: names for path, names in found.items() if names} == {}
