"""A promo code in the deployed stack: shown over HTTP, keyed in a call, found by attribution, gone with its visitor."""

from __future__ import annotations

import dataclasses
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls import calls_table
from chalicelib.core import clock
from chalicelib.core.tokens import random_id
from chalicelib.registry import store as registry
from chalicelib.registry.types import Account
from chalicelib.runtime.settings import settings
from chalicelib.runtime.stack_settings import use_stack
from chalicelib.visits import find_promo_code, visits_table
from chalicelib.visits.visitor_key import visitor_key
from tests.conftest import forget_caches
from tests.requests import NOW, PBX, SITE, signed_request

BROWSER = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/142.0", "Origin": "https://pallets.example"}
VISITOR, CALLER = "a-browser-with-a-code", "+79167654321"  # invented
PAGE = "https://pallets.example/prices?utm_source=yandex&utm_medium=cpc&utm_campaign=338151"


@dataclass(frozen=True)
class Deployed:
    """The stack, and a site of this test alone that lends no numbers."""

    stack: Any
    site_id: str
    site_key: str
    secret: str  # of a PBX's endpoint
    key: str  # of the manage API

    def post(self, path: str, payload: Any, headers: dict[str, str]) -> Any:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        sent = {"Content-Type": "application/json", **headers}
        with urllib.request.urlopen(urllib.request.Request(f"{self.stack.base_url}{path}", body, sent)) as answer:
            return json.load(answer)

    def promo(self, **changes: str) -> Any:
        page = {"visitor_id": VISITOR, "url": PAGE, "referrer": "https://yandex.ru/"}
        return self.post(f"/v1/sites/{self.site_key}/promo", page, BROWSER | changes)

    def ring(self, **said: Any) -> None:
        """An event of the one call, and its attribution."""
        now = clock.utc_now()
        payload = {"call_id": "1", "direction": "in", "from": CALLER, "to": "+74951234567"} | said
        request = signed_request(payload, now)
        self.post(f"/v1/carriers/generic/{self.secret}", request.body, dict(request.headers))
        message = json.dumps({"site_id": self.site_id, "call_id": "generic-1"})
        record = {"messageId": "1", "body": message, "eventSource": "aws:sqs"}
        assert self.stack.invoke("AttributeCall", {"Records": [record]}) == {"batchItemFailures": []}


@pytest.fixture
def deployed(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    monkeypatch.setattr(os, "environ", os.environ | stack.environment())
    forget_caches()
    use_stack(stack.target.stack)
    own = random_id("")
    site = replace(SITE, site_id=f"s-{own}", account_id=f"a-{own}", site_key=f"k-{own}")
    registry.create_account(Account(site.account_id, "Pallets Ltd", NOW))
    registry.create_site(site)
    secret = registry.create_endpoint(replace(PBX, endpoint_id=f"e-{own}", site_id=site.site_id))[1]
    key = registry.create_key(site.account_id, "tests", NOW)[1]
    yield Deployed(stack, site.site_id, site.site_key, secret, key)
    forget_caches()


def test_from_the_page_to_the_evidence_and_to_oblivion(deployed: Deployed) -> None:
    shown = deployed.promo()
    assert deployed.promo()["code"] == shown["code"]
    assert deployed.promo(Origin="https://thief.example")["code"] is None
    visitor = visitor_key(deployed.site_id, VISITOR, settings().signing_key).hex()
    kept = visits_table.everything_of(deployed.site_id, visitor)
    assert sorted(row.get("type", "touch") for row in kept) == ["promo_shown", "touch"]

    began = clock.iso(clock.utc_now())
    deployed.ring(event="call.started", started_at=began)
    deployed.ring(event="digits", digits=f"1*{shown['spoken']}#")
    deployed.ring(event="call.ended", started_at=began, ended_at=clock.iso(clock.utc_now()), talk_sec=30)
    call = calls_table.call(deployed.site_id, "generic-1")
    assert call is not None
    assert (call.evidence.kind, call.evidence.visitor) == ("promo", visitor)
    assert [touch.source.campaign for touch in call.evidence.touches] == ["338151"]
    assert call.evidence.promo_page and call.evidence.promo_page.url == PAGE

    manage = {"Authorization": f"Bearer {deployed.key}"}
    done = deployed.post(f"/v1/manage/sites/{deployed.site_id}/erase", {"phone": CALLER}, manage)
    removed = {what: done["removed"][what] for what in ("numbers", "calls", "visits")}  # its showing may be on its way
    assert (removed, done["complete"]) == ({"numbers": 1, "calls": 1, "visits": 2}, True)
    assert find_promo_code.find(deployed.site_id, shown["code"], clock.utc_now() + timedelta(seconds=1)) is None
    after = calls_table.call(deployed.site_id, "generic-1")
    assert after and after.evidence.kind == "promo" and after.evidence.visitor != visitor


def test_a_site_that_is_none_gets_a_clear_answer(deployed: Deployed) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        dataclasses.replace(deployed, site_key="nobody").promo()
    with caught.value as answer:
        assert (answer.code, json.load(answer)["field"]) == (404, "site_key")
