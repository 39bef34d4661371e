"""A budget picks the widest student that keeps up."""

import pytest

from recyclegan.distillation import budget as module
from recyclegan.distillation.budget import widest_within
from recyclegan.errors import InputError
from recyclegan.settings.distillation import STUDENTS, Budget, DistillFlags


@pytest.mark.parametrize("text", ["25", "25fps", "25fps@256", "0fps@256x128", "25fps@8x8", "fps@256x128"])
def test_what_is_no_budget_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="25fps@256x128"):
        DistillFlags(budget=text)


def test_a_budget_is_written_as_it_is_read() -> None:
    assert str(Budget.read("25fps@256x128")) == "25fps@256x128"
    assert Budget.read("12.5fps@64x48") == Budget(12.5, 64, 48)


def test_a_student_is_really_timed_from_file_to_file() -> None:
    assert widest_within(Budget.read("0.01fps@64x32"), "light-unet", "cpu").width == STUDENTS["light-unet"].width


def test_the_widest_that_keeps_up_is_taken_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "frames_a_second", lambda _, width, *__: 400.0 / width)
    chosen = widest_within(Budget.read("20fps@64x32"), "light-unet")
    assert chosen.width == 16
    assert (
        chosen.line
        == "budget 20fps@64x32: light-unet of width 16 (width 32: 12 fps, width 24: 17 fps, width 16: 25 fps)"
    )
    with pytest.raises(InputError, match="no light-unet keeps up here"):
        widest_within(Budget.read("60fps@64x32"), "light-unet")
