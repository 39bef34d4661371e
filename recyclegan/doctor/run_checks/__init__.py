"""Checks of a run, by subject; each takes what was seen of it and yields findings."""
