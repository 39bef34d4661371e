"""Unpaired video-to-video translation that stays steady."""

__version__ = "0.1.0"
