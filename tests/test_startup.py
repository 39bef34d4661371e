"""Help, version, completion and mistakes come at once: nothing heavy is imported for them."""

import json
import subprocess
import sys

from recyclegan.cli.catalogue import every_command

HEAVY = ("torch", "lightning_fabric", "numpy", "PIL", "av", "huggingface_hub", "cv2", "torchmetrics")
SCRIPT = f"""
import contextlib, io, json, sys
from recyclegan.cli import main
loaded = {{}}
for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            code = main(words)
        except SystemExit as stop:
            code = stop.code or 0
    loaded[" ".join(words)] = [code, [name for name in {HEAVY!r} if name in sys.modules]]
print(json.dumps(loaded))
"""
"""Runs commands one after the other in one process, and tells the code of each and what is loaded after it."""


def loaded_by(commands: list[list[str]]) -> dict[str, tuple[int, list[str]]]:
    done = subprocess.run([sys.executable, "-c", SCRIPT, json.dumps(commands)], capture_output=True, check=True)
    return {words: tuple(messages) for words, messages in json.loads(done.stdout).items()}


def test_nothing_heavy_is_imported_for_help() -> None:
    asked = [["--version"], ["--help"], ["--completion", "bash"], ["train"], ["prepare"]]
    asked += [[*name.split(), word] for name, _ in every_command() for word in ("--help", "-h")]
    messages = loaded_by(asked)
    assert len(messages) == len(asked)
    assert {words: found for words, found in messages.items() if found != (0, [])} == {}


def test_nothing_heavy_is_imported_for_mistakes() -> None:
    mistakes = [[*name.split(), "--unknown-option", "3"] for name, _ in every_command()]
    mistakes += [["trian"], ["train", "cat"], ["translate"], ["train", "cut", "--data", "x", "--out", "y", "--lr", "z"]]
    messages = loaded_by(mistakes)
    assert len(messages) == len(mistakes)
    assert {words: found for words, found in messages.items() if found != (2, [])} == {}


def test_training_imports_neither_torchmetrics_nor_scipy_and_leaves_them_to_be_imported() -> None:
    script = (
        "import sys, recyclegan.training; print([name for name in ('torchmetrics', 'scipy') if name in sys.modules]); "
        "import torchmetrics"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
