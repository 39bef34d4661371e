"""What runs a generator: torch, our own convolutions, onnxruntime, OpenVINO or TensorRT, on which device.

For: translating and exporting. In: a generator or an ONNX file. Out: a function from batches in [-1, 1] to batches.
"""

from recyclegan.engines.devices import pick_device

__all__ = ["pick_device"]
