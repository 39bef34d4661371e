"""Comparisons from footage to report: whole, resumable, and honest about what failed."""

import json
import os
import re
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from recyclegan.data.index import find_clips
from recyclegan.errors import InputError
from recyclegan.evaluation.comparison import compare_methods
from recyclegan.methods import CUT, CycleGAN
from recyclegan.metrics import flow_estimation
from recyclegan.settings.evaluation import ComparisonConfig, EvaluationConfig
from tests.small import make_data, make_frames, small_config

EVALUATION = EvaluationConfig(num_shown=0, num_draws=50)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = make_data(tmp_path_factory.mktemp("compare") / "data", height=32, width=48)
    for domain in "AB":
        make_frames(root / "val" / domain / "second", 3, 77, height=32, width=48)
    return root


def contenders(data, **changes):
    base = small_config(data, data.parent / "unused", **changes)
    return {"ours": base, "cycle": replace(base, method=CycleGAN.Config())}


def config(**changes):
    return ComparisonConfig(**{"steps": 3, "seeds": 1, "evaluation": EVALUATION, **changes})


@pytest.fixture(scope="module")
def compared(data):
    """Return the folder of a finished comparison with two seeds."""
    out = data.parent / "compared"
    assert compare_methods(contenders(data), data, out, config(seeds=2)) == []
    return out


def test_everything_that_people_look_at_is_there(compared):
    found = {path.name for path in compared.iterdir()}
    assert found == {
        *("results.json", "table.md", "report.html", "contact-sheet-ab.png", "contact-sheet-ba.png", "runs"),
        "comparison.json",
    }
    results = json.loads((compared / "results.json").read_text())
    for direction in ("ab", "ba"):
        scores = results["directions"][direction]["contenders"]
        assert set(scores) == {"ours", "cycle"}
        error = scores["cycle"]["warping_error"]
        assert len(error["seeds"]) == 2
        assert error["value"]["value"] == pytest.approx(sum(error["seeds"]) / 2)
        assert error["value"]["low"] <= error["value"]["value"] <= error["value"]["high"]
        assert error["difference"]["value"] == pytest.approx(
            error["value"]["value"] - scores["ours"]["warping_error"]["value"]["value"]
        )
    page = (compared / "report.html").read_text()
    assert 'src="http' not in page
    assert page.count("<video") == 2
    table = (compared / "table.md").read_text()
    assert "ours, 3 steps, seeds 0, 1" in table
    assert "| ours | usable with reservations: " in table or "| ours | not usable: " in table, "three steps are few"


def test_where_the_time_went_is_told(compared):
    seconds = json.loads((compared / "results.json").read_text())["seconds"]
    assert list(seconds) == ["training", "translating", "measuring"]
    assert all(value > 0 for value in seconds.values())
    each = [json.loads(path.read_text()) for path in (compared / "runs").glob("*/*/seconds.json")]
    assert len(each) == 4
    for stage, total in seconds.items():
        assert total == pytest.approx(sum(run[stage] for run in each), abs=0.01)
    for page in ("report.html", "table.md"):
        assert re.search(r"Time: training .* s, translating .* s, measuring .* s", (compared / page).read_text())


def test_what_belongs_to_source_and_target_is_worked_out_once_for_all_runs(compared, data, tmp_path, monkeypatch):
    pytest.importorskip("cv2")
    estimated, estimate = [], flow_estimation.dis_flow
    monkeypatch.setattr(flow_estimation, "dis_flow", lambda *pair: estimated.append(1) or estimate(*pair))
    compare_methods(contenders(data), data, tmp_path / "out", config(seeds=2))
    pairs = sum(clip.num_frames - 1 for domain in "AB" for clip in find_clips(data / "val" / domain))
    assert len(estimated) == 2 * pairs + 4 * pairs  # both ways on the source once, and once on each output
    assert not (tmp_path / "out" / "memory").exists()
    for name in ("results.json", "table.md"):
        assert (tmp_path / "out" / name).is_file()
    found, expected = (json.loads((out / "results.json").read_text()) for out in (tmp_path / "out", compared))
    assert found["directions"] == expected["directions"]


def test_runs_differ_by_seed_and_share_it_between_contenders(compared):
    configs = {
        (path.parts[-4], path.parts[-3]): json.loads(path.read_text())
        for path in (compared / "runs").glob("*/*/run/config.json")
    }
    assert len(configs) == 4
    assert all(found["seed"] == int(seed[-1]) and found["steps"] == 3 for (_, seed), found in configs.items())


