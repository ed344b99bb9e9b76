from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime

import pytest

from infra.demo.service import TIME_HEADER, Http, Service, UnexpectedAnswer

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)


class Answers:
    """A service that answers one status after the other."""

    base_url = "http://service.example/api"

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.sent: list[tuple[str, str, bytes, dict[str, str]]] = []

    def send(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        self.sent.append((method, url, body, headers))
        return self.statuses.pop(0), b'{"said": 1}'


def test_a_request_is_of_the_storys_moment() -> None:
    answers = Answers(200, 201)
    Service(answers).post("/v1/x", b"{}", {"A": "b"}, NOON)
    assert Service(answers, "key").manage("POST", "sites", NOON, {"name": "x"}) == {"said": 1}
    (post, manage) = answers.sent
    assert post == ("POST", "http://service.example/api/v1/x", b"{}", {"A": "b", TIME_HEADER: NOON.isoformat()})
    assert manage[1:3] == ("http://service.example/api/v1/manage/sites", b'{"name": "x"}')
    assert (manage[3]["Authorization"], manage[3][TIME_HEADER]) == ("Bearer key", NOON.isoformat())


def test_what_an_engine_has_no_time_for_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    answers = Answers(502, 429, 200)
    assert Service(answers).post("/v1/x", b"{}", {}, NOON) == b'{"said": 1}'
    assert len({sent[1:3] for sent in answers.sent}) == 1
    assert len(waited) == 2


def test_what_is_refused_is_not_sent_again_and_says_so() -> None:
    with pytest.raises(UnexpectedAnswer, match=r"^POST /v1/x… answered 401: \{"):
        Service(Answers(401)).post("/v1/x", b"{}", {}, NOON)


def test_a_service_that_is_not_there_is_named() -> None:
    with closing(Http("http://127.0.0.1:9")) as nobody, pytest.raises(ConnectionError, match="does not answer"):
        Service(nobody).post("/v1/x", b"{}", {}, NOON)
