"""Contacts without the person who made them: the person is gone, and what comes from them stays."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls import callers
from chalicelib.contacts import contacts_table
from chalicelib.contacts import record_event as recording
from chalicelib.deals import join_deals, take_contact
from chalicelib.deals.types import Decision
from chalicelib.privacy import find_person, retention_run
from chalicelib.privacy.erase_person import erase, finish
from chalicelib.privacy.export_person import export
from chalicelib.privacy.types import Person
from chalicelib.runtime.settings import settings
from tests.contacts import leads_fixture
from tests.contacts.leads_fixture import PHONE, card, deal, later, visitor
from tests.requests import NOW, SITE, messages, open_site

SECRET = "who-i-am"
CLICK = f"{leads_fixture.AD}&yclid=click-of-anna&{SECRET}=1"


@pytest.fixture(autouse=True)
def written(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Anna comes from an advertisement and writes; a card names Anna's browser, another the number."""
    monkeypatch.setattr(recording, "WAIT_SECONDS", 0)
    open_site()
    leads_fixture.arrive(url=CLICK)
    leads_fixture.write(aws, {"phone": PHONE, "url": f"{leads_fixture.ORIGIN}/order?{SECRET}=1"})
    card("by-visitor", visitor_id="browser-anna")
    card("by-phone", phone=PHONE)
    return aws


JOINED = ("ContactsTable", "DealsTable")


def everything(aws: Any, names: tuple[str, ...] = (*JOINED, "VisitorsTable", "SubjectsTable", "CallsTable")) -> str:
    """All that these tables hold."""
    client = aws.client("dynamodb")
    return json.dumps([client.scan(TableName=f"test-{name}")["Items"] for name in names], default=str)


def contact() -> Any:
    found = deal("by-phone")
    assert found.contact_id is not None
    return contacts_table.get(SITE.site_id, found.contact_id)


def joined() -> list[tuple[str | None, str | None]]:
    return [(deal(name).contact_id, deal(name).joined_by) for name in ("by-visitor", "by-phone")]


@pytest.mark.parametrize("who", ["phone", "visitor"])
def test_a_person_is_taken_out_and_every_join_stays(written: Any, who: str) -> None:
    person = find_person.by_phone("s1", PHONE) if who == "phone" else find_person.by_visitor("s1", "browser-anna")
    assert (len(person.subject_ids), person.visitors) == (1, (visitor(),))
    before, was = joined(), contact()
    assert erase(person, NOW).removed["contacts"] == 1
    left = everything(written)
    assert visitor() not in left and SECRET not in left and "click-of-anna" not in left
    assert callers.find_caller("s1", PHONE) is None
    now = contact()
    assert joined() == before
    assert (now.erased, now.kind, now.at, now.day, now.caller_key) == (True, was.kind, was.at, was.day, was.caller_key)
    assert [touch.source.campaign for touch in now.touches] == ["338151"]
    assert erase(person, NOW).removed["contacts"] == 0
    assert finish(NOW + timedelta(hours=2)) == (0, 0)


def test_the_crm_reports_the_deals_again_and_they_stay_joined(written: Any) -> None:
    before = joined()
    erase(find_person.by_phone("s1", PHONE), NOW)
    card("by-visitor", minutes=90, visitor_id="browser-anna")
    card("by-phone", minutes=90, phone=PHONE)
    assert joined() == before
    assert visitor() not in everything(written)


def test_a_deal_of_an_erased_visitor_can_still_be_taken_apart_and_joined(written: Any) -> None:
    erase(find_person.by_visitor("s1", "browser-anna"), NOW)
    was = deal("by-visitor")
    apart = join_deals.decide(SITE, was, Decision(NOW))
    assert apart.joined_by is None
    assert join_deals.decide(SITE, apart, Decision(NOW, contact_id=was.contact_id)).contact_id == was.contact_id


def test_an_event_that_comes_twice_makes_nobody_known_again(written: Any) -> None:
    recording.record(leads_fixture.event({"phone": PHONE, "form": "second"}, 5), SITE.site_key)
    (message,) = messages(written, settings().contact_queue)
    take_contact.take(message, later(5))
    erase(find_person.by_phone("s1", PHONE), NOW)
    take_contact.take(message, later(6))
    assert callers.find_caller("s1", PHONE) is None
    assert visitor() not in everything(written)


def test_a_person_is_shown_their_contacts_and_deals(written: Any) -> None:
    exported = export(find_person.by_visitor("s1", "browser-anna"))
    (shown,) = exported["contacts"]
    assert (shown["kind"], shown["url"], shown["visitor"]) == (
        "form",
        f"{leads_fixture.ORIGIN}/order?{SECRET}=1",
        visitor(),
    )
    assert shown["touches"][0]["url"] == CLICK
    assert sorted(each["external_id"] for each in exported["deals"]) == ["by-phone", "by-visitor"]
    assert export(Person("s1"))["contacts"] == []


def test_old_contacts_lose_their_visitor_and_younger_ones_do_not(written: Any) -> None:
    leads_fixture.arrive("boris", minutes=60 * 24 * 40)
    leads_fixture.write(written, {"visitor_id": "browser-boris", "phone": "+79160000002"}, minutes=60 * 24 * 40 + 10)
    card("by-boris", minutes=60 * 24 * 40 + 20, visitor_id="browser-boris")
    site = replace(SITE, retention_days=30)
    assert retention_run.go_through(site, NOW.date() - timedelta(days=2), later(60 * 24 * 41)) == 1
    left = everything(written, JOINED)  # the visits go by their own time to live
    assert visitor() not in left and SECRET not in left
    assert visitor("boris") in left
    assert callers.find_caller("s1", PHONE) is None
    assert callers.find_caller("s1", "+79160000002") is not None
    assert [tie for _, tie in joined()] == ["visitor_id", "phone"]
