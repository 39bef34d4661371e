"""A comparison is gone on with by its folder alone; what contradicts it is refused in a line."""

import json
import shutil

import pytest

from recyclegan.cli import main
from recyclegan.errors import InputError
from recyclegan.evaluation.comparison import ComparisonConfig
from recyclegan.evaluation.comparison.plan_and_record import Record, read_record, without_machine, write_record
from recyclegan.methods import CycleGAN
from tests.small import make_data, small_config

COMMON = ["--size", "32", "48", "--width", "4", "--discriminator-width", "4", "--device", "cpu"]


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """Return the folder of a small comparison, as the command leaves it."""
    root = tmp_path_factory.mktemp("record")
    data, out = make_data(root / "data", height=32, width=48), root / "out"
    words = ["--steps", "2", "--seeds", "1", "--num-draws", "20", "--contenders", "cycle-gan", "cut --places 16"]
    assert main(["compare", str(data), "--out", str(out), *words, "--", *COMMON]) == 0
    return out


@pytest.fixture
def out(started, tmp_path):
    return shutil.copytree(started, tmp_path / "out")


def contenders_of(out):
    return json.loads((out / "results.json").read_text())["budget"]


def test_the_folder_alone_is_enough_to_go_on(out, capsys):
    shutil.rmtree(out / "runs" / "cut" / "seed-0")
    before = json.loads((out / "results.json").read_text())
    assert main(["compare", "--resume", "--out", str(out)]) == 0
    after = json.loads((out / "results.json").read_text())
    assert after["directions"] == before["directions"]
    assert after["configurations"].keys() == before["configurations"].keys()
    said = capsys.readouterr().err
    assert said.startswith(
        "2 contenders x 1 seeds = 2 runs, 1 of them finished, 2 steps each; then each is translated and measured: "
    )


def test_seeds_and_contenders_are_added_and_share_the_options_of_all(out):
    again = ["--contenders", "other = cycle-gan --cycle 1 1", "--seeds", "2"]
    assert main(["compare", "--resume", "--out", str(out), *again]) == 0
    assert contenders_of(out) == dict.fromkeys(("cycle-gan", "cut", "other"), "2 steps, seeds 0, 1")
    added = json.loads((out / "runs" / "other" / "seed-1" / "run" / "config.json").read_text())
    assert added["networks"]["width"] == 4
    assert added["method"]["cycle"] == [1.0, 1.0]
    kept = read_record(out)
    assert kept is not None
    assert list(kept.contenders) == ["cycle-gan", "cut", "other"]
    assert kept.config.seeds == 2


@pytest.mark.parametrize(
    ("words", "messages"),
    [
        (["--steps", "3"], "was started for 2 steps, found 3 steps; compare in another folder"),
        (["--minutes", "1"], "either --steps or --minutes"),
        (
            ["--contenders", "cycle-gan --cycle 1 1"],
            "cycle-gan was started with --cycle 10.0 10.0; found --cycle 1.0 1.0",
        ),
        (["--sweep", "cycle 1 2"], "--sweep cycle 1 2' is for contenders, and none are added"),
        (["--", "--lr", "1e-3"], "'--lr 1e-3' is for contenders, and none are added"),
        (["--", *COMMON], None),
    ],
)
def test_contradictions_are_refused_in_a_line(out, capsys, words, messages):
    before = {path: path.read_bytes() for path in out.glob("*.json")}
    code = main(["compare", "--resume", "--out", str(out), *words])
    if messages is None:
        assert code == 0
        return
    said = capsys.readouterr().err.strip()
    assert code == 2
    assert messages in said
    assert "\n" not in said
    assert {path: path.read_bytes() for path in out.glob("*.json")} == before


def test_other_data_and_fewer_seeds_are_refused(out, started, tmp_path, capsys):
    other = make_data(tmp_path / "other", height=32, width=48)
    assert main(["compare", str(other), "--resume", "--out", str(out)]) == 2
    assert f"was started on {started.parent / 'data'}, found {other}" in capsys.readouterr().err
    kept = read_record(out)
    assert kept is not None
    write_record(out, Record(kept.data, kept.contenders, ComparisonConfig(steps=2, seeds=3), kept.options))
    assert main(["compare", "--resume", "--out", str(out), "--seeds", "1"]) == 2
    assert "was started with --seeds 3, found 1; seeds can be added only" in capsys.readouterr().err


def test_a_folder_without_a_record_asks_for_the_words(tmp_path, capsys):
    (tmp_path / "out").mkdir()
    assert main(["compare", "--resume", "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said


def test_what_is_kept_comes_back_as_it_was(tmp_path):
    base = small_config(tmp_path / "data", tmp_path / "run")
    config = ComparisonConfig(minutes=1.5, seeds=3, baseline="b")
    kept = Record(
        tmp_path / "data", {"a": base, "b": base.__class__(**{**vars(base), "method": CycleGAN.Config()})}, config
    )
    write_record(tmp_path, kept)
    assert read_record(tmp_path) == kept
    assert read_record(tmp_path / "elsewhere") is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"data": 1, "contenders": {}, "config": {}, "options": []}'])
def test_a_damaged_record_is_refused_in_a_line(tmp_path, text):
    (tmp_path / "comparison.json").write_text(text)
    with pytest.raises(InputError, match=r"comparison\.json"):
        read_record(tmp_path)


def test_as_many_runs_go_on_side_by_side_by_the_machines_own_processes(tmp_path):
    kept = without_machine(ComparisonConfig(steps=2, jobs=3))
    write_record(tmp_path, Record(tmp_path, {"one": small_config(tmp_path, tmp_path)}, kept, ()))
    found = read_record(tmp_path)
    assert found is not None
    assert (found.config.jobs, found.config.evaluation.processes) == (3, None)
