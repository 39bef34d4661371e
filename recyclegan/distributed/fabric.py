"""Lightning Fabric, imported without TorchMetrics and the SciPy behind it, of which Fabric wants but the version.

That is two fifths of what training imports beside torch. Only Fabric's spike detection, which nothing here uses, is
told that there is no TorchMetrics; whoever imports it afterwards finds it.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def hidden(package: str) -> Iterator[None]:
    """Let the block find no such package, unless it is imported already."""
    if package in sys.modules:
        yield
        return
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]


with hidden("torchmetrics"):
    from lightning_fabric import Fabric

__all__ = ["Fabric", "hidden"]
