"""A website and the number endpoint it asks, as a browser sees them: what the snippet is tested against."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.sync_api import Page

from chalicelib.pool.serve_snippet import script_of
from tests.waiting import until

SITE_KEY = "pk_test"
OWN_NUMBER = "+74950000001"
LENT_NUMBER = "+74990000077"
SWAP = [{"number": OWN_NUMBER, "selector": None}, {"number": None, "selector": ".callpath-number"}]


@dataclass
class Website:
    """What the server shows and answers, and what it was asked. Tests change the first and read the second."""

    pages: dict[str, str] = field(default_factory=dict)
    answer: dict[str, Any] | Callable[[str, dict[str, Any]], dict[str, Any]] = field(default_factory=dict)
    promo: dict[str, Any] = field(default_factory=dict)
    promo_status: int = 200
    status: int = 200
    answering: threading.Event = field(default_factory=threading.Event)  # cleared: the number's answers are held back
    asked: list[dict[str, Any]] = field(default_factory=list)  # {"task", "type", "body"}
    port: int = 0

    def __post_init__(self) -> None:
        self.answering.set()

    def address(self, path: str = "/") -> str:
        return f"http://localhost:{self.port}{path}"

    @property
    def service(self) -> str:
        """Another origin than the page's, as in life."""
        return f"http://127.0.0.1:{self.port}/stage"

    def reply(self, task: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body of what the service answers."""
        if task == "promo":
            return self.promo_status, self.promo
        if task == "number" and self.status != 200:
            return self.status, {}
        return 200, self.answer(task, body) if callable(self.answer) else self.answer

    def bodies(self, task: str) -> list[dict[str, Any]]:
        return [request["body"] for request in self.asked if request["task"] == task]

    def wait_for(self, task: str, count: int) -> list[dict[str, Any]]:
        """The bodies of a task's requests once there are `count`."""
        until(lambda: len(self.bodies(task)) >= count, f"request {count} for {task}")
        return self.bodies(task)


def lent(number: str | None = LENT_NUMBER, **changes: Any) -> dict[str, Any]:
    """An answer of the number endpoint."""
    answer = {"visitor_id": "v-1", "number": number, "kind": "dynamic", "lease": f"lease of {number}"}
    return {**answer, "expires_in": 360, "renew_in": 300, "swap": SWAP, **changes}


def page(body: str, head: str = "") -> str:
    return f'<!doctype html><meta charset="utf-8"><title>shop</title>{head}<body>{body}'


def at_rest(tab: Page) -> None:
    """Return when the page has dealt with every answer to what it has asked for so far: it asks under a lock."""
    tab.evaluate(
        """async (lock) => {
            await navigator.locks.request(lock, () => {});
            const { port1, port2 } = new MessageChannel();
            await new Promise((done) => { port1.onmessage = done; port2.postMessage(0); });
        }""",
        f"callpath.{SITE_KEY}",
    )


def started(website: Website) -> ThreadingHTTPServer:
    """The website on a free port, served until `shutdown()`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(website))
    server.daemon_threads = True
    website.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server


def _handler(website: Website) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path.endswith("/snippet.js"):
                self._reply(200, "application/javascript", script_of(website.service, SITE_KEY))
            elif path in website.pages:
                script = f'<script async src="{website.service}/v1/sites/{SITE_KEY}/snippet.js"></script>'
                self._reply(200, "text/html; charset=utf-8", website.pages[path] + script)
            else:
                self._reply(404, "text/plain", "")

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            task = self.path.rsplit("/", 1)[-1]
            body = json.loads(raw)
            website.asked.append({"task": task, "type": self.headers["Content-Type"], "body": body})
            status, answer = website.reply(task, body)
            if task == "number":
                website.answering.wait()
            self._reply(status, "application/json", json.dumps(answer))

        def _reply(self, status: int, content_type: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
