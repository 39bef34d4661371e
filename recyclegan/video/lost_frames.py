"""What a video holds that a translation of it does not."""

from collections.abc import Iterator
from pathlib import Path

import av
from av.container import InputContainer
from av.video.reformatter import ColorPrimaries, ColorTrc
from av.video.stream import VideoStream

from recyclegan.video.decoding import Decoder
from recyclegan.video.opening import is_picture, open_video

_TRANSFERS: dict[int, str] = {ColorTrc.SMPTE2084: "PQ", ColorTrc.ARIB_STD_B67: "HLG"}
_WIDE_GAMUTS: dict[int, str] = {
    ColorPrimaries.BT2020: "BT.2020",
    ColorPrimaries.SMPTE431: "DCI-P3",
    ColorPrimaries.SMPTE432: "Display P3",
}
_SIDE_DATA = {
    "A53_CC": "closed captions",
    "STEREO3D": "the arrangement of two eyes",
    "SPHERICAL": "the projection of a panorama",
}
_BITS_KEPT = 8


def losses(path: Path) -> list[str]:
    """Return, in a sentence each, what of a video is not carried into a translation.

    Raises:
        InputError: the file is missing, no video, or no frame in it can be decoded.
    """
    with open_video(path) as (container, stream):
        frame = next(Decoder(path, container, stream, "keep").frames())
        found = [*_of_colours(frame), *_of_streams(container, stream), *_of_side_data(frame)]
    return [f"{path}: {loss}" for loss in found]


def _of_colours(frame: av.VideoFrame) -> Iterator[str]:
    transfer, gamut = _TRANSFERS.get(frame.color_trc), _WIDE_GAMUTS.get(frame.color_primaries)
    if transfer:
        yield f"its high dynamic range ({transfer}) is read without tone mapping and written as BT.709"
    if gamut:
        yield f"its wide gamut of colours ({gamut}) is written as if it were BT.709"
    components = frame.format.components
    if any(component.is_alpha for component in components):
        yield "its transparency is dropped"
    bits = max(component.bits for component in components)
    if bits > _BITS_KEPT:
        yield f"its {bits} bits a colour are rounded to {_BITS_KEPT}"


def _of_streams(container: InputContainer, stream: VideoStream) -> Iterator[str]:
    videos = [one for one in container.streams.video if not is_picture(one)]
    pictures = len(container.streams.video) - len(videos)
    if len(videos) > 1:
        yield f"of its {len(videos)} video streams only number {videos.index(stream)} is taken"
    counts = {
        "subtitle": len(container.streams.subtitles),
        "attached picture": pictures,
        "attachment": len(container.streams.attachments),
        "data stream": len(container.streams.data),
        "chapter": len(container.chapters()),
    }
    dropped = [f"{count} {name}{'s' if count > 1 else ''}" for name, count in counts.items() if count]
    if dropped:
        yield f"dropped: {', '.join(dropped)}"


def _of_side_data(frame: av.VideoFrame) -> Iterator[str]:
    found = [words for name, words in _SIDE_DATA.items() if name in frame.side_data]
    if found:
        yield f"dropped: {', '.join(found)}"
