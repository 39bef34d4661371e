"""FCN-8s gives the published scores; weights are filled piece by piece, because there are 134 million."""

import numpy as np
import torch

from recyclegan.features.pretrained import FCN8s
from tests.golden.records import assert_matches, image, records

PIECE = 1 << 22


def fill(network: torch.nn.Module, phase: float) -> torch.nn.Module:
    for k, value in enumerate(network.state_dict().values()):
        scale = 1.4 / np.sqrt(value[0].numel()) if value.ndim > 1 else 0.05
        flat = value.view(-1)
        for start in range(0, len(flat), PIECE):
            i = np.arange(start, min(start + PIECE, len(flat)), dtype=np.float64)
            piece = scale * np.sin(0.7 * i + 0.13 * np.sqrt(i) + phase + k)
            flat[start : start + PIECE] = torch.from_numpy(piece)
    return network


def test_fcn8s_gives_the_published_scores() -> None:
    record = records()["fcn8s"]
    with torch.device("meta"):
        network = FCN8s(record["output"]["shape"][1])
    network = fill(network.to_empty(device="cpu"), record["phase"])
    assert {key: list(value.shape) for key, value in network.state_dict().items()} == record["state_dict"]
    with torch.inference_mode():
        frames = image(record["input"]["shape"], record["input"]["phase"]) * record["input"]["scale"]
        scores = network(frames.float())
    assert_matches(scores, record["output"], 1e-4)
    histogram = torch.bincount(scores.argmax(dim=1).flatten(), minlength=scores.shape[1])
    assert (histogram - torch.tensor(record["argmax_histogram"])).abs().sum() <= 8
