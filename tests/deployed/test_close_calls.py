"""Closing calls as its function runs it: deployed by the template, with the role and the index that it has there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls import call_item, calls_table, open_calls_index
from chalicelib.calls.close_calls import MOST, QUIET
from chalicelib.calls.events_table import add_events
from chalicelib.calls.open_calls_index import OpenCall
from chalicelib.calls.types import CallEvent, CallStatus
from chalicelib.registry import store as registry
from chalicelib.registry.types import Account
from chalicelib.runtime.stack_settings import use_stack
from tests.conftest import forget_caches
from tests.requests import NOW, SITE, STATIC

CALL = OpenCall("s-closing", "generic-silent")


@pytest.fixture
def site(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A site in the deployed stack's own tables."""
    monkeypatch.setattr(os, "environ", os.environ | stack.environment())
    forget_caches()
    use_stack(stack.target.stack)
    if registry.site("s-closing") is None:
        registry.create_account(Account("acc-closing", "Pallets Ltd", NOW))
        registry.create_site(replace(SITE, site_id="s-closing", account_id="acc-closing", site_key="sk-closing"))
    yield stack
    forget_caches()


def attribute(stack: Any) -> None:
    body = f'{{"site_id": "{CALL.site_id}", "call_id": "{CALL.call_id}"}}'
    answer = stack.invoke("AttributeCall", {"Records": [{"messageId": "1", "body": body, "eventSource": "aws:sqs"}]})
    assert answer == {"batchItemFailures": []}


def has_closing_event() -> bool:
    item = calls_table.item(*CALL)
    return item is not None and call_item.EVENT + open_calls_index.CLOSED in item


def test_its_role_suffices_and_an_end_that_comes_after_all_wins(site: Any) -> None:
    event = CallEvent("start", CALL.call_id, at=NOW, number=STATIC, started_at=NOW)
    add_events(*CALL, ("generic", "e"), [event], NOW)
    attribute(site)
    assert CALL in list(open_calls_index.begun_before(NOW + QUIET, MOST))

    site.run_schedule("CloseCalls", NOW + QUIET)  # it is silent for no longer than that; other tests' calls may be
    assert not has_closing_event()
    assert site.run_schedule("CloseCalls", NOW + QUIET + timedelta(seconds=1))["closed"] >= 1
    assert has_closing_event()

    attribute(site)
    closed = calls_table.call(*CALL)
    assert closed is not None
    assert (closed.call.status, closed.call.end_missing) == (CallStatus.MISSED, True)
    assert CALL not in list(open_calls_index.begun_before(NOW + QUIET, MOST))
    ended = CallEvent("end", CALL.call_id, at=NOW, ended_at=NOW + timedelta(seconds=90), talk_seconds=80)
    add_events(*CALL, ("generic", "e"), [ended], NOW + QUIET * 2)
    attribute(site)
    real = calls_table.call(*CALL)
    assert real is not None
    assert (real.call.status, real.call.end_missing, real.call.talk_seconds) == (CallStatus.ACCEPTED, False, 80)
