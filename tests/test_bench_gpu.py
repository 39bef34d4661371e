"""``make bench-gpu`` needs no repair on its first run: scripts know their words, and no part can lose another."""

import ast
import importlib
import json
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from recyclegan.training import loop

ROOT = Path(__file__).parent.parent
BENCHMARKS = ROOT / "benchmarks"
LINE = {"part": "x", "what": "w", "how": "ours", "value": 1.5, "unit": "s", "spread": [1, 2], "n": 3}
LINE |= {"peak_memory_mb": None, "share_of_attainable": 0.5, "limit": "", "command": "c", "machine": {}}


@pytest.fixture(scope="module")
def gpu() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("gpu")


def script(gpu: ModuleType, *statements: str, seconds: float = 60) -> Any:
    return gpu.Part("x", ("-c", "; ".join(["import json, sys, time", *statements])), seconds)


SAYS = f"print(json.dumps({LINE!r}), flush=True)"


@pytest.mark.parametrize("name", ["step", "translate", "loader", "startup"])
def test_every_part_gives_words_that_its_script_knows(gpu: ModuleType, name: str) -> None:
    (part,) = (part for part in gpu.PARTS if part.name == name)
    if not gives_results(part):
        pytest.skip(f"{part.words[0]} is not here in the form that takes --small")
    words = [*part.words, *part.small, *(["--reference"] if part.compares else [])]
    assert {word for word in words if word.startswith("--")} <= known_options(ROOT / part.words[0])


def gives_results(part: Any) -> bool:
    """Return whether a part is one of tests, or a script that is here and takes small sizes."""
    path = ROOT / part.words[0]
    return part.words[0] == "-m" or (path.exists() and "--small" in known_options(path))


