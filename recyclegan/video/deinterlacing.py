"""Interlaced frames, which hold two moments in their even and odd lines, turned into whole ones."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import av
from av.filter import Graph
from av.video.stream import VideoStream

from recyclegan.video.opening import told_as_unreadable


def deinterlaced(path: Path, frames: Iterable[av.VideoFrame], stream: VideoStream) -> Iterator[av.VideoFrame]:
    """Yield as many frames as come in, at the same times, each showing the earlier of its two moments (bwdif).

    Where the first frame says that it is interlaced, only frames that say so are changed; else all are.

    Raises:
        InputError: frames of a kind that cannot be deinterlaced; ``path`` names them.
    """
    graph: Graph | None = None
    for frame in frames:
        with told_as_unreadable(path):
            graph = graph or _graph(stream, only_marked=frame.interlaced_frame)
            made = _pushed(graph, frame)
        yield from made
    if graph is not None:
        yield from _pushed(graph, None)


def _graph(stream: VideoStream, only_marked: bool) -> Graph:
    graph = Graph()
    source = graph.add_buffer(template=stream)
    change = graph.add("bwdif", f"mode=send_frame:parity=auto:deint={'interlaced' if only_marked else 'all'}")
    sink = graph.add("buffersink")
    source.link_to(change)
    change.link_to(sink)
    graph.configure()
    return graph


def _pushed(graph: Graph, frame: av.VideoFrame | None) -> list[av.VideoFrame]:
    """Return the frames that are done after one more, or, for None, all that are left."""
    graph.push(frame)
    made = []
    while True:
        try:
            made.append(graph.pull())
        except (av.BlockingIOError, av.EOFError):
            return [one for one in made if isinstance(one, av.VideoFrame)]
