"""GMACs are those of a count by hand."""

import pytest
from torch import nn

from recyclegan.distillation.budget import gmacs
from recyclegan.networks import make_generator
from recyclegan.settings.distillation import STUDENTS


def test_layers_cost_what_a_count_by_hand_says() -> None:
    plain = nn.Conv2d(3, 8, 5, stride=2, padding=2)
    assert gmacs(plain, 3, 16, 32) == 8 * 16 * 8 * 3 * 25 / 1e9
    grouped = nn.Conv2d(4, 4, 3, padding=1, groups=4)
    assert gmacs(grouped, 4, 10, 10) == 10 * 10 * 4 * 9 / 1e9
    widening = nn.ConvTranspose2d(6, 2, 3, stride=2, padding=1, output_padding=1)
    assert gmacs(widening, 6, 4, 4) == 4 * 4 * 6 * 2 * 9 / 1e9
    joined = nn.Sequential(nn.Flatten(), nn.Linear(12, 7))
    assert gmacs(joined, 3, 2, 2) == 12 * 7 / 1e9


def test_a_resnet_costs_what_a_count_by_hand_says() -> None:
    ends = 2 * 256 * 256 * 3 * 64 * 49
    strides = 2 * (128 * 128 * 64 * 128 * 9 + 64 * 64 * 128 * 256 * 9)
    blocks = 6 * 2 * 64 * 64 * 256 * 256 * 9
    assert gmacs(make_generator("resnet-6"), 3, 256, 256) == (ends + strides + blocks) / 1e9


@pytest.mark.parametrize("name", STUDENTS)
def test_a_student_costs_at_most_what_is_asked_of_it(name: str) -> None:
    student = STUDENTS[name]
    assert gmacs(make_generator(student.generator, width=student.width), 3, 256, 256) <= 2.7
