"""Fused layers in the place of torch's: same names, same weights, same frames and gradients to rounding."""

import inspect
import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from recyclegan.methods import CUT, Method
from recyclegan.networks import make_discriminator, make_generator, make_predictor
from recyclegan.networks.fused import FusedNorm, FusedPad, UnbiasedConv2d, UnbiasedConvTranspose2d, fuse, unfuse
from tests.small import small_method

NETWORKS = {
    "resnet-6": lambda: make_generator("resnet-6", width=2),
    "resnet-6 with dropout": lambda: make_generator("resnet-6", width=2, dropout=True),
    "resnet-6 with batch norm": lambda: make_generator("resnet-6", width=2, norm="batch"),
    "detail-6": lambda: make_generator("detail-6", width=2),
    "pyramid-4": lambda: make_generator("pyramid-4", width=2),
    "classes-6": lambda: make_generator("classes-6", width=2, palette=((0, 0, 0), (9, 9, 9))),
    "unet-128": lambda: make_generator("unet-128", width=1),
    "prediction": lambda: make_predictor("prediction", width=1),
    "patch": lambda: make_discriminator("patch", width=2),
    "pixel": lambda: make_discriminator("pixel", width=2),
}


def frames_and_gradients(network: nn.Module, frames: Tensor) -> list[Tensor]:
    """Return what a network makes of frames, and the gradients of these and of all weights but biases."""
    torch.manual_seed(0)
    frames = frames.clone().requires_grad_()
    network.zero_grad()
    made = network(frames)
    made.square().sum().backward()
    return [made.detach(), frames.grad, *(p.grad.clone() for p in network.parameters() if p.ndim > 1)]


@pytest.mark.parametrize("name", NETWORKS)
def test_fused_layers_compute_the_same_under_the_same_names(name: str) -> None:
    torch.manual_seed(0)
    network = NETWORKS[name]()
    frames = torch.rand(2, 6 if name == "prediction" else 3, 128, 128) * 2 - 1
    weights, wanted = network.state_dict(), frames_and_gradients(network, frames)
    swaps = fuse(network)
    assert list(network.state_dict()) == list(weights)
    assert all(value.data_ptr() == weights[key].data_ptr() for key, value in network.state_dict().items())
    for one, other in zip(frames_and_gradients(network, frames), wanted, strict=True):
        assert (one - other).norm() <= 1e-4 * other.norm()
    unfuse(swaps)
    assert all(torch.equal(a, b) for a, b in zip(frames_and_gradients(network, frames), wanted, strict=True))
    assert not any(isinstance(layer, FusedNorm | FusedPad) for layer in network.modules())


def test_norms_take_activations_and_the_biases_before_them_away() -> None:
    network = make_generator("resnet-6", width=2)
    fuse(network)
    slopes = [layer.slope for layer in network.modules() if isinstance(layer, FusedNorm)]
    assert slopes == [0.0] * 3 + [0.0, 1.0] * 6 + [0.0] * 2
    unbiased = [m for m in network.modules() if isinstance(m, UnbiasedConv2d | UnbiasedConvTranspose2d)]
    assert len(unbiased) == len(slopes)
    network(torch.rand(1, 3, 32, 32)).sum().backward()
    assert all(layer.bias.grad is None for layer in unbiased)
    assert network.model[-2].bias.grad is not None, "no norm follows the last convolution"


def test_layers_that_a_method_reads_stay_what_they_are() -> None:
    method = small_method("cut")
    assert CUT.reads_layers
    assert not Method.reads_layers
    fuse(method, activations=not method.reads_layers)
    assert all(layer.slope == 1.0 for layer in method.modules() if isinstance(layer, FusedNorm))
    assert any(isinstance(layer, nn.ReLU) for layer in method.generators["ab"].model)


def test_triton_is_handed_functions_that_nothing_has_wrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads their source; the tests themselves wrap what has annotations, and stand-ins show what it would get."""
    handed: list[Any] = []
    triton, language = ModuleType("triton"), ModuleType("triton.language")
    triton.jit = lambda function: handed.append(function) or function
    triton.language, language.constexpr = language, object
    for name, module in (("triton", triton), ("triton.language", language)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "recyclegan.networks.kernels", raising=False)
    kernels = import_module("recyclegan.networks.kernels")
    monkeypatch.delitem(sys.modules, "recyclegan.networks.kernels")
    assert len(handed) == 8
    assert all(inspect.isfunction(function) and not hasattr(function, "__wrapped__") for function in handed)
    assert all(function.__code__.co_filename == kernels.__file__ for function in handed)
    assert hasattr(kernels.channels_last, "__wrapped__"), "others are checked"


INTERPRETED = """
import torch, torch.nn.functional as F
from recyclegan.networks.kernels import NormalizedActivation, ReflectedBorder
torch.manual_seed(0)
for shape in ((1, 3, 8, 12), (2, 66, 5, 7)):
    for slope in (0.0, 0.2, 1.0):
        x, added = (torch.randn(shape).mul(2).add(3).requires_grad_() for _ in range(2))
        y = NormalizedActivation.apply(x, added, slope, 1e-5)
        exact = x.detach().double().requires_grad_()
        wanted = F.leaky_relu(F.instance_norm(exact), slope) + added.detach().double()
        gradient = torch.randn(shape)
        y.backward(gradient), wanted.backward(gradient.double())
        torch.testing.assert_close(y.double(), wanted, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(x.grad.double(), exact.grad, rtol=1e-4, atol=1e-4)
        assert torch.equal(added.grad, gradient)
    for padding in ((1, 1, 1, 1), (3, 2, 0, 1)):
        x = torch.randn(shape, requires_grad=True)
        other = x.detach().clone().requires_grad_()
        y, wanted = ReflectedBorder.apply(x, padding), F.pad(other, padding, mode="reflect")
        assert torch.equal(y, wanted)
        gradient = torch.randn(y.shape)
        y.backward(gradient), wanted.backward(gradient)
        torch.testing.assert_close(x.grad, other.grad)
"""


@pytest.mark.skipif(find_spec("triton") is None, reason="Triton, in which the kernels are written, is not here")
def test_kernels_give_what_torch_gives_in_double_precision() -> None:
    """They are interpreted, which takes no GPU; an error of the interpreter itself counts for nothing."""
    environment = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", INTERPRETED], env=environment, capture_output=True, text=True
    )
    if "InterpreterError" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
