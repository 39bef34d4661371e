"""Weights that come from a file: their shapes are compared without memory, and their numbers are looked at."""

from pathlib import Path

import pytest
import torch

from recyclegan.errors import InputError
from recyclegan.features import VGGFeatures, load_content_features
from recyclegan.networks import make_generator
from recyclegan.networks.registry import GENERATORS
from recyclegan.networks.weights import check_finite, check_numbers_of, difference, shapes_of

WANTED = {"a": (2, 3), "b": ()}


@pytest.mark.parametrize("name", GENERATORS)
def test_shapes_are_those_of_the_network_and_nothing_random_is_used_up(name: str) -> None:
    before = torch.get_rng_state()
    shapes = shapes_of(lambda: make_generator(name, 1, 3, 2, palette=((0, 0, 0), (9, 9, 9))))  # type: ignore[arg-type]
    assert torch.equal(torch.get_rng_state(), before)
    real = make_generator(name, 1, 3, 2, palette=((0, 0, 0), (9, 9, 9)))  # type: ignore[arg-type]
    assert shapes == {key: tuple(value.shape) for key, value in real.state_dict().items()}


def test_shapes_of_networks_that_no_memory_holds_are_known() -> None:
    shapes = shapes_of(lambda: make_generator("resnet-9", width=60_000))
    assert shapes["model.10.conv_block.1.weight"] == (240_000, 240_000, 3, 3)


@pytest.mark.parametrize(
    ("found", "messages"),
    [
        (WANTED, ""),
        ({"a": (2, 3)}, "lacks b"),
        ({**WANTED, "c": ()}, "has c besides"),
        ({"a": (3, 2), "b": ()}, "differs in shapes: a is 3x2, not 2x3"),
        ({"a": (2, 3), "b": (1,)}, "differs in shapes: b is 1, not one number"),
        ({**WANTED, "x" * 999: ()}, f"has {'x' * 80} besides"),
    ],
)
def test_the_first_difference_is_told(found: dict[str, tuple[int, ...]], messages: str) -> None:
    assert difference(found, WANTED) == messages


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e13, -1e30])
@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16])
def test_numbers_that_no_weight_is_are_counted(value: float, kind: torch.dtype) -> None:
    with pytest.raises(InputError, match=r"x\.pth: 1 of 3 numbers in w are not finite, or beyond 1e\+12"):
        check_numbers_of({"w": torch.tensor([0.0, value, 1.0]).to(kind)}, "x.pth")


@pytest.mark.parametrize("value", [0.0, 1e11, -1e11])
def test_numbers_that_weights_may_be_are_taken(value: float) -> None:
    check_numbers_of({"w": torch.tensor([value]), "n": torch.tensor(3)}, "x.pth")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_one_number_that_is_not_finite_spoils_a_frame(value: float) -> None:
    frames = torch.zeros(1, 3, 4, 4)
    check_finite(frames, "here")
    frames[0, 2, 3, 1] = value
    with pytest.raises(InputError, match="here: numbers come out that are not finite; give --precision 32"):
        check_finite(frames, "here")


def test_features_of_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    weights = VGGFeatures().state_dict()
    next(iter(weights.values())).fill_(torch.nan)
    torch.save(weights, tmp_path / "vgg.pth")
    with pytest.raises(InputError, match="not finite"):
        load_content_features(tmp_path / "vgg.pth")


def test_names_of_strange_tensors_stay_in_one_line() -> None:
    assert difference({"m\nodel.7.weight": (1,)}, {}) == "has m\\nodel.7.weight besides"
