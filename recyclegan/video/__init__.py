"""Videos and images, read and written as 8-bit RGB arrays; times, sizes, colours and sound are kept."""

from recyclegan.video.images import (
    IMAGE_SUFFIXES,
    image_size,
    open_picture,
    read_comment,
    read_image,
    refuse_missing_colours,
    write_image,
)
from recyclegan.video.reading import (
    VIDEO_SUFFIXES,
    VideoFrame,
    VideoInfo,
    count_frames,
    probe,
    read_frame,
    read_video,
)
from recyclegan.video.writing import VideoWriter, write_video

__all__ = [
    "IMAGE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "VideoFrame",
    "VideoInfo",
    "VideoWriter",
    "count_frames",
    "image_size",
    "open_picture",
    "probe",
    "read_comment",
    "read_frame",
    "read_image",
    "read_video",
    "refuse_missing_colours",
    "write_image",
    "write_video",
]
