"""Measures of translated video as pure functions: over time, of classes, of distributions, of single pictures.

For: evaluation, validation while training, and the doctor. In: arrays or tensors of frames, flow and classes.
Out: numbers, and their intervals (`intervals`). Nothing here reads footage or writes files.
"""
