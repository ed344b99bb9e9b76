"""Deals in storage: a field that is added later changes no digest of what was stored before."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec
from msgspec.structs import replace

from chalicelib.audit import leaves
from chalicelib.core.canonical_json import canonical
from chalicelib.core.structs import defaults_of
from chalicelib.deals import deals_table
from chalicelib.deals.types import Deal
from tests.contacts import leads_fixture
from tests.contacts.leads_fixture import PHONE, card
from tests.requests import NOW, SITE, open_site

FIRST = set(Deal.__struct_fields__) - set(defaults_of(Deal))  # those that deals had before any others


def as_before(deal: Deal) -> dict[str, Any]:
    values = msgspec.to_builtins(deal)
    return {name: value for name, value in values.items() if name in FIRST}


def test_a_deal_proved_before_deals_had_contacts_has_the_same_leaf(aws: Any) -> None:
    open_site()
    deal = card(phone=PHONE)
    assert leaves.deal_leaf(deal, b"salt").digest == sha256(canonical(as_before(deal))).hexdigest()
    named = replace(deal, contact_id="form-1")
    assert leaves.deal_leaf(named, b"salt") != leaves.deal_leaf(deal, b"salt")
    assert leaves.deal_leaf(replace(named, visitor="a" * 24), b"salt") == leaves.deal_leaf(named, b"salt")


def test_a_deal_stored_before_is_joined_and_its_outcome_unchanged_is_not_news(aws: Any) -> None:
    open_site()
    deal = card(phone=PHONE)
    said = as_before(deal) | {"call_id": None, "joined_by": None, "day": "0001-01-01"}
    client, key = aws.client("dynamodb"), {"pk": {"S": f"{SITE.site_id}#generic#A-1"}}
    client.update_item(
        TableName="test-DealsTable",
        Key=key,
        UpdateExpression="SET doc = :doc, digest = :digest",
        ExpressionAttributeValues={
            ":doc": {"S": json.dumps(as_before(deal))},
            ":digest": {"S": sha256(msgspec.json.encode(said)).hexdigest()[:32]},
        },
    )
    written, before = deals_table.put_deal(deal)
    assert not written and before == deal
    leads_fixture.call("k", -10)
    assert leads_fixture.deal().call_id == "generic-k"
    assert leads_fixture.deal().outcome_at - NOW == timedelta(hours=1)
