"""Evaluations that are damaged, odd, or cannot be written: one line each, and nothing half written."""

import copy
import errno
import json
import os
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recyclegan.cli import main
from recyclegan.errors import InputError
from recyclegan.evaluation import compare, evaluate
from recyclegan.evaluation.examples import read_draws, read_metrics
from recyclegan.settings.evaluation import EvaluationConfig
from tests.evaluation.world import pictures, write_clip, write_world

QUICK = EvaluationConfig(num_shown=0, num_draws=5)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    root = write_world(tmp_path_factory.mktemp("world"))
    evaluate(root / "source", root / "source", root / "out", config=QUICK)
    return root / "out"


@pytest.mark.parametrize("at", range(4))
def test_a_full_disk_leaves_no_half_of_an_output(tmp_path, monkeypatch, capsys, at):
    """The disk is full at the first, second, third or fourth file: all are there, or none."""
    clip, out, written = write_clip(tmp_path / "clip", pictures(0, 3)), tmp_path / "out", []
    flush = os.fsync

    def full(descriptor):
        written.append(descriptor)
        if len(written) > at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    code = main(["evaluate", str(clip), str(clip), "--out", str(out), "--num-draws", "5", "--num-shown", "0"])
    messages = capsys.readouterr().err.strip().splitlines()
    assert code == (2 if at < 3 else 0)
    assert at == 3 or "No space left on device" in messages[-1]
    names = sorted(path.name for path in out.iterdir())
    assert names == ([] if at < 3 else ["draws.npz", "metrics.json", "report.html"])


def test_a_temporary_folder_that_is_full_is_told(tmp_path, monkeypatch):
    root = write_world(tmp_path / "world")

    def full(*_, **__):
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.mkdtemp", full)
    with pytest.raises(InputError, match="temporary"):
        evaluate(root / "source", root / "source", tmp_path / "out")


def test_names_that_are_no_utf8_reach_report_and_numbers(tmp_path, capsys):
    clips, names = tmp_path / "clips", [os.fsdecode(b"caf\xe9"), os.fsdecode(b"d\xff\xfe"), "na\u00efve"]
    for number, name in enumerate(names):
        write_clip(clips / name, pictures(number, 3))
    out = tmp_path / os.fsdecode(b"out\xe9")
    words = ["evaluate", str(clips), str(clips), "--out", str(out), "--num-draws", "5"]
    assert main(words) == 0
    messages = {clip["name"] for clip in json.loads((out / "metrics.json").read_text())["clips"]}
    assert messages == set(names)
    assert "caf\\udce9" in (out / "report.html").read_text()
    compare({os.fsdecode(b"\xe9"): out, "other": out}, tmp_path / "both.html")
    plan, *progress = capsys.readouterr().err.splitlines()
    assert plan == "measuring steadiness (flow: dis) of 3 clips; frames: all 9"
    assert all(line.startswith(("measuring: ", "films: ")) for line in progress)


def write_metrics(folder, content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metrics.json").write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return folder


def changed(content, path, value):
    """Return the content with another value at a path of keys."""
    content = copy.deepcopy(content)
    *direction, last = path
    place = content
    for key in direction:
        place = place[key]
    if value is KeyError:
        del place[last]
    else:
        place[last] = value
    return content


VALUES = ("1", [1], {}, True, float("nan"), float("inf"), 10**400)
WARPING = ("measures", "warping_error")
ODD = [
    *((("format",), value) for value in (0, "1", None, [1], KeyError)),
    *((("measures",), value) for value in (None, [], "x", 7, KeyError)),
    *((("protocol",), value) for value in (None, [], {"flow": 7}, {"flow": ["a"]}, KeyError)),
    *((("inputs",), value) for value in (3, {"source": {}}, KeyError)),
    *((WARPING, value) for value in (None, [], 1.0)),
    *(((*WARPING, "translated"), value) for value in (None, [], {}, KeyError)),
    *(
        ((*WARPING, "translated", "value"), value)
        for value in ("1", [1], {}, True, float("nan"), float("inf"), 10**400)
    ),
    *(((*WARPING, "translated", "low"), value) for value in ("x", KeyError)),
    *(((*WARPING, "translated", "num_clips"), value) for value in (None, -1, 1.5, "2", 10**20, KeyError)),
    *(((*WARPING, "references"), value) for value in (None, [1], {"source": 1}, {"source": {"value": "x"}}, KeyError)),
]


@pytest.mark.parametrize(("path", "value"), ODD, ids=lambda part: str(part)[:30])
def test_odd_numbers_of_an_evaluation_are_one_line(evaluated, tmp_path, path, value):
    content = json.loads((evaluated / "metrics.json").read_text())
    folder = write_metrics(tmp_path / "odd", changed(content, path, value))
    with pytest.raises(InputError, match=r"metrics\.json.*evaluate again") as messages:
        compare({"odd": folder, "good": evaluated}, tmp_path / "both.html")
    assert "\n" not in str(messages.value)
    assert not (tmp_path / "both.html").exists()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe{", b"[" * 100_000, b"9" * 5000, b"null", b"\0" * 10])
def test_damaged_numbers_of_an_evaluation_are_one_line(tmp_path, content):
    with pytest.raises(InputError, match=r"metrics\.json"):
        read_metrics(write_metrics(tmp_path / "odd", content))


def test_measures_of_another_version_are_passed_over(evaluated, tmp_path):
    content = json.loads((evaluated / "metrics.json").read_text())
    content["measures"]["later"] = content["measures"]["warping_error"]
    compare({"later": write_metrics(tmp_path / "later", content), "good": evaluated}, tmp_path / "both.html")
    assert (tmp_path / "both.html").is_file()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
PLACES = st.sampled_from(
    [("measures",), ("protocol",), ("inputs",), WARPING, (*WARPING, "translated"), (*WARPING, "references")]
    + [(*WARPING, "translated", key) for key in ("value", "low", "high", "num_clips")]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PLACES, JSON)
def test_any_numbers_are_shown_or_refused(evaluated, tmp_path, path, value):
    content = json.loads((evaluated / "metrics.json").read_text())
    folder = write_metrics(tmp_path / "odd", changed(content, path, value))
    with suppress(InputError):
        compare({"odd": folder, "good": evaluated}, tmp_path / "both.html")


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + b"\0" * 40, b"text", None])
def test_damaged_draws_are_one_line(tmp_path, content):
    if content is not None:
        (tmp_path / "draws.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"draws\.npz"):
        read_draws(tmp_path)


def test_draws_of_another_shape_or_kind_are_refused(evaluated, tmp_path):
    for odd in (np.zeros((2, 3)), np.array(["a"]), np.array([{}], object)):
        np.savez(tmp_path / "draws.npz", warping_error=odd)
        with pytest.raises(InputError, match=r"draws\.npz"):
            read_draws(tmp_path)
    whole = (evaluated / "draws.npz").read_bytes()
    for cut in range(0, len(whole), 97):
        (tmp_path / "draws.npz").write_bytes(whole[:cut])
        with pytest.raises(InputError, match=r"draws\.npz"):
            read_draws(tmp_path)
