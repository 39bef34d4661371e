"""Videos and images, read and written as 8-bit RGB arrays; times, sizes, colours and sound are kept."""

from recyclegan.video.decoding import Damaged
from recyclegan.video.formats import VIDEO_SUFFIXES, WRITTEN_SUFFIXES
from recyclegan.video.images import IMAGE_SUFFIXES, read_comment, read_image, write_image
from recyclegan.video.losses import losses
from recyclegan.video.probing import VideoInfo, probe
from recyclegan.video.reading import (
    STRICT,
    Reading,
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
    "WRITTEN_SUFFIXES",
    "Damaged",
    "Reading",
    "VideoFrame",
    "VideoInfo",
    "VideoReader",
    "VideoWriter",
    "check_video",
    "check_whole",
    "count_frames",
    "losses",
    "probe",
    "read_comment",
    "read_frame",
    "read_image",
    "read_video",
    "shown_times",
    "write_image",
    "write_video",
]
