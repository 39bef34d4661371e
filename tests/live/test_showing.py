"""What frames are shown on: a page for this machine alone, a window, a virtual camera; and where they come from."""

import json
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from recyclegan.errors import InputError
from recyclegan.live import Controls, Live, devices_seen, open_source, opened_sink, window
from recyclegan.live.meter import Figures
from recyclegan.live.sinks import Closed
from recyclegan.live.web_page import HERE, PageSink, page
from recyclegan.live.window import WindowSink
from recyclegan.settings.streaming import PipeOptions
from tests.live.stages import Numbers, translator
from tests.media import numbered
from tests.small import picture

FIGURES = Figures(25.0, 0.04, 3, (64, 128))


@pytest.fixture
def controls() -> Controls:
    return Controls(0.75)


@pytest.fixture
def shown(controls: Controls) -> Iterator[PageSink]:
    with PageSink(controls, port=0) as sink:
        yield sink


def ask(sink: PageSink, path: str, method: str = "GET", **headers: str) -> Any:
    request = urllib.request.Request(sink.address + path, method=method, headers=headers)
    return urllib.request.urlopen(request, timeout=10)


def refused(sink: PageSink, path: str, method: str = "GET", **headers: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(sink, path, method, **headers)
    caught.value.close()
    return caught.value.code


def frames_from(sink: PageSink, count: int) -> list[np.ndarray]:
    found = []
    with ask(sink, "frames") as answer:
        assert answer.headers["Content-Type"].startswith("multipart/x-mixed-replace; boundary=")
        boundary = answer.readline()
        for number in range(count):
            lines = [answer.readline() for _ in range(3)]
            size = int(lines[1].split(b":")[1])
            found.append(np.asarray(Pillow.open(BytesIO(answer.read(size)))))
            assert answer.readline() + answer.readline() == b"\r\n" + boundary
            sink.show(picture(number + 1, 64, 96), Fraction(number), FIGURES)
    return found


def test_a_page_shows_the_newest_frames_and_says_how_they_go(shown: PageSink) -> None:
    for number in range(3):
        shown.show(picture(9 if number < 2 else 0, 64, 96), Fraction(number), FIGURES)
    frames = frames_from(shown, 3)
    for number, frame in enumerate(frames):
        assert np.abs(frame.astype(int) - picture(number, 64, 96)).mean() < 4
    with ask(shown, "figures") as answer:
        told = json.loads(answer.read())
    assert told == {"words": str(FIGURES), "strength": 0.75}


def test_the_strength_is_set_on_the_page(shown: PageSink, controls: Controls) -> None:
    ask(shown, "strength?value=0.25", "POST").close()
    assert controls.strength == 0.25
    for value in ("2", "-1", "nan", "x", ""):
        assert refused(shown, f"strength?value={value}", "POST") == 400
    assert refused(shown, "other", "POST") == 400
    assert refused(shown, "strength", "POST") == 400
    assert controls.strength == 0.25


def test_the_page_is_for_this_machine_alone_and_loads_nothing(shown: PageSink, controls: Controls) -> None:
    assert shown.address.startswith("http://127.0.0.1:")
    assert shown._server.socket.getsockname()[0] == HERE == "127.0.0.1"
    with ask(shown, "") as answer:
        text, policy = answer.read().decode(), answer.headers["Content-Security-Policy"]
    assert text == page()
    assert "http" not in text.replace("http-equiv", "")
    assert policy.startswith("default-src 'none'; img-src 'self'; connect-src 'self';")
    assert refused(shown, "etc/passwd") == 404
    assert refused(shown, "", Host="evil.example") == 403
    assert refused(shown, "strength?value=0", "POST", Host="evil.example") == 403
    assert refused(shown, "strength?value=0", "POST", Origin="http://evil.example") == 403
    assert controls.strength == 0.75


def test_a_port_that_is_taken_or_none_is_told(shown: PageSink, controls: Controls) -> None:
    port = shown._server.server_address[1]
    for word, said in (
        (f"page:{port}", "cannot be served"),
        ("page:x", "expected a port"),
        ("page:99999", "expected a"),
    ):
        with pytest.raises(InputError, match=said):
            opened_sink(word, Numbers(1), PipeOptions(), controls, lambda _: None)


def test_a_browser_that_waits_is_let_go_at_the_end(controls: Controls) -> None:
    with PageSink(controls, port=0) as sink:
        sink.show(picture(0), Fraction(0), FIGURES)
        answer = ask(sink, "frames")
    while answer.read(1 << 16):
        pass
    answer.close()


class Widget:
    """Stands for every widget: keeps what it is told."""

    def __init__(self, *_: object, **settings: Any) -> None:
        self.settings, self.value, self.image, self.updates = settings, None, None, 0

    def __getattr__(self, _: str) -> Any:
        return lambda *_, **__: None

    def configure(self, **settings: Any) -> None:
        self.settings |= settings

    def set(self, value: int) -> None:
        self.value = value


class Root(Widget):
    def protocol(self, _: str, close: Any) -> None:
        self.close = close

    def update(self) -> None:
        self.updates += 1


def test_a_window_shows_frames_takes_a_strength_and_ends_when_it_is_closed(controls: Controls) -> None:
    root, toolkit = Root(), SimpleNamespace(Label=Widget, Scale=Widget)
    sink = WindowSink(root, toolkit, lambda image: image, controls, (64, 96))
    assert (root.updates, sink._words.settings["text"]) == (1, "no frame yet")
    assert np.shape(sink._picture.settings["image"]) == (64, 96, 3)
    sink.show(picture(0), Fraction(0), FIGURES)
    assert np.array_equal(np.asarray(sink._picture.settings["image"]), picture(0))
    assert sink._words.settings == {"text": str(FIGURES), "wraplength": 240}
    assert (sink._strength.value, root.updates) == (75, 2)
    sink._strength.settings["command"]("40")
    assert controls.strength == 0.4
    root.close()
    with pytest.raises(Closed):
        sink.idle()


def test_a_window_without_a_display_is_refused(controls: Controls, monkeypatch: pytest.MonkeyPatch) -> None:
    tkinter = pytest.importorskip("tkinter")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(tkinter, "Tk", lambda: (_ for _ in ()).throw(tkinter.TclError("no display name")))
    with (
        pytest.raises(InputError, match=r"window: there is no display .*; name page instead"),
        window.opened_window(controls, (64, 96)),
    ):
        pass


def test_frames_go_to_a_virtual_camera(controls: Controls, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    class Camera:
        def __init__(self, *settings: object, device: str | None) -> None:
            if device == "/dev/video9":
                raise RuntimeError("not\nfound")
            sent.append((*settings, device))

        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

        def send(self, image: Any) -> None:
            sent.append(image)

    monkeypatch.setitem(sys.modules, "pyvirtualcam", SimpleNamespace(Camera=Camera))
    with opened_sink("camera", Numbers(1), PipeOptions(), controls, print) as sink:
        sink.show(picture(0), Fraction(0), FIGURES)
    assert sent[0] == (96, 64, 10.0, None)
    assert np.array_equal(sent[1], picture(0))
    with (
        pytest.raises(InputError, match=r"no virtual camera \(not found\); set one up"),
        opened_sink("camera:/dev/video9", Numbers(1), PipeOptions(), controls, print),
    ):
        pass
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with (
        pytest.raises(InputError, match=r"pip install 'recyclegan\[camera\]'"),
        opened_sink("camera", Numbers(1), PipeOptions(), controls, print),
    ):
        pass


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let FFmpeg's test pictures stand for every device; return what was asked for."""
    asked, av_open = [], devices_seen.av.open

    def stand_in(name: str, format: str, options: dict[str, str]) -> Any:
        asked.append((name, format, options))
        return av_open("testsrc=size=64x48:rate=20:duration=0.3", format="lavfi")

    monkeypatch.setattr(devices_seen.av, "open", stand_in)
    return asked


@pytest.mark.parametrize(
    ("word", "platform", "name", "device"),
    [
        ("camera", "linux", "/dev/video0", "v4l2"),
        ("2", "linux", "/dev/video2", "v4l2"),
        ("/dev/video1", "linux", "/dev/video1", "v4l2"),
        ("camera:HD Camera", "win32", "video=HD Camera", "dshow"),
        ("camera:1", "darwin", "1", "avfoundation"),
        ("screen", "win32", "desktop", "gdigrab"),
        ("screen", "linux", ":7+0,0", "x11grab"),
        ("screen:640x360+100+50", "linux", ":7+100,50", "x11grab"),
    ],
)
def test_cameras_and_screens_are_what_ffmpeg_calls_them(
    word: str, platform: str, name: str, device: str, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("DISPLAY", ":7")
    source = open_source(word, PipeOptions(rate="15"))
    assert opened[0][:2] == (name, device)
    assert opened[0][2]["framerate"] == "15"
    assert (source.size, source.rate, source.waits) == ((48, 64), 20, False)
    frames = list(source)
    assert len(frames) == 6
    assert frames[0].image.shape == (48, 64, 3)
    assert [frame.time for frame in frames] == sorted(frame.time for frame in frames)


def test_a_camera_is_translated_for_a_page(opened: list[Any], controls: Controls) -> None:
    messages: list[str] = []
    source = open_source("camera", PipeOptions(size="64x48"))
    assert opened[0][2] == {"video_size": "64x48"}
    with opened_sink("page:0", source, PipeOptions(), controls, messages.append) as sink:
        Live(translator(), source, sink, controls, tell=messages.append).run()
        with ask(sink, "figures") as answer:  # type: ignore[arg-type]
            assert "translated at" in json.loads(answer.read())["words"]
    assert messages[0].startswith("showing on http://127.0.0.1:")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("screen:big", "found region 'big', expected WIDTHxHEIGHT"),
        ("screen", "there is no display"),
        ("camera:/dev/video99", "camera /dev/video99: cannot be opened"),
        ("nothing.mp4", "nothing.mp4: no such file"),
    ],
)
def test_sources_that_are_not_there_are_told(word: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(InputError, match=said) as caught:
        open_source(word, PipeOptions())
    assert "\n" not in str(caught.value)


def test_a_region_beside_the_screen_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise devices_seen.av.error.ArgumentError(22, "Invalid argument")

    monkeypatch.setattr(devices_seen.av, "open", refuse)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", ":7")
    with pytest.raises(InputError, match=r"video_size 9000x9000.*; check that it is there and the region lies on it"):
        open_source("screen:9000x9000", PipeOptions())


@pytest.mark.slow
def test_a_browser_shows_the_page(tmp_path: Path, controls: Controls) -> None:
    """Headless Chromium shows a frame that comes while it looks on."""
    chromium = shutil.which("chromium") or pytest.skip("chromium is not installed")
    is_over = threading.Event()

    def go_on(sink: PageSink) -> None:
        while not is_over.wait(0.1):
            sink.show(numbered(40, 64, 96), Fraction(0), FIGURES)

    shot = tmp_path / "page.png"
    words = ["--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server", "--virtual-time-budget=2000"]
    words += ["--window-size=500,700", f"--screenshot={shot}", f"--user-data-dir={tmp_path}/user"]
    with PageSink(controls, port=0) as sink:
        thread = threading.Thread(target=go_on, args=(sink,))
        thread.start()
        subprocess.run([chromium, *words, sink.address], capture_output=True, timeout=200, check=True)
        is_over.set()
        thread.join()
    pixels = np.asarray(Pillow.open(shot).convert("RGB"))
    assert np.abs(pixels[150, 100:300].astype(int) - 203).max() < 4
