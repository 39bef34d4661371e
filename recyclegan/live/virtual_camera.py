"""Frames as a camera that other programs of this machine can choose."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.live.meter import Figures
from recyclegan.live.sinks import Sink


class CameraSink(Sink):
    """Sends frames to a virtual camera."""

    shows_newest = True

    def __init__(self, camera: Any) -> None:
        """``camera`` takes RGB frames by ``send``."""
        self._camera = camera

    @property
    def notes(self) -> list[str]:
        """What there is to say afterwards."""
        return []

    def show(self, image: Image, time: Fraction, figures: Figures) -> None:
        """Send a frame."""
        self._camera.send(image)

    def idle(self) -> None:
        """There is nothing to do."""


@contextmanager
def opened_camera(device: str, size: tuple[int, int], rate: Fraction) -> Iterator[CameraSink]:
    """Yield a virtual camera for frames of a (height, width); ``device`` names one (``/dev/video2``), empty the first.

    Raises:
        InputError: pyvirtualcam is not installed, or there is no virtual camera.
    """
    try:
        import pyvirtualcam
    except ImportError as error:
        raise InputError(
            "camera: needs pyvirtualcam; pip install 'recyclegan[camera]', or name page instead"
        ) from error
    height, width = size
    try:
        camera = pyvirtualcam.Camera(width, height, float(rate), device=device or None)
    except (RuntimeError, ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        remedy = "set one up (Linux: modprobe v4l2loopback; else: OBS), or name page instead"
        raise InputError(f"camera: there is no virtual camera ({reason}); {remedy}") from error
    with camera:
        yield CameraSink(camera)
