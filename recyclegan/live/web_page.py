"""A page that shows live frames to browsers, of this machine alone unless told otherwise; it loads nothing else."""

import io
import json
import threading
from fractions import Fraction
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from urllib.parse import parse_qs, urlsplit

from PIL import Image as Pillow

from recyclegan.arrays import Image
from recyclegan.errors import InputError
from recyclegan.live.meter import Figures
from recyclegan.live.sinks import Controls, Sink

HERE = "127.0.0.1"
PORT = 8765
_QUALITY = 85
_PATIENCE = 5.0
"""Seconds that a browser waits for a new frame before it is sent the last one again."""
_BOUNDARY = "recyclegan-frame"
_POLICY = (
    "default-src 'none'; img-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Shown:
    """The newest frame, for as many browsers as look on; a slow one leaves frames out."""

    def __init__(self, controls: Controls) -> None:
        self.controls = controls
        self.words = "no frame yet"
        self._jpeg, self._number = b"", 0
        self._changed = threading.Condition()
        self._is_over = False

    def put(self, jpeg: bytes, words: str) -> None:
        """Show a frame, and what there is to say of it."""
        with self._changed:
            self._jpeg, self._number, self.words = jpeg, self._number + 1, words
            self._changed.notify_all()

    def after(self, number: int) -> tuple[int, bytes]:
        """Return a frame newer than that of a number, with its own number; the last one again after some seconds.

        Raises:
            EOFError: there will be none.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._number > number or self._is_over, _PATIENCE)
            if self._is_over:
                raise EOFError
            return self._number, self._jpeg

    def end(self) -> None:
        """Let all browsers go."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()


class PageSink(Sink):
    """Shows frames on a page, used in a ``with`` statement. ``address`` is that of the page."""

    shows_newest = True

    def __init__(self, controls: Controls, port: int = PORT, host: str = HERE) -> None:
        """``host`` is the address of this machine that the page listens on.

        Raises:
            InputError: the port is taken.
        """
        self._shown = Shown(controls)
        try:
            self._server = _Server((host, port), self._shown)
        except (OSError, OverflowError) as error:
            raise InputError(
                f"page:{port}: cannot be served ({error}); name another port, such as page:8766"
            ) from error
        self.address = f"http://{host}:{self._server.server_address[1]}/"

    def __enter__(self) -> "PageSink":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._shown.end()
        self._server.shutdown()
        self._server.server_close()

    @property
    def notes(self) -> list[str]:
        """What there is to say afterwards."""
        return []

    def show(self, image: Image, time: Fraction, figures: Figures) -> None:
        """Show a frame to whoever looks on."""
        data = io.BytesIO()
        Pillow.fromarray(image).save(data, "JPEG", quality=_QUALITY)
        self._shown.put(data.getvalue(), str(figures))

    def idle(self) -> None:
        """There is nothing to do."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], shown: Shown) -> None:
        self.shown = shown
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    """Answers a browser: the page, the frames, the figures, and a strength that is set."""

    server: _Server

    def do_GET(self) -> None:
        """Answer what is asked for by address."""
        path = urlsplit(self.path).path
        if not self._is_ours():
            self.send_error(HTTPStatus.FORBIDDEN)
        elif path == "/":
            self._send(page().encode(), "text/html; charset=utf-8")
        elif path == "/figures":
            said = {"words": self.server.shown.words, "strength": self.server.shown.controls.strength}
            self._send(json.dumps(said).encode(), "application/json")
        elif path == "/frames":
            self._send_frames()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Take a strength."""
        asked = urlsplit(self.path)
        try:
            strength = float(parse_qs(asked.query)["value"][0])
        except (KeyError, ValueError):
            strength = -1.0
        origin = self.headers.get("Origin")
        if not self._is_ours() or (origin and urlsplit(origin).netloc != self.headers.get("Host")):
            self.send_error(HTTPStatus.FORBIDDEN)
        elif asked.path == "/strength" and 0 <= strength <= 1:
            self.server.shown.controls.strength = strength
            self._send(b"", "text/plain")
        else:
            self.send_error(HTTPStatus.BAD_REQUEST)

    def _is_ours(self) -> bool:
        """Return whether the page was asked for by an address of its own, not by a name that leads here."""
        host = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        bound = self.server.server_address[0]
        return bound != HERE or host in (HERE, "localhost")

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self._send_headers(kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_headers(self, kind: str) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")

    def _send_frames(self) -> None:
        """Send frame after frame, each in the place of the one before, until either side ends.

        The line between two frames follows the first one at once, as browsers wait for it before they show that.
        """
        self.send_response(HTTPStatus.OK)
        self._send_headers(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.end_headers()
        number, between = 0, f"--{_BOUNDARY}\r\n".encode()
        try:
            self.wfile.write(between)
            while True:
                number, jpeg = self.server.shown.after(number)
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n" + between)
        except (EOFError, ConnectionError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of who asks for what."""


def page() -> str:
    """Return the page."""
    return resources.files("recyclegan.live").joinpath("live.html").read_text(encoding="utf-8")
