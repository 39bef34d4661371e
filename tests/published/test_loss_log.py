import pytest
import torch

from recyclegan.methods import CUT
from recyclegan.published.train_command import loss_line, published_name
from recyclegan.settings.methods import METHODS
from tests.small import random_clips, small_method


def test_letters_are_the_published_ones() -> None:
    terms = ["ab/adversarial", "ba/adversarial", "b/discriminator", "a/discriminator", "ba/identity", "ab/cycle"]
    found = [published_name(term, "cycle-gan") for term in terms]
    assert found == ["G_A", "G_B", "D_A", "D_B", "idt_A", "Cyc_A"]


@pytest.mark.parametrize(
    ("method", "term", "name"),
    [
        ("unsup-recycle-gan", "ab/unsup_recycle", "UnCyc_A"),
        ("unsup-recycle-gan", "ba/unsup_spatial", "Unsup_B"),
        ("unsup-recycle-gan", "ab/content", "Cont_A"),
        ("unsup-recycle-gan", "ab/identity", "Idt_B"),
        ("recycle-gan", "ab/recycle", "Cyc_A"),
        ("re-cycle-gan", "ab/recycle", "Recyc_A"),
        ("re-cycle-gan", "ab/recurrent", "Pred_A"),
        ("recycle-gan", "ba/adversarial_predicted", "Pred_B_GAN"),
    ],
)
def test_each_method_has_its_published_names(method: str, term: str, name: str) -> None:
    assert published_name(term, method) == name


@pytest.mark.parametrize("name", sorted(METHODS.keys() - {CUT.name}))
def test_no_two_terms_of_a_method_share_a_name(name: str) -> None:
    method = small_method(name)
    clips = random_clips(0, time=method.clip_length)
    losses = {
        direction: method.generator_losses(clips, direction, torch.Generator())[0] for direction in method.directions
    }
    terms = [f"{direction}/{term}" for direction in method.directions for term in losses[direction]]
    assert len({published_name(term, name) for term in terms}) == len(terms)


def test_a_term_without_a_published_name_keeps_its_own() -> None:
    assert published_name("ab/contrastive", "cut") == "contrastive_A"


def test_a_line_of_losses() -> None:
    terms = {"ab/cycle": 2.0, "ab/adversarial": 1.0, "ba/adversarial": 0.25, "b/discriminator": 0.5}
    line = loss_line(2, 300, 0.125, terms, "cycle-gan")
    assert line == "(epoch: 2, iters: 300, time: 0.125) D_A: 0.500 G_A: 1.000 Cyc_A: 2.000 G_B: 0.250"
