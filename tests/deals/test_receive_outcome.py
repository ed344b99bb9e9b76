"""A CRM's webhooks through the real task."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls import changed_days_table
from chalicelib.core.errors import BadInput, NotFound, SignatureRejected, StorageUnavailable, TooLarge
from chalicelib.deals import deals_table
from chalicelib.deals.receive_outcome import MAX_OUTCOMES, receive
from chalicelib.deals.types import OutcomeStatus
from chalicelib.runtime.settings import settings
from tests.conftest import forget_caches
from tests.requests import CRM, FIXTURES, NOW, PBX, open_site, secret_of, signed_request

SAMPLE: dict[str, Any] = json.loads((FIXTURES / "generic" / "outcomes.jsonl").read_text().splitlines()[0])


@pytest.fixture
def secret(aws: Any) -> str:
    open_site()
    return secret_of(CRM)


def send(secret: str, body: Any) -> dict[str, Any]:
    return receive(signed_request(body), "generic", secret)


def test_an_outcome_lands_once(secret: str) -> None:
    assert send(secret, SAMPLE) == {"ok": True, "landed": 1, "unchanged": 0}
    assert send(secret, SAMPLE) == {"ok": True, "landed": 0, "unchanged": 1}
    deal = deals_table.deal("s1", "generic", "A-1001")
    assert deal is not None
    assert (deal.status, deal.amount, deal.gross_profit) == (OutcomeStatus.WON, Decimal("12500.00"), Decimal("3100.50"))
    assert deal.outcome_at == datetime(2026, 11, 22, 9, 55, tzinfo=UTC)
    assert [each.day for each in changed_days_table.changed_days()] == [date(2026, 11, 22)]


def test_an_array_lands_whole_and_numbers_stay_exact(secret: str) -> None:
    body = json.dumps([SAMPLE, SAMPLE | {"external_id": "A-2"}]).replace('"12500.00"', "0.1").encode()
    assert send(secret, body)["landed"] == 2
    deal = deals_table.deal("s1", "generic", "A-2")
    assert deal is not None and deal.amount == Decimal("0.1")


def test_what_is_not_said_is_the_sites_currency_and_no_amount(secret: str) -> None:
    send(secret, {"external_id": "A", "outcome_at": "2026-11-22T10:00:00Z", "status": "lead"})
    deal = deals_table.deal("s1", "generic", "A")
    assert deal is not None and (deal.currency, deal.amount, deal.caller_key) == ("RUB", Decimal(0), None)


def test_a_bad_outcome_in_an_array_leaves_nothing_half_written(secret: str) -> None:
    with pytest.raises(BadInput) as refused:
        send(secret, [SAMPLE, SAMPLE | {"amount": "a lot"}])
    assert refused.value.field == "[1].amount"
    assert deals_table.deal("s1", "generic", "A-1001") is None


def test_unsigned_stale_and_foreign_requests_leave_nothing(secret: str) -> None:
    request = signed_request(SAMPLE)
    for bad in (
        replace(request, headers={}),
        replace(request, body=request.body + b" "),
        replace(request, now=NOW + timedelta(minutes=6)),
    ):
        with pytest.raises(SignatureRejected):
            receive(bad, "generic", secret)
    for crm, token in (("generic", "x"), ("bitrix24", secret), ("generic", secret_of(PBX))):
        with pytest.raises(NotFound):
            receive(request, crm, token)
    assert deals_table.deal("s1", "generic", "A-1001") is None


def test_too_many_outcomes_belong_into_the_bucket(secret: str) -> None:
    with pytest.raises(TooLarge):
        send(secret, [SAMPLE] * (MAX_OUTCOMES + 1))


def test_with_storage_down_the_crm_is_asked_to_try_again(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLPATH_DEALS_TABLE", settings().deals_table + "-gone")
    forget_caches()
    with pytest.raises(StorageUnavailable):
        send(secret, SAMPLE)
