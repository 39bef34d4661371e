"""Translators as files that other programs run, written only if they make the same picture.

For: ``recyclegan export``. In: a translator, and footage for int8. Out: ONNX, OpenVINO or .pt2, which say what they
are.
"""

from recyclegan.exports.exporting import export

__all__ = ["export"]
