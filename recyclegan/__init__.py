"""Unpaired video-to-video translation that stays steady."""

from typing import TYPE_CHECKING, Any

from recyclegan.version import __version__

if TYPE_CHECKING:
    from recyclegan.translation import Translator as Translator

__all__ = ["Translator", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the translator when it is first asked for, so that floors below stay light to import."""
    if name == "Translator":
        from recyclegan.translation import Translator

        return Translator
    raise AttributeError(f"module 'recyclegan' has no attribute {name!r}")
