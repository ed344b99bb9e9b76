"""A message that fails comes back alone."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from chalice.app import SQSEvent

from chalicelib import queue


def batch(*bodies: Any) -> SQSEvent:
    records = [
        {"body": body if isinstance(body, str) else json.dumps(body), "receiptHandle": "r", "messageId": str(index)}
        for index, body in enumerate(bodies)
    ]
    return SQSEvent({"Records": records}, None)


def test_only_the_failed_messages_come_back(capsys: pytest.CaptureFixture[str]) -> None:
    handled = []

    def handle(message: dict[str, Any], now: datetime) -> None:
        if message["n"] == 1:
            raise ValueError("+79160000001")
        handled.append((message["n"], now.tzinfo is not None))

    answer = queue.consume("task", batch({"n": 0}, {"n": 1}, {"n": 2}), handle)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert handled == [(0, True), (2, True)]
    assert "+7916" not in capsys.readouterr().out


def test_a_message_that_is_no_json_reaches_the_dead_letters() -> None:
    answer = queue.consume("task", batch("not json"), lambda _message, _now: None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0"}]}
