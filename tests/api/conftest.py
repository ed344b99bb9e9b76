"""The manage API over the real application, as an operator and as two accounts call it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

from app import app
from chalicelib.core import clock
from chalicelib.registry import store
from tests.factories import NOW, open_site, other_site


@dataclass(frozen=True)
class Api:
    """One caller of the API: the key goes with every request, and the moment it counts as made where that matters."""

    client: Client
    key: str | None
    now: datetime | None = None

    def at(self, now: datetime) -> Api:
        """Return the same caller at a moment of the test's."""
        return replace(self, now=now)

    def get(self, path: str) -> HTTPResponse:
        return self.send("GET", path)

    def post(self, path: str, body: Any = None, content_type: str = "application/json") -> HTTPResponse:
        return self.send("POST", path, body, content_type)

    def patch(self, path: str, body: Any) -> HTTPResponse:
        return self.send("PATCH", path, body)

    def send(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json", **more: str
    ) -> HTTPResponse:
        headers = {"Content-Type": content_type} | more
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        if self.now:
            headers[clock.HEADER] = clock.iso(self.now)
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.client.http.request(method, f"/v1{path}", headers=headers, body=raw)


@pytest.fixture
def client(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("CALLPATH_TEST_CLOCK", "on")
    with Client(app) as client:
        yield client


@pytest.fixture
def account(client: Client) -> Api:
    """Return the key of the account that owns site s1 with pool p1."""
    open_site()
    return Api(client, store.create_key("acc1", "tests", NOW)[1])


@pytest.fixture
def stranger(client: Client, account: Api) -> Api:
    """Return the key of another account, which owns site s2."""
    other_site()
    return Api(client, store.create_key("acc2", "tests", NOW)[1])


@pytest.fixture
def operator(client: Client) -> Api:
    """Return the operator's key."""
    return Api(client, store.create_key(None, "tests", NOW)[1])
