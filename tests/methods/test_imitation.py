"""A student is asked for its teacher's frames, at every scale, and to commute with motion."""

from dataclasses import replace

import pytest
import torch

from recyclegan.domains import Domains
from recyclegan.losses import haar, imitation
from recyclegan.methods.imitation import Distillation
from recyclegan.settings.methods import DistillConfig
from tests.small import NETWORKS, random_clips

PAIRS = torch.cat([random_clips(1), random_clips(2)], dim=2)


def method(**weights: float) -> Distillation:
    torch.manual_seed(0)
    return Distillation(replace(DistillConfig(), **weights), NETWORKS)


def terms(student: Distillation, pairs: torch.Tensor = PAIRS) -> dict[str, torch.Tensor]:
    return student.generator_losses(pairs, "ab", torch.Generator().manual_seed(0))[0]


def test_haars_bands_hold_all_of_a_frame() -> None:
    frames = random_clips(0)[:, 0]
    means, *details = haar(frames)
    assert means.shape[-2:] == (16, 16)
    torch.testing.assert_close(means.mean(), frames.mean())
    energy = sum(band.square().sum() for band in (means, *details))
    torch.testing.assert_close(4 * energy, frames.square().sum())


def test_what_is_alike_costs_nothing_and_every_scale_counts() -> None:
    frames = random_clips(0)[:, 0]
    assert imitation(frames, frames) == 0
    shifted = imitation(frames + 0.1, frames, levels=3)
    assert shifted == pytest.approx(2 * 0.1, rel=1e-4), "an even shift lies in the pixels and in the means alone"
    assert imitation(frames, torch.zeros_like(frames), 3) > imitation(frames, torch.zeros_like(frames), 1)


def test_frames_smaller_than_the_levels_end_with_the_one_before() -> None:
    assert imitation(torch.ones(1, 3, 2, 2), torch.zeros(1, 3, 2, 2), levels=6) == 2


@pytest.mark.parametrize("term", ["adversarial", "imitation", "unsup_spatial"])
def test_a_term_grows_with_its_weight_and_is_left_out_at_0(term: str) -> None:
    ones = {"adversarial": 1.0, "imitation": 1.0, "unsup_spatial": 1.0}
    one, two = terms(method(**ones)), terms(method(**{**ones, term: 2.0}))
    torch.testing.assert_close(two[term], 2 * one[term])
    assert term not in terms(method(**{**ones, term: 0.0}))


def test_the_teachers_frame_is_compared_and_only_the_source_translated() -> None:
    student = method()
    fake = student.translate(PAIRS, "ab")
    torch.testing.assert_close(fake, student.generators["ab"](random_clips(1)[:, 0]))
    perfect = torch.cat([random_clips(1), fake[:, None]], dim=2)
    assert terms(student, perfect)["imitation"] == 0


def test_domains_may_differ_in_channels() -> None:
    torch.manual_seed(0)
    student = Distillation(DistillConfig(adversarial=1.0), NETWORKS, Domains((1, 3)))
    pairs = torch.cat([random_clips(1, channels=1), random_clips(2)], dim=2)
    assert all(value.isfinite() for value in terms(student, pairs).values())
