"""The service as the demo asks it: one request at a time, each at the story's moment."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any, Protocol

import urllib3

TIMEOUT_SECONDS = 60
CONNECTIONS = 8
NOT_NOW = (429, 502, 503, 504)  # of an engine on a machine that has much else to do
RETRIES_AFTER = (1, 2, 5, 10, 20)  # seconds
TIME_HEADER = "X-Callpath-Time"


class UnexpectedAnswer(Exception):
    """The service answered what the story does not expect; says what was asked and what came."""


class Transport(Protocol):
    """The way to a service."""

    @property
    def base_url(self) -> str:
        """What browsers and carriers call, without a slash at its end."""

    def send(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Return the status and the body that a whole URL answers."""


class Http:
    """Over HTTP. Connections are kept open until `close`."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._connections = urllib3.PoolManager(maxsize=CONNECTIONS, timeout=TIMEOUT_SECONDS, retries=False)

    @property
    def base_url(self) -> str:
        return self._base_url

    def send(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Return the status and the body that a whole URL answers. Raises ConnectionError where it answers nothing."""
        try:
            answer = self._connections.request(method, url, body=body, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as failure:
            raise ConnectionError(f"The service does not answer: {failure}") from failure
        return answer.status, answer.data

    def close(self) -> None:
        """Close the connections."""
        self._connections.clear()


class Service:
    """Requests of browsers, carriers and CRMs; with an API key also those of the shop's owner."""

    def __init__(self, transport: Transport, api_key: str = "") -> None:
        self.transport, self.api_key = transport, api_key

    def post(
        self, url: str, body: bytes, headers: dict[str, str], at: datetime, expected: tuple[int, ...] = (200,)
    ) -> bytes:
        """POST to a path under the base URL or to a whole URL; the answer's body. Raises UnexpectedAnswer."""
        return self._send("POST", url, body, headers, at, expected)

    def manage(self, method: str, path: str, at: datetime | None, content: Any = None) -> Any:
        """One request to the manage API, at the story's moment or now; `content` that is not bytes goes as JSON."""
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
        whole = url if "://" in url else self.transport.base_url + url
        timed = headers | ({TIME_HEADER: at.isoformat()} if at else {})
        status, answer = self.transport.send(method, whole, body, timed)
        for wait in RETRIES_AFTER:  # as pages, carriers and CRMs do; the service recognises what it has seen
            if status not in NOT_NOW:
                break
            time.sleep(wait)
            status, answer = self.transport.send(method, whole, body, timed)
        if status not in expected:
            task = whole.removeprefix(self.transport.base_url)[:24]
            raise UnexpectedAnswer(f"{method} {task}… answered {status}: {answer[:300].decode(errors='replace')}")
        return answer
