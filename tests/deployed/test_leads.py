"""The deployed stack: a form sent on a page becomes a deal's source, each role sufficing for its part."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.contacts import contacts_table
from chalicelib.core import clock
from chalicelib.core.tokens import random_id
from chalicelib.deals import deals_table
from chalicelib.registry import store as registry
from chalicelib.registry.types import Account, Site
from chalicelib.reports.facts import facts_bucket, parquet
from chalicelib.reports.verify import verify
from chalicelib.runtime.settings import settings
from chalicelib.runtime.stack_settings import use_stack
from chalicelib.visits import visits_table
from chalicelib.visits.visitor_key import visitor_key
from infra.deploy.deploy import DeployError
from tests.conftest import forget_caches
from tests.contacts.leads_fixture import AD, BROWSER, ORIGIN, PHONE
from tests.requests import CRM, NOW, SITE, signed_request

ENOUGH = 60  # seconds for what a queue starts


@pytest.fixture
def site(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site of this test alone."""
    monkeypatch.setattr(os, "environ", os.environ | stack.environment())
    forget_caches()
    use_stack(stack.target.stack)
    own = random_id("")
    made = replace(SITE, site_id=f"s-{own}", account_id=f"a-{own}", site_key=f"k-{own}")
    registry.create_account(Account(made.account_id, "Pallets Ltd", NOW))
    registry.create_site(made)
    yield made
    forget_caches()


def post(stack: Any, path: str, body: bytes, headers: dict[str, str]) -> Any:
    asked = urllib.request.Request(f"{stack.base_url}{path}", body, headers | {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)


def until(found: Callable[[], Any]) -> Any:
    """What the queue's task has done, once it has."""
    ends = time.monotonic() + ENOUGH
    while time.monotonic() < ends:
        if there := found():
            return there
        time.sleep(0.3)
    raise AssertionError("the queue's task did not come to it")


def close_days(stack: Any) -> None:
    with suppress(DeployError):  # a day of another test may fail; that ours did not is asserted by its figures
        stack.run_schedule("CloseDay", clock.utc_now() + timedelta(seconds=5))


def test_from_a_form_on_a_page_to_a_deal_to_its_figures(stack: Any, site: Site, tmp_path: Path) -> None:
    now = clock.utc_now()
    visitor = visitor_key(site.site_id, "browser-anna", settings().signing_key).hex()
    visits_table.record_touch(site.site_id, visitor, visits_table.RawTouch(now - timedelta(minutes=5), AD, "", ""))
    event = {"visitor_id": "browser-anna", "type": "form", "url": f"{ORIGIN}/order", "form": "order"}
    page = {"Origin": ORIGIN, "User-Agent": BROWSER}
    raw = json.dumps(event | {"phone": "8 916 000-00-01"}).encode()
    assert post(stack, f"/v1/sites/{site.site_key}/events", raw, page) == {"recorded": True}
    (contact,) = until(lambda: contacts_table.of_visitor(site.site_id, visitor))
    assert contact.caller_key and [touch.source.campaign for touch in contact.touches] == ["338151"]

    secret = registry.create_endpoint(replace(CRM, endpoint_id=f"e-{site.site_id}", site_id=site.site_id))[1]
    for external_id, by in (("by-phone", {"phone": PHONE}), ("by-visitor", {"visitor_id": "browser-anna"})):
        outcome = {"external_id": external_id, "outcome_at": clock.iso(clock.utc_now()), "status": "won"}
        request = signed_request(outcome | {"amount": "900"} | by, clock.utc_now())
        assert post(stack, f"/v1/crm/generic/{secret}", request.body, dict(request.headers))["landed"] == 1
        found = deals_table.deal(site.site_id, "generic", external_id)
        assert found and (found.contact_id, found.day) == (contact.contact_id, contact.day)

    close_days(stack)
    files = facts_bucket.fetch(site.site_id, contact.day, contact.day, tmp_path)
    with parquet.connect(tmp_path) as db:
        parquet.open_views(db, files)
        counted = "SELECT kind, form, channel, campaign, sum(weight) FROM contacts WHERE model = 'linear' GROUP BY ALL"
        assert db.execute(counted).fetchall() == [("form", "order", "paid_search", "338151", 1)]
        assert db.execute("SELECT DISTINCT contact_id FROM deals").fetchall() == [(contact.contact_id,)]
    assert verify(site.site_id, contact.day, contact.day, clock.utc_now()).findings == ()

    key = registry.create_key(site.account_id, "tests", NOW)[1]
    whole = {"Authorization": f"Bearer {key}"}
    manage = f"/v1/manage/sites/{site.site_id}"
    apart = post(stack, f"{manage}/deals/generic/by-phone/unjoin", b"", whole)
    assert apart["joined_by"] is None and apart["others"][0]["contact_id"] == contact.contact_id
    again = post(stack, f"{manage}/deals/generic/by-phone/join", b"{}", whole)
    assert again["joined_by"] == "phone" and again["says"].startswith("It comes from the form of ")
    erased = post(stack, f"{manage}/erase", b'{"visitor_id": "browser-anna"}', whole)
    assert (erased["removed"]["contacts"], erased["removed"]["numbers"]) == (1, 1)
    kept = contacts_table.get(site.site_id, contact.contact_id)
    assert kept and kept.erased and kept.visitor != visitor
    assert verify(site.site_id, contact.day, contact.day, clock.utc_now()).findings == ()
