"""A real HTTP server that gives recordings as carriers do, and recordings to give."""

from __future__ import annotations

import io
import math
import struct
import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

POLL_SECONDS = 0.01  # how long a server may take to notice that its test is over
HTML = b"<!DOCTYPE html><html><body>Sign in to hear this recording</body></html>"


@dataclass
class Given:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    declared: int | None = None  # a Content-Length that is not true
    undeclared: bool = False  # no Content-Length: the body ends with the connection
    meanwhile: Callable[[], object] = int  # what happens while the carrier is asked


@dataclass
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class CarrierServer(ThreadingHTTPServer):
    """Answers a path with the next of its answers, then with the last for ever; any other path with 404."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Given]] = {}
        self.asked: list[Asked] = []
        super().__init__(("127.0.0.1", 0), _Answering)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def give(self, path: str, *answers: Given | bytes) -> str:
        """Answer `path` so; its URL."""
        self.answers[path] = [each if isinstance(each, Given) else Given(body=each) for each in answers]
        return self.url + path


class _Answering(BaseHTTPRequestHandler):
    server: CarrierServer

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.server.asked.append(Asked(self.command, self.path, headers, body))
        waiting = self.server.answers.get(self.path.partition("?")[0], [Given(404)])
        given = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        given.meanwhile()
        self.send_response(given.status)
        for name, value in given.headers.items():
            self.send_header(name, value)
        if not given.undeclared:
            self.send_header("Content-Length", str(len(given.body) if given.declared is None else given.declared))
        self.end_headers()
        self.wfile.write(given.body)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def carrier_server() -> Iterator[CarrierServer]:
    server = CarrierServer()
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def wav(seconds: float = 0.5, channels: int = 1) -> bytes:
    """A telephone's 8 kHz, with a tone."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        for place in range(int(seconds * 8000)):
            sound.writeframes(struct.pack("<h", int(8000 * math.sin(place / 3))) * channels)
    return file.getvalue()


def mp3(frames: int = 20, *, mono: bool = True, tag: bytes = b"") -> bytes:
    """Frames of MPEG-1 layer III, 128 kbit/s at 44.1 kHz: a header each and silence."""
    header = bytes([0xFF, 0xFB, 0x90, 0xC4 if mono else 0x04])
    return tag + (header + bytes(417 - 4)) * frames


def id3(size: int) -> bytes:
    """An ID3 tag of `size` bytes behind its header."""
    parts = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + parts + bytes(size)
