"""HTTP to the service, with the story's moment as the time of each request."""

from __future__ import annotations

import http.client
import json
import threading
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 60
IDLE_SECONDS = 3
TIME_HEADER = "X-Callpath-Time"


class UnexpectedAnswer(Exception):
    """The service answered what the story does not expect; says what was asked and what came."""


class Service:
    """One connection a thread, kept open."""

    def __init__(self, base_url: str, api_key: str = "") -> None:
        self.base_url, self.api_key = base_url, api_key
        self._local = threading.local()

    def post(
        self, url: str, body: bytes, headers: dict[str, str], at: datetime, expected: tuple[int, ...] = (200,)
    ) -> bytes:
        """POST to a path under the base URL or to a whole URL; the answer's body. Raises UnexpectedAnswer."""
        return self._send("POST", url, body, headers, at, expected)

    def manage(self, method: str, path: str, content: Any = None, at: datetime | None = None) -> Any:
        """One request to the manage API; `content` that is not bytes goes as JSON."""
        raw = content if isinstance(content, bytes) else json.dumps(content).encode() if content is not None else b""
        kind = "text/csv" if isinstance(content, bytes) else "application/json"
        headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": kind}
        return json.loads(self._send(method, f"/v1/manage/{path}", raw, headers, at, (200, 201, 202)) or b"null")

    def _send(
        self,
        method: str,
        url: str,
        body: bytes,
        headers: dict[str, str],
        at: datetime | None,
        expected: tuple[int, ...],
    ) -> bytes:
        whole = url if "://" in url else self.base_url + url
        parts = urlsplit(whole)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        timed = headers | ({TIME_HEADER: at.isoformat()} if at else {})
        connection = self._connection(parts.netloc)
        connection.request(method, target, body, timed)
        response = connection.getresponse()
        answer = response.read()
        if response.status not in expected:
            task = parts.path.removeprefix(urlsplit(self.base_url).path)[:24]
            raise UnexpectedAnswer(
                f"{method} {task}… answered {response.status}: {answer[:300].decode(errors='replace')}"
            )
        return answer

    def _connection(self, host: str) -> http.client.HTTPConnection:
        """This thread's connection; a new one when the other side may have closed it for want of use."""
        now = time.monotonic()
        found: http.client.HTTPConnection | None = getattr(self._local, "connection", None)
        if found and now - self._local.used_at > IDLE_SECONDS:
            found.close()
            found = None
        self._local.used_at = now
        if found is None:
            found = self._local.connection = http.client.HTTPConnection(host, timeout=TIMEOUT_SECONDS)
        return found
