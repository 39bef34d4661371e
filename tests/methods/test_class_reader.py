"""The segmenter that is trained along: what it charges for, and what it learns."""

import pytest
import torch
from torch import Tensor

from recyclegan.methods.class_reader import ClassReader, frames_and_classes, with_one_class
from recyclegan.networks.segmentation_unet import class_weights
from recyclegan.tensors import scaled

CLASSES = torch.tensor([[0, 0], [1, 1]]).repeat_interleave(8, 0).repeat_interleave(8, 1)[None]


def reader(counts: tuple[int, ...] = (3, 1), seed: int = 0) -> ClassReader:
    torch.manual_seed(seed)
    return ClassReader(counts)


def frames_of(classes: Tensor) -> Tensor:
    """Return frames that are red where the class is 0, and blue elsewhere."""
    return torch.stack([1 - 2.0 * classes, torch.zeros(classes.shape), 2.0 * classes - 1], dim=1)


def translated(classes: Tensor) -> Tensor:
    """Return frames in another look, in which light and dark are swapped besides: dark and bright green."""
    green = 1 - 2.0 * classes
    return torch.stack([-torch.ones(classes.shape), -green, -torch.ones(classes.shape)], dim=1)


def test_the_term_is_the_weighted_mean_cross_entropy() -> None:
    network, frames = reader(), torch.rand(1, 3, 16, 16) * 2 - 1
    wanted = torch.nn.functional.cross_entropy(network(frames), CLASSES, network.weights)
    assert network.misread(frames, CLASSES).item() == pytest.approx(wanted.item(), rel=1e-5)


def test_void_and_nothing_but_void_cost_nothing() -> None:
    network, frames = reader(), torch.rand(1, 3, 16, 16) * 2 - 1
    half = CLASSES.clone()
    half[:, :, 8:] = 255
    wanted = torch.nn.functional.cross_entropy(network(frames), half, network.weights, ignore_index=255)
    assert network.misread(frames, half).item() == pytest.approx(wanted.item(), rel=1e-5)
    assert network.misread(frames, torch.full_like(CLASSES, 255)).item() == 0


def test_rare_classes_count_more_and_absent_ones_not_at_all() -> None:
    weights = class_weights(torch.tensor([400, 100, 0]))
    assert weights.tolist() == pytest.approx([2 / 3, 4 / 3, 0])


def test_it_learns_to_read_frames_and_translations_and_tells_swapped_classes() -> None:
    network, rng = reader(), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    for _ in range(60):
        optimizer.zero_grad()
        network.lesson(frames_of(CLASSES), translated(CLASSES), CLASSES, rng).backward()
        optimizer.step()
    for look in (frames_of, translated):
        kept, swapped = (network.misread(look(shown), CLASSES).item() for shown in (CLASSES, 1 - CLASSES))
        assert kept < 0.2 < 1.0 < swapped


def test_gradients_reach_the_translation_and_only_the_first_ones() -> None:
    fake = (torch.rand(3, 3, 16, 16) * 2 - 1).requires_grad_()
    ((name, term),) = reader().terms(fake, CLASSES, torch.tensor(2.0))
    term.backward()
    assert name == "labels"
    assert fake.grad is not None
    assert fake.grad[0].abs().sum() > 0
    assert not fake.grad[1:].any()


def test_classes_come_back_from_the_channel_behind_the_colours() -> None:
    levels = torch.randint(0, 256, (2, 3, 4, 8, 8), dtype=torch.uint8)
    b = torch.zeros(2, 3, 3, 8, 8)
    batch, classes = frames_and_classes({"a": scaled(levels), "b": b})
    assert torch.equal(batch["a"], scaled(levels[:, :, :3]))
    assert torch.equal(classes, levels[:, 0, 3].long())
    assert batch["b"] is b
    again, one = frames_and_classes({"a": with_one_class(batch["a"]), "b": b})
    assert torch.equal(again["a"], batch["a"])
    assert not one.any()
