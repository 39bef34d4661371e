"""Translators that come with the package, by name.

For: ``recyclegan models``, and every command that takes a model. In: a name such as ``day2night``. Out: the file of its
weights, and what is known of it.
"""

from recyclegan.shipped.shelf import Shipped, find_shipped, hidden_by, names, shipped

__all__ = ["Shipped", "find_shipped", "hidden_by", "names", "shipped"]
