"""Measures of translated video: over time, of classes, of distributions; with their intervals."""
