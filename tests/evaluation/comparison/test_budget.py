"""Equal minutes: steps follow from what each contender's steps take."""

import json
import os
import time

from recyclegan.evaluation.comparison.running import equal_minutes
from recyclegan.planning import step_seconds
from tests.small import make_data, small_config


def budget(tmp_path, names, seconds, minutes=1.0):
    contenders = {name: small_config(tmp_path / "data", tmp_path / name) for name in names}
    asked = []

    def measure(config):
        asked.append(config.out.name)
        return seconds[config.out.name]

    return equal_minutes(contenders, minutes, 1, tmp_path / "budget.json", lambda *_: None, measure), asked


def test_a_contender_with_slower_steps_gets_fewer(tmp_path):
    steps, asked = budget(tmp_path, ["quick", "slow"], {"quick": 0.1, "slow": 0.4})
    assert steps == {"quick": 600, "slow": 150}
    assert asked == ["quick", "slow"] * 3


def test_timings_are_kept_for_a_comparison_that_goes_on(tmp_path):
    budget(tmp_path, ["quick"], {"quick": 0.1})
    steps, asked = budget(tmp_path, ["quick", "new"], {"quick": 9.0, "new": 0.5})
    assert steps == {"quick": 600, "new": 120}
    assert asked == ["new"] * 3
    assert json.loads((tmp_path / "budget.json").read_text()) == {"quick": 0.1, "new": 0.5}


def test_there_is_always_a_step(tmp_path):
    assert budget(tmp_path, ["slow"], {"slow": 100.0}, minutes=0.01)[0] == {"slow": 1}


def test_a_step_is_timed_without_leaving_anything(tmp_path):
    config = small_config(make_data(tmp_path / "data"), tmp_path / "run")
    assert step_seconds(config) > 0
    assert not config.out.exists()


def measure_beside_another(config):
    """Return a time once a second process measures, too."""
    folder = config.out.parent
    (folder / f"{os.getpid()}.pid").touch()
    given_up = time.monotonic() + 120
    while len(list(folder.glob("*.pid"))) < 2:
        assert time.monotonic() < given_up
        time.sleep(0.05)
    return {"quick": 0.1, "slow": 0.4}[config.out.name]


def test_contenders_are_timed_as_many_at_once_as_will_run(tmp_path):
    contenders = {name: small_config(tmp_path / "data", tmp_path / name) for name in ("quick", "slow")}
    steps = equal_minutes(contenders, 1, 2, tmp_path / "budget.json", lambda *_: None, measure_beside_another)
    assert steps == {"quick": 600, "slow": 150}
    assert not (tmp_path / f"{os.getpid()}.pid").exists()
