"""Videos and images, read and written as 8-bit RGB arrays; times, sizes, colours and sound are kept.

For: everything that reads or writes footage. In: paths. Out: frames, UInt8[height width 3], with their times.
What a file promises to hold and does not is refused or told, never passed over.
"""

from recyclegan.video.extent import WHOLE, Span, Time, seconds
from recyclegan.video.formats import VIDEO_SUFFIXES, WRITTEN_SUFFIXES
from recyclegan.video.images import (
    IMAGE_SUFFIXES,
    image_size,
    open_picture,
    read_comment,
    read_image,
    refuse_missing_colours,
    write_image,
)
from recyclegan.video.probing import VideoInfo, losses, probe
from recyclegan.video.reading import (
    STRICT,
    VideoFrame,
    VideoReader,
    check_video,
    check_whole,
    count_frames,
    read_frame,
    read_video,
)
from recyclegan.video.timing import shown_times
from recyclegan.video.writing import VideoWriter, write_video

__all__ = [
    "IMAGE_SUFFIXES",
    "STRICT",
    "VIDEO_SUFFIXES",
    "WHOLE",
    "WRITTEN_SUFFIXES",
    "Span",
    "Time",
    "VideoFrame",
    "VideoInfo",
    "VideoReader",
    "VideoWriter",
    "check_video",
    "check_whole",
    "count_frames",
    "image_size",
    "losses",
    "open_picture",
    "probe",
    "read_comment",
    "read_frame",
    "read_image",
    "read_video",
    "refuse_missing_colours",
    "seconds",
    "shown_times",
    "write_image",
    "write_video",
]
