"""Spooled events are judged as if they had been stored when they came."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.calls import calls_table
from chalicelib.carriers.recover_event import recover
from chalicelib.carriers.spool_bucket import UNREAD
from chalicelib.core.clock import iso
from chalicelib.core.errors import StorageUnavailable
from chalicelib.runtime.settings import settings
from tests.conftest import forget_caches
from tests.requests import NOW, PBX, open_site, pbx_call, secret_of, signed_request

LATER = NOW + timedelta(days=2)


def kept(token: str, payload: Any, **changes: Any) -> dict[str, Any]:
    request = signed_request(payload)
    message = {"carrier": "generic", "secret": token, "parts": [], "method": "POST", "path": "/v1"}
    received = {"headers": dict(request.headers), "received_at": iso(NOW)}
    return message | received | {"body": base64.b64encode(request.body).decode()} | changes


@pytest.fixture
def secret(aws: Any) -> str:
    open_site()
    return secret_of(PBX)


def test_a_signature_is_as_old_as_the_event_was_when_it_came(secret: str) -> None:
    recover(kept(secret, pbx_call()[0]), LATER)
    assert calls_table.item("s1", "generic-1763805128.123") is not None


@pytest.mark.parametrize("spoiled", [{"headers": {}}, {"body": ""}, {"secret": "x"}, {"carrier": "nobody"}])
def test_what_was_badly_signed_is_dropped_for_good(secret: str, spoiled: dict[str, Any], capsys: Any) -> None:
    recover(kept(secret, pbx_call()[0], **spoiled), LATER)
    assert calls_table.item("s1", "generic-1763805128.123") is None
    assert '"event": "kept_event_dropped"' in capsys.readouterr().out


def test_what_cannot_be_read_is_kept_as_it_came_with_its_field_in_the_log(aws: Any, secret: str, capsys: Any) -> None:
    recover(kept(secret, pbx_call()[0] | {"to": "s"}), LATER)
    assert '"field": "to"' in capsys.readouterr().out
    found = aws.client("s3").list_objects_v2(Bucket=settings().bucket, Prefix=UNREAD + "generic/2026-11-22/")
    assert found["KeyCount"] == 1


def test_while_the_outage_lasts_the_queue_gets_it_back(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9")
    forget_caches()
    with pytest.raises(StorageUnavailable):
        recover(kept(secret, pbx_call()[0]), LATER)


def test_s3s_test_message_is_nothing(secret: str) -> None:
    recover({"Event": "s3:TestEvent", "Bucket": "b"}, LATER)
