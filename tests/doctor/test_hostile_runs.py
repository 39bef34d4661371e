"""Logs and configurations that are damaged or odd: each is told in a finding, none stops the examination."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recyclegan.doctor import examine_run, training_checks
from recyclegan.settings.training import config_to_dict
from tests.doctor.world import only, run_view
from tests.small import small_config

ODD_LINES = {
    "no table": b"[1, 2]",
    "a number": b"7",
    "null": b"null",
    "a string": b'"step"',
    "no step": b'{"ab/cycle": 1.0}',
    "step of text": b'{"step": "7", "ab/cycle": 1.0}',
    "step of a fraction": b'{"step": 7.5}',
    "step NaN": b'{"step": NaN}',
    "step infinite": b'{"step": Infinity}',
    "step below 0": b'{"step": -3}',
    "step huge": b'{"step": 1' + b"0" * 300 + b"}",
    "step of too many digits": b'{"step": ' + b"9" * 5000 + b"}",
    "step true": b'{"step": true}',
    "step null": b'{"step": null}',
    "step a list": b'{"step": [1]}',
    "no UTF-8": b'{"step": 7, "caf\xe9": 1}',
    "UTF-16": '{"step": 7}'.encode("utf-16"),
    "zeros": b"\0" * 40,
    "nested": b"[" * 100_000,
    "cut": b'{"step": 7, "ab/cy',
    "two in one": b'{"step": 7}{"step": 8}',
}
ODD_VALUES = ['"text"', "[1]", "{}", "null", "true", "1" + "0" * 400]
NOT_FINITE = ["NaN", "Infinity", "-Infinity", "1e999", "1e308", "-1e308"]


def write_log(folder: Path, lines: list[bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stats.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (folder / "config.json").write_text(json.dumps(config_to_dict(small_config(folder / "data", folder))))
    return folder


def good(step: int, value: str = "1.0") -> bytes:
    return f'{{"step": {step}, "ab/cycle": {value}, "a/discriminator": {value}, "ab/equivariance": {value}}}'.encode()


@pytest.mark.parametrize("line", ODD_LINES.values(), ids=ODD_LINES)
def test_an_odd_line_is_passed_over_and_told(tmp_path: Path, line: bytes) -> None:
    run = write_log(tmp_path, [good(1), line, good(2)])
    messages = [finding.what for finding in examine_run(run) if finding.what.startswith("stats.jsonl: 1 line")]
    assert messages == ["stats.jsonl: 1 line of 3 cannot be read and were passed over: line 2"]


@pytest.mark.parametrize("value", ODD_VALUES)
def test_a_value_that_is_no_number_is_told(tmp_path: Path, value: str) -> None:
    run = write_log(tmp_path, [good(step) for step in range(1, 40)] + [good(40, value)])
    assert [finding.what for finding in examine_run(run) if "no number: ab/cycle in 1" in finding.what]


@pytest.mark.parametrize("value", NOT_FINITE)
@pytest.mark.parametrize("place", ["some", "all"])
def test_a_value_that_is_not_finite_is_a_problem_and_stops_nothing(tmp_path: Path, value: str, place: str) -> None:
    lines = [good(step, value if place == "all" or step > 30 else f"{step}.5") for step in range(1, 41)]
    findings = examine_run(write_log(tmp_path, lines))
    assert [finding for finding in findings if finding.severity == "problem" and "ab/cycle is" in finding.what]
    assert not [
        finding for finding in findings if "ab: all its weights" in finding.what or "still fell" in finding.what
    ]


def test_steps_logged_twice_are_told_and_judged_once(tmp_path: Path) -> None:
    view = run_view(tmp_path, {"ab/cycle": [1.0] * 30}, every=1)
    path = tmp_path / "stats.jsonl"
    path.write_text(path.read_text() + '{"step": 7, "ab/cycle": 5.0}\n')
    only(training_checks.damaged_log(view), "warning", "1 step logged more than once, such as 7")
    assert dict(view.points["ab/cycle"])[7] == 5.0
    assert view.points["ab/cycle"][-1][0] == 30


def test_one_step_in_all_lines_has_no_course(tmp_path: Path) -> None:
    examine_run(write_log(tmp_path, [good(7)] * 40))


def test_a_folder_in_place_of_the_log_is_told(tmp_path: Path) -> None:
    run = write_log(tmp_path, [])
    (run / "stats.jsonl").unlink()
    (run / "stats.jsonl").mkdir()
    assert [finding for finding in examine_run(run) if "stats.jsonl: cannot be read (Is a directory)" in finding.what]


def test_what_may_not_be_read_is_told_and_stops_no_other_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = write_log(tmp_path, [good(1, "NaN")])

    def refuse(*_: Any) -> None:
        raise PermissionError(13, "Permission denied", str(run))

    monkeypatch.setattr(Path, "glob", refuse)
    messages = [finding.what for finding in examine_run(run)]
    assert f"{run}: cannot be read (Permission denied)" in messages
    assert "stats.jsonl: ab/cycle is nan at step 1" in messages


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["step", "lr", "ab/cycle", "ba/adversarial", "a/discriminator", "ab/equivariance", ""])
LINES = st.one_of(
    st.binary(max_size=40),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(NAMES, JSON, max_size=4).map(lambda value: json.dumps(value).encode()),
    st.tuples(st.integers(0, 50), st.floats()).map(lambda pair: good(pair[0], json.dumps(pair[1]))),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES, max_size=50))
def test_any_log_can_be_examined(tmp_path: Path, lines: list[bytes]) -> None:
    examine_run(write_log(tmp_path, lines))


FIELDS = st.sampled_from(["method", "networks", "frames", "steps", "data", "out", "lr", "betas", "seed", "unknown"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(FIELDS, JSON, max_size=3))
def test_any_configuration_can_be_examined(tmp_path: Path, changes: dict[str, Any]) -> None:
    run = write_log(tmp_path, [good(1)])
    (run / "config.json").write_text(json.dumps({**config_to_dict(small_config(run / "data", run)), **changes}))
    examine_run(run)


ODD_CONFIGS = {
    "empty": b"",
    "no UTF-8": b'{"caf\xe9": 1}',
    "null": b"null",
    "a list": b"[]",
    "nested": b"[" * 100_000,
    "digits": b'{"steps": ' + b"9" * 5000 + b"}",
    "name a list": b'{"method": {"name": ["x"]}}',
    "name a table": b'{"method": {"name": {}}}',
}


@pytest.mark.parametrize("content", ODD_CONFIGS.values(), ids=ODD_CONFIGS)
def test_an_odd_configuration_is_one_problem(tmp_path: Path, content: bytes) -> None:
    run = write_log(tmp_path, [good(1)])
    (run / "config.json").write_bytes(content)
    (finding,) = [finding for finding in examine_run(run) if "config.json" in finding.what]
    assert finding.severity == "problem"


def test_a_folder_in_place_of_the_configuration_is_one_problem(tmp_path: Path) -> None:
    run = write_log(tmp_path, [good(1)])
    (run / "config.json").unlink()
    (run / "config.json").mkdir()
    assert [finding for finding in examine_run(run) if "config.json" in finding.what]
