"""A promo code's first showing is counted as what the visitor's page did."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.contacts import contacts_table, mint_promo
from chalicelib.contacts import record_event as recording
from chalicelib.contacts.types import Contact, ContactKind
from chalicelib.core.errors import StorageUnavailable
from chalicelib.runtime import aws as clients
from chalicelib.runtime.settings import settings
from chalicelib.visits import promo_table
from tests.contacts import leads_fixture
from tests.contacts.leads_fixture import AD, ORIGIN, later, visitor
from tests.requests import NOW, SITE, messages, open_site

PAGE = f"{ORIGIN}/contacts"


@pytest.fixture(autouse=True)
def site(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(recording, "WAIT_SECONDS", 0)  # the queue would really make it wait
    open_site()
    return aws


def show(minutes: float = 0, url: str = PAGE, **headers: str) -> dict[str, Any]:
    return mint_promo.show(leads_fixture.event({"url": url}, minutes, **headers), SITE.site_key)


def stored() -> list[Contact]:
    return contacts_table.of_visitor(SITE.site_id, visitor())


def test_a_showing_is_a_contact_of_the_source_that_had_brought_the_visitor_once_a_page(site: Any) -> None:
    leads_fixture.arrive(minutes=-10)
    code = show()["code"]
    assert show(minutes=3)["code"] == code
    other = show(minutes=4, url=f"{ORIGIN}/prices")["code"]
    leads_fixture.take_in(site, minutes=5)
    found = [(each.kind, each.at, each.code, each.url) for each in stored()]
    assert sorted(found, key=lambda each: each[1]) == [
        (ContactKind.PROMO_SHOWN, NOW, code, PAGE),
        (ContactKind.PROMO_SHOWN, later(4), other, f"{ORIGIN}/prices"),
    ]
    assert {touch.url for each in stored() for touch in each.touches} == {AD}


def test_a_stranger_is_shown_none_and_nothing_is_queued(site: Any) -> None:
    assert show(origin="https://elsewhere.example")["code"] is None
    assert messages(site, settings().contact_queue) == []


def test_a_code_that_cannot_be_queued_is_not_kept_so_that_the_page_makes_it_again(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(queued: recording.QueuedEvent) -> str:
        raise StorageUnavailable("The storage does not answer.")

    with monkeypatch.context() as outage:
        outage.setattr(recording, "put", broken)
        with pytest.raises(StorageUnavailable):
            show()
    found = clients.dynamodb().scan(TableName=settings().visitors_table)["Items"]
    codes = [item["code"]["S"] for item in found if "code" in item]
    assert codes and all(promo_table.find(SITE.site_id, code) is None for code in codes)
    assert show(minutes=1)["code"] in codes
    leads_fixture.take_in(site, minutes=2)
    assert [each.kind for each in stored()] == [ContactKind.PROMO_SHOWN]
