"""A window that shows live frames, by the toolkit that comes with Python."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
from PIL import Image as Pillow

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.live.meter import Figures
from recyclegan.live.sinks import Closed, Controls, Sink

_NARROW = 240
"""Pixels that words get in a line at least; else they are as wide as the picture, so that they do not move it."""


class WindowSink(Sink):
    """Shows frames in a window with a slider for the strength; closing it ends all."""

    shows_newest = True

    def __init__(self, root: Any, toolkit: Any, photo: Any, controls: Controls, size: tuple[int, int]) -> None:
        """``root`` is the window of a ``toolkit`` such as tkinter; ``photo`` makes its pictures from PIL's.

        It opens at once, for frames of a ``size`` (height, width), which choosing an engine may let it wait for.
        """
        self._root, self._photo, self._controls = root, photo, controls
        self._is_closed = False
        root.title("recyclegan live")
        root.protocol("WM_DELETE_WINDOW", self._close)
        root.bind("<Escape>", lambda _: self._close())
        self._picture = toolkit.Label(root)
        self._picture.pack()
        self._strength = toolkit.Scale(
            root, from_=0, to=100, orient="horizontal", label="Strength in %", command=self._set_strength
        )
        self._strength.set(round(100 * controls.strength))
        self._strength.pack(fill="x")
        self._words = toolkit.Label(root)
        self._words.pack()
        self._put(np.zeros((*size, 3), np.uint8), "no frame yet")
        root.update()

    @property
    def notes(self) -> list[str]:
        """What there is to say afterwards."""
        return []

    def show(self, image: Image, time: Fraction, figures: Figures) -> None:
        """Show a frame.

        Raises:
            Closed: the window was closed.
        """
        self._put(image, str(figures))
        self.idle()

    def idle(self) -> None:
        """Let the window answer.

        Raises:
            Closed: it was closed.
        """
        if not self._is_closed:
            self._root.update()
        if self._is_closed:
            raise Closed

    def _put(self, image: Image, words: str) -> None:
        shown = self._photo(Pillow.fromarray(image))
        self._picture.configure(image=shown)
        self._picture.image = shown
        self._words.configure(text=words, wraplength=max(image.shape[1], _NARROW))

    def _set_strength(self, percent: str) -> None:
        self._controls.strength = float(percent) / 100

    def _close(self) -> None:
        self._is_closed = True


@contextmanager
def opened_window(controls: Controls, size: tuple[int, int]) -> Iterator[WindowSink]:
    """Yield a window for frames of a (height, width).

    Raises:
        InputError: Python came without tkinter, or there is no display.
    """
    try:
        import tkinter

        from PIL import ImageTk
    except ImportError as error:
        raise InputError("window: this Python has no tkinter; install it (python3-tk), or name page instead") from error
    try:
        root = tkinter.Tk()
    except tkinter.TclError as error:
        raise InputError(f"window: there is no display ({error}); name page instead") from error
    try:
        yield WindowSink(root, tkinter, ImageTk.PhotoImage, controls, size)
    finally:
        root.destroy()
