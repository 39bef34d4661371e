"""Checks of a data folder, by subject; each takes a survey and yields findings."""
