"""The shop's telephone system as the service sees it: recordings of calls, to be fetched over HTTP."""

from __future__ import annotations

import contextlib
import io
import threading
import wave
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Yield the address under which recordings are, while they are served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Recordings)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def silence() -> bytes:
    """Return a quarter of a second of nothing, as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(4000))
    return file.getvalue()


class _Recordings(BaseHTTPRequestHandler):
    """Every recording is the same silence."""

    def do_GET(self) -> None:
        body = silence()
        self.send_response(200)
        self.send_header("Content-Type", "audio/wav")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
