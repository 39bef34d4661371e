"""What can be chosen about how a translator computes, apart from what it translates."""

from typing import Literal

EngineName = Literal["torch", "winograd", "compile", "onnxruntime", "openvino"]
"""What runs a generator."""
EngineChoice = Literal["auto", "torch", "winograd", "compile", "onnxruntime", "openvino"]
ExportPrecision = Literal["32", "16"]
"""Bits of the floating point of exported files."""
ExportFormat = Literal["onnx", "torch", "openvino"]
EXPORT_SUFFIXES: dict[ExportFormat, str] = {"onnx": ".onnx", "torch": ".pt2", "openvino": ".xml"}
"""How exported files end."""
PrecisionChoice = Literal["auto", "32", "bf16-mixed", "16-mixed"]
