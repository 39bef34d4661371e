"""What can be chosen about frames that come in or go out through pipes, and about translating live."""

from dataclasses import dataclass
from typing import Literal

PIPE = "-"
"""Stands for standard input, and for standard output."""
PixelFormat = Literal[
    *("rgb24", "bgr24", "rgba", "bgra", "gray", "nv12", "yuv420p", "yuv422p", "yuv444p", "yuv411p"),
    *("yuv420p10le", "yuv422p10le", "yuv444p10le"),
]
"""Of raw frames, by FFmpeg's names."""
PipeFormat = Literal["y4m", "y4m444", "rgb24", "bgr24", "rgba", "bgra", "gray", "nv12", "yuv420p", "yuv444p"]
"""What is written into a pipe: y4m of 4:2:0 or of full chroma, or raw frames."""
Late = Literal["auto", "drop", "wait"]
"""What becomes of frames that come faster than they are translated."""
LiveScale = Literal["auto", "trained", "native"]


@dataclass(frozen=True)
class PipeOptions:
    """How frames lie in pipes."""

    size: str | None = None
    """Of raw frames on standard input, as FFmpeg writes it: 256x128. Without it, that carries y4m."""
    rate: str | None = None
    """Frames a second of raw frames, such as 25, 29.97 or 30000/1001; by default 25."""
    pixel_format: PixelFormat = "rgb24"
    """Of raw frames on standard input."""
    pipe_format: PipeFormat = "y4m"
    """What standard output carries: y4m of 4:2:0 or of full chroma (y4m444), or raw frames."""
