"""The generic CRM contract: what is wrong with a body is named, in an array by its position."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.calls.self_reported import SelfReported
from chalicelib.core.errors import BadInput
from chalicelib.deals.crm import generic
from chalicelib.deals.types import Outcome, OutcomeStatus
from tests.requests import CRM, FIXTURES, signed_request

SAMPLE: dict[str, Any] = json.loads((FIXTURES / "generic" / "outcomes.jsonl").read_text().splitlines()[0])


def parse(body: Any) -> tuple[Outcome, ...]:
    return generic.parse(signed_request(body), CRM, "RU")


def test_the_sample_is_read_whole() -> None:
    (outcome,) = parse(SAMPLE)
    assert (outcome.source, outcome.external_id, outcome.status) == ("generic", "A-1001", OutcomeStatus.WON)
    assert (outcome.phone, outcome.amount, outcome.manager) == ("+79160000001", Decimal("12500.00"), "Иванов И.")


def test_a_local_number_is_of_the_sites_country() -> None:
    assert parse(SAMPLE | {"phone": "8 (916) 000-00-01"})[0].phone == "+79160000001"


def test_what_the_customer_said_is_kept_in_one_form() -> None:
    (outcome,) = parse(SAMPLE | {"self_reported": " Знакомые, 8 916 000-00-01 "})
    assert outcome.self_reported == SelfReported("знакомые, [*]", "word_of_mouth")
    assert parse(SAMPLE | {"self_reported": " "})[0].self_reported is None


def test_an_unknown_field_is_ignored() -> None:
    assert parse(SAMPLE | {"colour": "red"}) == parse(SAMPLE)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"external_id": ""}, "external_id"),
        ({"external_id": None}, "external_id"),
        ({"status": "maybe"}, "status"),
        ({"outcome_at": "22.11.2026"}, "outcome_at"),
        ({"outcome_at": "2026-11-22T10:00:00"}, "outcome_at"),
        ({"amount": "a lot"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "1e30"}, "amount"),
        ({"gross_profit": []}, "gross_profit"),
        ({"currency": "roubles"}, "currency"),
        ({"phone": "12"}, "phone"),
        ({"quality": 6}, "quality"),
        ({"quality": "good"}, "quality"),
        ({"self_reported": 5}, "self_reported"),
    ],
)
def test_a_wrong_field_is_named_and_in_an_array_its_position_too(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse(SAMPLE | changes)
    assert refused.value.field == field
    with pytest.raises(BadInput) as refused:
        parse([SAMPLE, SAMPLE, SAMPLE, SAMPLE | changes])
    assert refused.value.field == f"[3].{field}"


@pytest.mark.parametrize("raw", [b"", b"{", b"[{]", b'"text"', b"\xff"])
def test_a_body_that_is_no_json_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        parse(raw)
    assert refused.value.field == "body"
