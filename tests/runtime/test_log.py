"""Each line says which invocation wrote it, whichever thread does."""

from __future__ import annotations

import json
from functools import partial
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from chalice.app import SQSEvent
from chalice.test import Client

from app import app
from chalicelib.core.deadline import started
from chalicelib.runtime import log, sqs
from chalicelib.runtime.http import answers
from chalicelib.runtime.tracing import traced


def context(request_id: str) -> Any:
    return SimpleNamespace(aws_request_id=request_id)


FIRST, SECOND = context("r1"), context("r2")


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_cold_start", True)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_begins_with_its_event_its_level_and_its_invocation(capsys: pytest.CaptureFixture[str]) -> None:
    with log.invocation(FIRST, "census"):
        log.event("census", pools=2, live=None)
        log.warning("touch_lost")
        log.error("failed")
    texts = capsys.readouterr().out.splitlines()
    assert texts[0] == (
        '{"event": "census", "level": "info", "function": "census", "request_id": "r1", "cold_start": true, "pools": 2}'
    )
    assert [json.loads(text)["level"] for text in texts] == ["info", "warning", "error"]


def test_only_the_first_invocation_of_a_container_is_its_cold_start(capsys: pytest.CaptureFixture[str]) -> None:
    for each in (FIRST, SECOND, None):
        with log.invocation(each, "census"):
            log.event("census")
            log.event("census")
    log.event("census")
    written = [(line["request_id"], line["cold_start"]) for line in lines(capsys)]
    assert written == [("r1", True)] * 2 + [("r2", False)] * 2 + [("", False)] * 3


def test_a_request_names_its_task_and_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    with Client(app) as client:
        client.http.get("/v1/manage/sites")
        client.http.get("/v1/manage/sites")
    first, second = lines(capsys)
    assert first["event"] == "refused" and first["level"] == "warning" and first["function"] == "manage"
    assert first["request_id"] and second["request_id"] not in ("", first["request_id"])
    assert (first["cold_start"], second["cold_start"]) == (True, False)


def test_a_bug_is_an_error_of_its_function(capsys: pytest.CaptureFixture[str]) -> None:
    @answers("some_task")
    def view() -> None:
        raise ValueError

    view()
    (line,) = lines(capsys)
    assert (line["event"], line["level"], line["function"]) == ("failed", "error", "some_task")


def test_each_message_of_a_batch_is_named_in_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    records = [{"body": json.dumps(n), "messageId": f"m{n}", "receiptHandle": "r"} for n in range(3)]

    def handle(message: Any, _now: Any) -> None:
        log.event("contact")
        if message == 1:
            raise ValueError

    sqs.consume("take_contact", SQSEvent({"Records": records}, FIRST), handle)
    log.event("outside")
    *written, outside = lines(capsys)
    assert [(line["event"], line["message_id"]) for line in written] == [
        *[("contact", "m0"), ("contact", "m1"), ("message_failed", "m1"), ("contact", "m2")]
    ]
    assert {(line["function"], line["request_id"], line["cold_start"]) for line in written} == {
        ("take_contact", "r1", True)
    }
    assert "message_id" not in outside and outside["request_id"] == ""


def test_a_schedule_names_its_task(capsys: pytest.CaptureFixture[str]) -> None:
    @traced("census")
    def census(_event: Any) -> None:
        log.event("census")

    census(SimpleNamespace(context=SECOND))
    (line,) = lines(capsys)
    assert (line["function"], line["request_id"]) == ("census", "r2")


def _log_after(answered: Event) -> None:
    answered.wait()
    log.event("late")


def test_what_outlives_its_request_keeps_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    """Work that was given up goes on in its thread, while the container answers the next request."""
    answered = Event()
    with log.invocation(FIRST, "receive_call"):
        late = started(partial(_log_after, answered))
    with log.invocation(SECOND, "receive_call"):
        answered.set()
        late.result()
        log.event("next")
    assert [(line["event"], line["request_id"]) for line in lines(capsys)] == [("late", "r1"), ("next", "r2")]


def test_threads_of_two_invocations_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    """As in a simulation, which runs many requests in one process."""

    def answer(request_id: str) -> None:
        with log.invocation(context(request_id), "issue_number"):
            log.event("number_lent", of=request_id)

    threads = [Thread(target=answer, args=(f"r{n}",)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    written = lines(capsys)
    assert len(written) == 20 and all(line["request_id"] == line["of"] for line in written)
