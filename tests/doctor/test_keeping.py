import os
from pathlib import Path

from recyclegan.doctor import run_folder_checks
from tests.doctor.world import make_world, only, run_view

COURSES = {"ab/cycle": [1.0] * 6, "ba/cycle": [1.0] * 6}


def finished(folder: Path) -> Path:
    (folder / "step-00000060").mkdir(parents=True)
    (folder / "step-00000060" / "state.pt").write_bytes(b"state")
    for direction in ("ab", "ba"):
        (folder / f"{direction}.safetensors").touch()
    return folder


def test_nothing_is_found_in_a_finished_run(tmp_path: Path) -> None:
    view = run_view(finished(tmp_path), COURSES, steps=60)
    checks = (
        run_folder_checks.stopped_early,
        run_folder_checks.damaged_checkpoints,
        run_folder_checks.missing_translators,
        run_folder_checks.left_behind,
        run_folder_checks.disk_use,
    )
    assert not [finding for check in checks for finding in check(view)]


def test_a_run_that_stopped_early_is_told_how_to_go_on(tmp_path: Path) -> None:
    view = run_view(finished(tmp_path), COURSES, steps=1000)
    os.utime(tmp_path / "stats.jsonl", (0, 0))
    finding = only(run_folder_checks.stopped_early(view), "warning", "60 of 1,000 steps")
    assert f"recyclegan train unsup-recycle-gan --data {view.config.data} --out {tmp_path} --resume" in finding.remedy


def test_a_run_that_may_still_be_going_on(tmp_path: Path) -> None:
    only(
        run_folder_checks.stopped_early(run_view(finished(tmp_path), COURSES, steps=1000)), "note", "60 of 1,000 steps"
    )


def test_steps_of_epochs_follow_from_the_footage(tmp_path: Path) -> None:
    # Three clips of 12 frames make 36 windows of one frame: 2 epochs are 72 steps.
    view = run_view(tmp_path / "run", COURSES, data=make_world(tmp_path / "data"), steps=None, epochs=2.0)
    only(run_folder_checks.stopped_early(view), "note", "60 of 72 steps")


def test_a_run_without_a_step(tmp_path: Path) -> None:
    only(run_folder_checks.stopped_early(run_view(tmp_path)), "warning", "stats.jsonl", "no step")


def test_a_checkpoint_without_its_state(tmp_path: Path) -> None:
    (finished(tmp_path) / "step-00000060" / "state.pt").unlink()
    only(run_folder_checks.damaged_checkpoints(run_view(tmp_path, COURSES)), "problem", "step-00000060")


def test_a_run_without_checkpoints_and_translators(tmp_path: Path) -> None:
    view = run_view(tmp_path, COURSES)
    only(run_folder_checks.damaged_checkpoints(view), "warning", "no checkpoint after 60 steps")
    only(run_folder_checks.missing_translators(view), "warning", "ab.safetensors and no ba.safetensors")


def test_what_a_kill_left_behind(tmp_path: Path) -> None:
    (finished(tmp_path) / ".step-00000080.x1" / "step-00000080").mkdir(parents=True)
    (tmp_path / ".step-00000080.x1" / "step-00000080" / "state.pt").write_bytes(bytes(20_000_000))
    only(
        run_folder_checks.left_behind(run_view(tmp_path, COURSES)),
        "note",
        "1 half-written",
        "0.02 GB",
        ".step-00000080.x1",
    )


def test_large_checkpoints(tmp_path: Path) -> None:
    with (finished(tmp_path) / "step-00000060" / "state.pt").open("wb") as file:
        file.truncate(2_000_000_000)
    only(run_folder_checks.disk_use(run_view(tmp_path, COURSES)), "note", "1 checkpoint", "2.00 GB")
