"""A generator that somebody exports by torch's own exporter, without this package's, is right at any size."""

import logging
import warnings
from pathlib import Path

import pytest
import torch

from recyclegan.networks import make_generator

SIZES = [(64, 64), (62, 70), (80, 96)]


@pytest.mark.slow
@pytest.mark.usefixtures("_unchecked")
def test_torchs_exporter_keeps_no_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    onnxruntime, _ = pytest.importorskip("onnxruntime"), pytest.importorskip("onnxscript")
    monkeypatch.setattr(logging.getLogger("torch.onnx"), "disabled", True)
    torch.manual_seed(0)
    generator = make_generator("detail-6", width=4).eval()
    free = torch.export.Dim.AUTO
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        example = (torch.rand(1, 3, 64, 64),)
        torch.onnx.export(generator, example, tmp_path / "g.onnx", dynamo=True, dynamic_shapes=({2: free, 3: free},))
    session = onnxruntime.InferenceSession(tmp_path / "g.onnx", providers=["CPUExecutionProvider"])
    for size in SIZES:
        frames = torch.rand(1, 3, *size) * 2 - 1
        made = session.run(None, {session.get_inputs()[0].name: frames.numpy()})[0]
        with torch.inference_mode():
            assert float((torch.from_numpy(made) - generator(frames)).abs().max()) < 1e-4
