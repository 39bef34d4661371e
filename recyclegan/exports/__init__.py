"""Translators as files that other programs run, written only if they make the same picture.

For: ``recyclegan export``. In: a translator. Out: an ONNX file that describes itself.
"""

from recyclegan.exports.exporting import export

__all__ = ["export"]
