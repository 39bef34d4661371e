"""The command ``doctor``, on whole folders: clean ones raise no alarm, and exit codes tell what was found."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from recyclegan import cli
from recyclegan.data.prepare import prepare_roadworld
from recyclegan.doctor import DATA_CHECKS, RUN_CHECKS, examine_data, examine_run, split_checks
from recyclegan.training import train
from tests.doctor.world import make_world
from tests.small import small_config

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run_command(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.main(["doctor", *map(str, words)])
        return code, *capsys.readouterr()

    return run_command


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("town") / "data"
    prepare_roadworld(folder, clips=3, frames=8, size=(32, 64), val_clips=1)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    train(small_config(make_world(folder / "data"), folder / "run"))
    return folder


def test_a_clean_data_folder_raises_no_alarm(town: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_checks, "FEW_FRAMES", 24)
    code, output, errors = run(town, "--size", 32, 64, "--labels", "b")
    assert code == 0
    assert output.splitlines()[-3:-1] == [f"{town}: no problems, no warnings, 2 notes", "next:"]
    assert "Problems" not in output
    assert not errors


def test_problems_are_printed_first_with_their_remedy_and_exit_code_1(town: Path, run: Run, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(town, data)
    shutil.copy(data / "train" / "A" / "drive-0000.mp4", data / "val" / "A" / "seen.mp4")
    code, output, _ = run(data)
    assert code == 1
    lines = output.splitlines()
    assert lines[0].startswith("Problems")
    assert "val/A/seen.mp4 is train/A/drive-0000.mp4" in lines[1]
    assert lines[2].startswith("    -> ")
    assert lines[-1].startswith(f"{data}: 1 problem, ")


def test_json_tells_the_same(town: Path, run: Run) -> None:
    code, output, _ = run(town, "--json", "--labels", "none")
    messages = json.loads(output)
    assert code == 1
    assert messages["folder"] == str(town)
    assert {finding["severity"] for finding in messages["findings"]} == {"problem", "warning", "note"}
    assert all(set(finding) == {"severity", "what", "remedy"} for finding in messages["findings"])
    assert messages["summary"].startswith("1 problem, 2 warnings")


def test_an_examination_gives_the_same_again(town: Path) -> None:
    first, second = (examine_data(town, frames=8, labels="none") for _ in range(2))
    grave = [finding for finding in first if finding.severity != "note"]
    assert grave
    assert grave == [finding for finding in second if finding.severity != "note"]


def test_progress_is_told(town: Path) -> None:
    messages: list[tuple[int, int | None, str]] = []
    examine_data(town, frames=4, progress=lambda *step: messages.append(step))
    assert (8, 8, "looking at clips") in messages
    assert messages[-1] == (28, 28, "comparing clips")


def test_a_run_of_six_steps_raises_no_alarm_and_its_translations_are_seen(run: Run, trained: Path) -> None:
    code, output, errors = run(trained / "run")
    assert code == 0, output
    assert not errors
    assert "no translation was looked at" not in output
    messages: list[str] = []
    examine_run(trained / "run", progress=lambda done, total, what: messages.append(f"{what} {done}/{total}"))
    assert messages[-1] == "translating ba 6/6"


def test_a_run_whose_footage_has_moved_takes_another(run: Run, trained: Path) -> None:
    moved = (trained / "data").rename(trained / "moved")
    try:
        assert "no translation was looked at" in run(trained / "run")[1]
        assert "no translation was looked at" not in run(trained / "run", "--data", moved)[1]
    finally:
        moved.rename(trained / "data")


def test_a_damaged_translator_is_a_problem(run: Run, trained: Path, tmp_path: Path) -> None:
    damaged = shutil.copytree(trained / "run", tmp_path / "run")
    (damaged / "ab.safetensors").write_bytes(b"no weights")
    code, output, _ = run(damaged)
    assert code == 1
    assert "ab.safetensors" in output


@pytest.mark.parametrize("kind", ["missing", "file", "empty", "other"])
def test_what_cannot_be_examined_is_refused_in_one_line(run: Run, tmp_path: Path, kind: str) -> None:
    place = tmp_path / kind
    if kind == "file":
        place.write_text("text")
    if kind in ("empty", "other"):
        place.mkdir()
    if kind == "other":
        (place / "pictures").mkdir()
    code, output, errors = run(place)
    assert code == 2
    assert not output
    assert errors.count("\n") == 1
    assert str(place) in errors


def test_the_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["doctor", "--help"])
    messages = " ".join(capsys.readouterr().out.split())
    assert "Exits with 0 where there is no problem, 1 where there are some" in messages


def test_no_frames_to_look_at_are_refused(town: Path, run: Run) -> None:
    code, _, errors = run(town, "--frames", 0)
    assert code == 2
    assert "frames: found 0" in errors


def test_the_page_of_the_documentation_names_every_check() -> None:
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text()
    missing = [check.__name__ for check in (*DATA_CHECKS, *RUN_CHECKS) if f"`{check.__name__}`" not in page]
    assert not missing
