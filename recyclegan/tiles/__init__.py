"""Frames that are too large to be translated at once: in bands or tiles, with the statistics of the whole frame.

For: ``translate --max-memory``. In: a generator and a frame. Out: what the generator gives for the whole frame.
"""