def known_options(path: Path) -> set[str]:
    """Return the options that a script's parser has."""
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    adding = (call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument")
    names = (argument for call in adding for argument in call.args if isinstance(argument, ast.Constant))
    return {name.value for name in names}


def test_the_tests_for_a_gpu_are_found_and_known_to_be_such(gpu: ModuleType) -> None:
    files = gpu.marked_tests()
    assert "tests/data/test_cuda_staging.py" in files
    assert all((ROOT / file).exists() for file in files)


def test_tests_of_what_must_be_known_first_run_first_and_once(gpu: ModuleType) -> None:
    first, *_, others = gpu.PARTS
    assert (first.name, others.name) == ("first-tests", "tests")
    assert "tests/translation/test_cuda.py::test_a_video_is_that_of_the_cpu_in_order" in first.words
    for name in gpu.FIRST_TESTS:
        file, _, test = name.partition("::")
        assert file in gpu.marked_tests()
        assert f"def {test}" in (ROOT / file).read_text()
        assert f"--deselect={name}" in others.words
    assert {*gpu.marked_tests()} <= {*others.words}


def test_all_parts_together_fit_into_eight_minutes(gpu: ModuleType) -> None:
    assert sum(part.seconds for part in gpu.PARTS) <= gpu.LIMIT < 480


def test_the_phases_of_training_are_those_of_its_loop() -> None:
    phases = next(
        ast.literal_eval(node.value)
        for node in ast.parse((BENCHMARKS / "startup.py").read_text()).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "PHASES"  # type: ignore[attr-defined]
    )
    assert [name for name in phases if not callable(vars(loop).get(name))] == []


def test_results_are_kept_of_a_part_that_is_done(gpu: ModuleType) -> None:
    done = gpu.run_part(script(gpu, "print('hello')", SAYS), 60)
    assert (done.is_well, done.code, done.lines, done.tail) == (True, 0, [LINE], "hello")


STEP = {"benchmark": "step", "recipe": "video-to-label", "size": [256, 512], "torch": "2", "variant": "captured-32"}
MEASURED = {"seconds": 0.0312345, "spread": [0.03, 0.04], "gigabytes_above_idle": 1.25, "share_of_attainable": 0.3}
FILM = {"benchmark": "translate", "frames": 240, "size": "512x256", "engine": "torch", "precision": "32"}
PACE = {"frames_per_second": 321.0, "spread": [300, 330], "repeats": 3, "peak_resident_gigabytes": 2.5}


def test_lines_of_steps_and_of_translations_come_in_the_same_form(gpu: ModuleType) -> None:
    lines, failures = gpu.gathered([json.dumps({**STEP, **MEASURED}), "words", json.dumps({**FILM, **PACE})], "c")
    assert failures == []
    step, film = [[line[key] for key in ("what", "how", "value", "unit", "peak_memory_mb")] for line in lines]
    assert step == ["step of video-to-label, 512x256", "ours, captured-32", 0.03123, "s/step", 1250.0]
    assert film == ["240 frames of 512x256, file to file", "ours, torch, 32", 321.0, "frames/s", 2500.0]
    assert all(line.keys() == LINE.keys() for line in lines)


def test_works_that_went_wrong_are_told_and_make_a_part_not_whole(gpu: ModuleType) -> None:
    wrong = [{**STEP, "error": "out of memory"}, {**FILM, "failed": "took longer than 40 s"}]
    done = gpu.run_part(script(gpu, *(f"print(json.dumps({messages!r}))" for messages in wrong), SAYS), 60)
    assert done.failures == ["video-to-label captured-32 [256, 512]: out of memory", FAILED]
    assert (done.lines, done.code, done.is_well) == ([LINE], 0, False)


FAILED = "512x256 torch 32: took longer than 40 s"


def test_results_are_kept_of_a_part_that_fails(gpu: ModuleType) -> None:
    done = gpu.run_part(script(gpu, SAYS, "sys.exit('no such thing')"), 60)
    assert (done.is_well, done.code, done.lines, done.tail) == (False, 1, [LINE], "no such thing")


def test_results_are_kept_of_a_part_whose_time_is_over_and_nothing_of_it_runs_on(gpu: ModuleType) -> None:
    start = time.monotonic()
    child = "import subprocess; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    done = gpu.run_part(script(gpu, SAYS, child), 3)
    assert (done.is_well, done.in_time, done.lines) == (False, False, [LINE])
    assert time.monotonic() - start < 30


def test_a_part_that_fails_loses_no_other_and_the_file_is_small(
    gpu: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    much = f"[print(json.dumps({LINE!r})) for _ in range(2000)]; print('x' * 10**6)"
    parts = (script(gpu, "sys.exit(3)"), script(gpu, SAYS), script(gpu, much))
    monkeypatch.setattr(gpu, "PARTS", parts)
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        gpu.main()
    assert ended.value.code == 1
    written = tmp_path / "out" / gpu.FILE
    messages = json.loads(written.read_text())
    assert [(one["code"], bool(one["lines"])) for one in messages["parts"]] == [(3, False), (0, True), (0, True)]
    assert written.stat().st_size < 10**6
    assert set(messages["machine"]) == {"cpu", "cores", "card", "torch", "python"}
    shown = capsys.readouterr().out
    assert "1.5 s" in shown
    assert "FAILED" in shown


@pytest.mark.slow
def test_all_parts_run_at_small_sizes(gpu: ModuleType, tmp_path: Path) -> None:
    parts = [part.name for part in gpu.PARTS if gives_results(part)]
    words = ["--small", "--out", str(tmp_path), "--only", *parts]
    done = subprocess.run([sys.executable, str(BENCHMARKS / "gpu.py"), *words], capture_output=True, text=True)
    messages = json.loads((tmp_path / gpu.FILE).read_text())
    assert {one["name"]: (one["code"], one["tail"]) for one in messages["parts"] if one["code"]} == {}
    assert done.returncode == 0, done.stderr
    assert {line["part"] for one in messages["parts"] for line in one["lines"]} == {*parts} - {"tests", "first-tests"}
