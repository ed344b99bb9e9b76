"""A person is erased in the deployed stack, by its routes and its schedule, with the roles they have there."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls import call_item, callers, calls_table
from chalicelib.core import clock
from chalicelib.core.tokens import random_id
from chalicelib.pool.lending import provision_numbers
from chalicelib.privacy import erasures_table
from chalicelib.privacy.erase_person import SECOND_LOOK
from chalicelib.registry import store as registry
from chalicelib.registry.types import Account, Endpoint, NumberKind, Pool, TrackingNumber
from chalicelib.runtime.settings import settings
from chalicelib.runtime.stack_settings import use_stack
from chalicelib.visits import visits_table
from chalicelib.visits.visitor_key import visitor_key
from tests.conftest import forget_caches
from tests.requests import NOW, PBX, SECRET, SITE, signed_request

BROWSER = "Mozilla/5.0 (Windows NT 10.0) Chrome/142.0"
VISITOR = "f3b1c5a0d2e94f7a8b6c1d2e"
IVAN, MARIA = "+79167654321", "+79161111102"  # invented


@dataclass(frozen=True)
class Shop:
    """A site of this test alone in the stack, whose number Ivan's browser was shown before the call."""

    stack: Any
    site_id: str
    key: str
    secret: str  # of a PBX's endpoint

    def post(self, path: str, payload: Any, **headers: str) -> Any:
        sent = {"Content-Type": "application/json", "User-Agent": BROWSER, **headers}
        asked = urllib.request.Request(f"{self.stack.base_url}{path}", json.dumps(payload).encode(), sent)
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)

    def manage(self, path: str, payload: Any, method: str = "POST") -> Any:
        sent = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        url = f"{self.stack.base_url}/v1/manage/sites/{self.site_id}{path}"
        asked = urllib.request.Request(url, json.dumps(payload).encode(), sent, method=method)
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)

    def won(self, phone: str, said: str) -> None:
        """A deal won, with what its customer said, as a CRM's webhook reports it."""
        crm = Endpoint(f"crm-{self.site_id}", self.site_id, "crm", "generic", {"secret": SECRET})
        now = clock.utc_now()
        payload = {"external_id": "A-1", "outcome_at": clock.iso(now), "status": "won", "phone": phone}
        request = signed_request(payload | {"self_reported": said}, now)
        asked = urllib.request.Request(
            f"{self.stack.base_url}/v1/crm/generic/{registry.create_endpoint(crm)[1]}",
            request.body,
            {**request.headers, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked) as answer:
            assert json.load(answer)["landed"] == 1

    def ring(self, call_id: str, caller: str, number: str) -> None:
        """A call's webhook, and its attribution."""
        now = clock.utc_now()
        payload: dict[str, Any] = {
            "event": "call.ended",
            "call_id": call_id,
            "linked_id": call_id,
            "direction": "in",
            "from": caller,
        }
        payload |= {"to": number, "started_at": clock.iso(now), "ended_at": clock.iso(now), "talk_sec": 30}
        request = signed_request(payload, now)
        asked = urllib.request.Request(
            f"{self.stack.base_url}/v1/carriers/generic/{self.secret}",
            request.body,
            {**request.headers, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked) as answer:
            assert answer.status == 200
        message = json.dumps({"site_id": self.site_id, "call_id": f"generic-{call_id}"})
        record = {"messageId": "1", "body": message, "eventSource": "aws:sqs"}
        assert self.stack.invoke("AttributeCall", {"Records": [record]}) == {"batchItemFailures": []}

    def item(self, call_id: str) -> call_item.Item:
        found = calls_table.item(self.site_id, f"generic-{call_id}")
        assert found is not None
        return found


@pytest.fixture
def shop(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(os, "environ", os.environ | stack.environment())
    forget_caches()
    use_stack(stack.target.stack)
    own = random_id("")
    site = replace(SITE, site_id=f"s-{own}", account_id=f"a-{own}", site_key=f"k-{own}", allowed_origins=())
    registry.create_account(Account(site.account_id, "Pallets Ltd", NOW))
    registry.create_site(site)
    pool, number = f"p-{own}", f"+7499{int(own.encode().hex(), 16) % 10**7:07d}"
    registry.create_pool(Pool(pool, site.site_id, "main", "+74951234567", None))
    rented = TrackingNumber(number, site.site_id, NumberKind.DYNAMIC, pool_id=pool)
    provision_numbers.place_numbers(site.site_id, [rented], clock.utc_now() - timedelta(hours=1))
    secret = registry.create_endpoint(replace(PBX, endpoint_id=f"e-{own}", site_id=site.site_id))[1]
    shop = Shop(stack, site.site_id, registry.create_key(site.account_id, "tests", NOW)[1], secret)
    page = {"visitor_id": VISITOR, "url": "https://pallets.example/?utm_source=yandex&yclid=77&mail=ivan"}
    lent = shop.post(f"/v1/sites/{site.site_key}/number", page)
    shop.ring("call", IVAN, lent["number"])
    shop.ring("hers", MARIA, "+74990000001")
    yield shop
    forget_caches()


def visitor_of(shop: Shop) -> str:
    return visitor_key(shop.site_id, VISITOR, settings().signing_key).hex()


def lying(shop: Shop) -> str:
    """Everything in every table, of this site."""
    dynamodb = shop.stack.client("dynamodb")
    tables = [name for name in shop.stack.outputs if name.endswith("Table")]
    pages = [dynamodb.get_paginator("scan").paginate(TableName=shop.stack.outputs[name]) for name in tables]
    items = [item for found in pages for page in found for item in page["Items"]]
    texts = [json.dumps(item, default=str, ensure_ascii=False) for item in items]
    return "\n".join(text for text in texts if shop.site_id in text)


def test_the_routes_export_and_erase_a_person_and_the_schedule_looks_twice(shop: Shop) -> None:
    noted = shop.manage("/calls/generic-call", {"self_reported": "Сосед по даче"}, "PATCH")
    assert noted["self_reported"]["channel"] == "word_of_mouth"
    shop.won(IVAN, "Плакат у дачи")
    payload = shop.manage("/export", {"phone": IVAN})
    assert payload["calls"][0]["self_reported"]["answer"] == "сосед по даче"
    assert [each["answer"] for each in payload["self_reported"]] == ["плакат у дачи"]
    assert [each["caller"] for each in payload["calls"]] == [IVAN]
    assert payload["calls"][0]["evidence"]["kind"] == "live" and payload["visits"][0]["visits"]
    before = calls_table.call(shop.site_id, "generic-call")

    done = shop.manage("/erase", {"phone": IVAN})
    # The deal's words went with its call.
    gone = {"numbers": 1, "calls": 1, "contacts": 0, "visits": 1, "self_reported": 0}
    assert (done["removed"], done["complete"]) == (gone, True)

    after, hers = calls_table.call(shop.site_id, "generic-call"), calls_table.call(shop.site_id, "generic-hers")
    assert before and after and hers
    assert (after.call.caller_key, after.call.talk_seconds) == (before.call.caller_key, 30)
    assert callers.open_caller(after.call) is None and callers.open_caller(hers.call) == MARIA
    assert visits_table.everything_of(shop.site_id, visitor_of(shop)) == []
    shop.stack.run_schedule("ForgetCallers", clock.utc_now() + SECOND_LOOK + timedelta(minutes=1))
    assert erasures_table.erasures(shop.site_id) == []
    left = lying(shop)
    assert not [each for each in ("+791******21", "mail=ivan", "yclid=77", visitor_of(shop), IVAN[2:]) if each in left]
    assert "+791******02" in left
    assert "по даче" not in left and "у дачи" not in left


def test_the_schedule_forgets_whom_the_site_keeps_no_longer(shop: Shop) -> None:
    registry.update_site(shop.site_id, {"retention_days": 1})
    erasures_table.set_retained(shop.site_id, clock.utc_now().date() - timedelta(days=2))  # nothing lies before
    shop.stack.run_schedule("ForgetCallers", clock.utc_now() + timedelta(days=3))
    assert not call_item.mentions_caller(shop.item("call")) and not call_item.mentions_caller(shop.item("hers"))
    assert callers.find_caller(shop.site_id, IVAN) is None
