"""Telegram, as its Bot API answers: a real HTTP server in its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.attribution.attribute_call import attribute
from chalicelib.delivery.deliver import ALERTS_A_MINUTE, Undelivered, deliver
from chalicelib.registry.types import Destination
from chalicelib.runtime.settings import settings
from tests.attribution.test_attribute_call import hang_up, ring
from tests.fakes.webhook_receiver import Receiver, receiving
from tests.requests import CALLER, NOW, STATIC, open_site

TOKEN = "123456:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"
MESSAGE = {"site_id": "s1", "call_id": "generic-1"}


@pytest.fixture
def telegram(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as server:
        monkeypatch.setenv("CALLPATH_TELEGRAM_URL", server.base)
        settings.cache_clear()
        options = {"token": TOKEN, "chat_id": "-1001234567890", "language": "ru"}
        open_site(destinations=(Destination("telegram", options),))
        yield server


def missed_call(call_id: str = "generic-1", talk: int = 0) -> dict[str, str]:
    message = ring(call_id, number=STATIC)
    hang_up(call_id, talk=talk)
    attribute(message, NOW)
    return message


def test_a_missed_call_is_one_message_to_the_chat(telegram: Receiver, capsys: Any) -> None:
    deliver(missed_call(), NOW)
    deliver(MESSAGE, NOW + timedelta(minutes=5))
    ((path, _, body),) = telegram.posts
    payload = json.loads(body)
    assert path == f"/bot{TOKEN}/sendMessage"
    assert (payload["chat_id"], payload["parse_mode"]) == ("-1001234567890", "HTML")
    assert payload["text"].startswith(f"<b>Пропущенный звонок от {CALLER} — pallets.example</b>\n")
    assert "Кампания: Авито" in payload["text"]
    printed = capsys.readouterr().out
    assert TOKEN not in printed and CALLER not in printed


def test_an_answered_call_is_not_sent_unless_asked_for(telegram: Receiver) -> None:
    deliver(missed_call(talk=30), NOW)
    assert not telegram.posts


def test_it_waits_as_long_as_telegram_asks(telegram: Receiver) -> None:
    asked = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 35}}
    telegram.answers = [(429, json.dumps(asked).encode())]
    with pytest.raises(Undelivered) as failure:
        deliver(missed_call(), NOW)
    assert failure.value.at_least == 35
    deliver(MESSAGE, NOW + timedelta(seconds=36))
    assert len(telegram.posts) == 2


@pytest.mark.parametrize(
    "answer",
    [
        (400, b'{"ok":false}'),
        (401, b"{}"),
        (403, b"[]"),
        (404, b"<html>"),
        (429, b'{"parameters":{"retry_after":"x"}}'),
        (502, b""),
    ],
)
def test_a_refusal_says_why_without_token_or_caller_and_is_tried_again(
    telegram: Receiver, answer: tuple[int, bytes], capsys: Any
) -> None:
    telegram.answers = [answer]
    message = missed_call()
    with pytest.raises(Undelivered) as failure:
        deliver(message, NOW)
    assert failure.value.at_least == 0
    printed = capsys.readouterr().out
    assert f"Telegram answered {answer[0]}" in printed
    assert TOKEN not in printed and CALLER not in printed
    deliver(message, NOW)
    assert len(telegram.posts) == 2


def test_silence_is_a_failure_that_does_not_name_the_url(
    aws: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("CALLPATH_TELEGRAM_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    open_site(destinations=(Destination("telegram", {"token": TOKEN, "chat_id": "1"}),))
    message = missed_call()
    with pytest.raises(Undelivered):
        deliver(message, NOW)
    printed = capsys.readouterr().out
    assert "Telegram did not answer" in printed and TOKEN not in printed


def test_a_storm_of_calls_is_no_storm_of_messages(telegram: Receiver) -> None:
    messages = [missed_call(f"generic-{number}") for number in range(ALERTS_A_MINUTE + 5)]
    for message in messages:
        deliver(message, NOW)
    texts = [json.loads(body)["text"] for _, body in telegram.taken]
    assert [("Много звонков" in text) for text in texts] == [False] * ALERTS_A_MINUTE + [True]
    later = missed_call("generic-later")
    deliver(later, NOW + timedelta(minutes=1))
    assert "Пропущенный" in json.loads(telegram.taken[-1][1])["text"]
    deliver(messages[-1], NOW + timedelta(minutes=2))  # what was held back stays so
    assert len(telegram.posts) == ALERTS_A_MINUTE + 2


def test_nobody_is_woken_for_a_call_of_yesterday(telegram: Receiver) -> None:
    deliver(missed_call(), NOW + timedelta(hours=25))
    assert not telegram.posts
