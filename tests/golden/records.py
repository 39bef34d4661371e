"""Reads a file of golden numbers and builds its inputs and weights from their closed formulas."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

PATH = Path(os.environ.get("GOLDEN", Path(__file__).with_name("reference.json")))


@cache
def records() -> dict[str, Any]:
    return json.loads(PATH.read_text())


def wave(count: int, phase: float) -> np.ndarray:
    i = np.arange(count, dtype=np.float64)
    return np.sin(0.7 * i + 0.13 * np.sqrt(i) + phase)


def fill(network: nn.Module, phase: float) -> nn.Module:
    """Return the network in float64 with the weights of the closed formula."""
    state = {}
    for k, (name, old) in enumerate(network.state_dict().items()):
        scale = 1.4 / np.sqrt(old[0].numel()) if old.ndim > 1 else 0.05
        state[name] = torch.from_numpy(scale * wave(old.numel(), phase + k)).reshape(old.shape)
    network.double().load_state_dict(state)
    return network


def image(shape: tuple[int, ...] | list[int], phase: float) -> Tensor:
    batch, channels, height, width = shape
    b, c, y, x = np.meshgrid(*map(np.arange, (batch, channels, height, width)), indexing="ij")
    first = 0.5 * np.sin(0.11 * x + 0.05 * y + 1.3 * c + 0.9 * b + phase)
    return torch.from_numpy(first + 0.4 * np.cos(0.23 * y - 0.07 * x + 0.6 * c + 2 * phase))


def flow(height: int, width: int, phase: float, batch: int = 1) -> Tensor:
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    dx, dy = 3.5 + 2 * np.sin(0.05 * y + phase), -2.25 + 1.5 * np.cos(0.04 * x - phase)
    return torch.from_numpy(np.stack([dx, dy])).expand(batch, 2, height, width)


def assert_matches(output: Tensor, record: dict[str, Any], tolerance: float = 1e-9) -> None:
    """Compare shape, moments and samples with an output record, relative to its largest value."""
    values = output.detach().double()
    scale = record["absmax"]
    assert list(values.shape) == record["shape"]
    assert float(values.mean()) == pytest_approx(record["mean"], tolerance * scale)
    assert float(values.std(correction=0)) == pytest_approx(record["std"], tolerance * scale)
    assert float(values.abs().max()) == pytest_approx(record["absmax"], tolerance * scale)
    samples = values.flatten()[torch.tensor(record["sample_index"])]
    np.testing.assert_allclose(samples.numpy(), record["sample"], rtol=0, atol=tolerance * scale)


def pytest_approx(value: float, tolerance: float) -> Any:
    import pytest

    return pytest.approx(value, rel=0, abs=tolerance)