def test_going_on_does_only_what_is_missing(compared, data, tmp_path):
    out = tmp_path / "again"
    shutil.copytree(compared, out)
    shutil.rmtree(out / "runs" / "cycle" / "seed-1" / "evaluation")
    before = (out / "results.json").read_text()
    done = []
    with pytest.raises(InputError, match="give --resume"):
        compare_methods(contenders(data), data, out, config(seeds=2))
    compare_methods(
        contenders(data), data, out, config(seeds=2), lambda *messages: done.append(messages[2]), resume=True
    )
    assert {what for what in done if "measuring" in what} == {"cycle, seed 1: measuring"}
    after = (out / "results.json").read_text()
    assert json.loads(after)["directions"] == json.loads(before)["directions"]


def test_another_budget_in_the_same_folder_is_refused(compared, data):
    with pytest.raises(InputError, match="was started for 3 steps, found 4"):
        compare_methods(contenders(data), data, compared, config(steps=4, seeds=2), resume=True)


def test_another_contender_under_the_same_name_is_refused(compared, data):
    other = {**contenders(data), "ours": replace(contenders(data)["ours"], lr=1e-3)}
    with pytest.raises(InputError, match=r"was started with --lr 0\.0002; found --lr 0\.001"):
        compare_methods(other, data, compared, config(seeds=2), resume=True)


def test_a_contender_that_fails_does_not_stop_the_others(data, tmp_path):
    ours = contenders(data)["ours"]
    broken = replace(ours, frames=replace(ours.frames, size=(64, 64), resize="none"))  # larger than the footage
    failures = compare_methods(
        {**contenders(data), "broken": broken}, data, tmp_path / "out", config(steps=6), resume=False
    )
    assert len(failures) == 1
    assert failures[0].startswith("broken, seed 0: ")
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert set(results["directions"]["ab"]["contenders"]) == {"ours", "cycle"}


def test_a_method_of_one_direction_stands_in_that_direction_alone(data, tmp_path):
    one_way = replace(contenders(data)["ours"], method=CUT.Config(places=16, embedding=8))
    both = {"cycle": contenders(data)["cycle"], "cut": one_way}
    assert compare_methods(both, data, tmp_path / "out", config()) == []
    directions = json.loads((tmp_path / "out" / "results.json").read_text())["directions"]
    assert set(directions["ab"]["contenders"]) == {"cycle", "cut"}
    assert set(directions["ba"]["contenders"]) == {"cycle"}


def test_runs_side_by_side_leave_what_runs_in_turn_leave_from_any_thread(compared, data, tmp_path):
    with ThreadPoolExecutor() as pool:
        run = pool.submit(compare_methods, contenders(data), data, tmp_path / "out", config(seeds=1, jobs=2))
    assert run.result() == []
    name = "runs/cycle/seed-0/run/stats.jsonl"
    assert (tmp_path / "out" / name).read_text() == (compared / name).read_text()


def test_a_signal_leaves_checkpoints_and_the_comparison_goes_on(data, tmp_path):
    many = config(steps=4000, jobs=2)
    stats = tmp_path / "out" / "runs" / "ours" / "seed-0" / "run" / "stats.jsonl"

    def stop() -> None:
        while not stats.is_file():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=stop, daemon=True).start()
    slow = contenders(data, save_every=4000, log_every=1)
    with pytest.raises(KeyboardInterrupt):
        compare_methods(slow, data, tmp_path / "out", many)
    assert list(stats.parent.glob("step-*"))


def test_minutes_become_steps_that_every_run_of_a_contender_shares(data, tmp_path):
    assert compare_methods(contenders(data), data, tmp_path / "out", config(steps=None, minutes=0.003)) == []
    seconds = json.loads((tmp_path / "out" / "budget.json").read_text())
    for name, each in seconds.items():
        trained = json.loads((tmp_path / "out" / "runs" / name / "seed-0" / "run" / "config.json").read_text())["steps"]
        assert trained == max(1, round(0.003 * 60 / each))
    assert "steps (what 0.003 minutes allow), seed 0" in (tmp_path / "out" / "table.md").read_text()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": None}, "either --steps or --minutes"),
        ({"minutes": 1.0}, "either --steps or --minutes"),
        ({"baseline": "cycles"}, "no such contender.*cycle"),
    ],
)
def test_what_cannot_be_compared_is_refused_at_once(data, tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        compare_methods(contenders(data), data, tmp_path / "out", config(**changes))
    assert not (tmp_path / "out").exists()


def test_names_that_would_share_a_folder_are_refused(data, tmp_path):
    ours = contenders(data)["ours"]
    with pytest.raises(InputError, match="would share a folder"):
        compare_methods({"a b": ours, "a-b": ours}, data, tmp_path / "out", config())
