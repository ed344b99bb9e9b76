"""Deals and what they come from: by the visitor, a promo code or a telephone, in any order of events."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from chalicelib.calls import changed_days_table
from chalicelib.calls.types import Direction
from chalicelib.contacts import contacts_table
from chalicelib.contacts import record_event as recording
from chalicelib.contacts.types import ContactKind
from chalicelib.core.errors import NotFound
from chalicelib.deals import deals_table, join_deals
from chalicelib.deals.types import Deal, Decision
from chalicelib.visits import promo_code, promo_table
from chalicelib.visits.promo_table import ShownCode
from tests.contacts import leads_fixture
from tests.contacts.leads_fixture import AD, PHONE, card, deal, later, visitor
from tests.requests import NOW, SITE, open_site

OTHER = "+79160000002"
Step = Callable[[], object]


@pytest.fixture(autouse=True)
def site(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(recording, "WAIT_SECONDS", 0)  # the queue would really make it wait
    open_site()
    return aws


def contact_of(found: Deal) -> Any:
    assert found.call_id is None and found.contact_id is not None
    return contacts_table.get(SITE.site_id, found.contact_id)


def origin(external_id: str = "A-1") -> tuple[Any, ...]:
    found = deal(external_id)
    return found.joined_by, found.call_id, found.contact_id, found.day, found.caller_key is not None


# ---- what is joined to what ----------------------------------------------------------------------------------------


def test_a_card_that_names_the_visitor_comes_from_their_form(site: Any) -> None:
    leads_fixture.arrive()
    leads_fixture.write(site, {"form": "order"}, minutes=0)
    found = card(minutes=3000, visitor_id="browser-anna")
    assert found.joined_by == "visitor_id"
    contact = contact_of(found)
    assert (contact.kind, [touch.url for touch in contact.touches]) == (ContactKind.FORM, [AD])
    assert found.day == NOW.date() != later(3000).date()  # as a deal counts on its call's day
    assert {each.day for each in changed_days_table.changed_days()} == {NOW.date()}


def test_a_visitor_who_wrote_nothing_is_known_by_their_last_arrival(site: Any) -> None:
    leads_fixture.arrive(minutes=-2000)
    leads_fixture.arrive(minutes=-10)
    contact = contact_of(card(visitor_id="browser-anna"))
    assert (contact.kind, contact.at, len(contact.touches)) == (ContactKind.VISIT, later(-10), 2)


def test_a_visitor_nobody_has_seen_leads_nowhere(site: Any) -> None:
    assert card(visitor_id="browser-nobody").joined_by is None


def test_reveals_and_tel_clicks_are_counted_but_no_deal_comes_from_them(site: Any) -> None:
    leads_fixture.write(site, {"type": "reveal"})
    leads_fixture.write(site, {"type": "tel_click", "phone": PHONE})
    assert card(visitor_id="browser-anna", phone=PHONE).joined_by is None


def test_a_card_with_a_promo_code_comes_from_the_page_that_showed_it(site: Any) -> None:
    leads_fixture.arrive()
    shown = show_code(later(-9))
    contact = contact_of(card(promo_code=shown.code))
    assert (contact.kind, contact.at, contact.code, contact.url) == (
        ContactKind.PROMO_REPORTED, shown.shown_at, shown.code, shown.url,
    )  # fmt: skip
    assert len(contact.touches) == 1


def show_code(at: datetime) -> ShownCode:
    """Anna is shown a code."""
    code = promo_code.make(7, b"k", "anna")
    shown = ShownCode(code, visitor(), at, f"{leads_fixture.ORIGIN}/contacts", at + timedelta(days=14))
    taken = promo_table.take(SITE.site_id, shown, at, timedelta(days=400))
    assert taken and taken.shown == shown
    return shown


def test_a_promo_code_that_expires_before_the_deal_is_won_still_counts(site: Any) -> None:
    shown = show_code(later(-9))
    first = card(minutes=60, promo_code=shown.code)
    won = card(minutes=60 * 24 * 400, promo_code=shown.code)
    assert (won.joined_by, won.contact_id) == ("promo_code", first.contact_id)


def test_a_number_entered_in_a_form_joins_a_card_that_only_has_the_number(site: Any) -> None:
    leads_fixture.write(site, {"phone": PHONE})
    found = card(phone=PHONE)
    assert (found.joined_by, contact_of(found).kind) == ("phone", ContactKind.FORM)


def test_of_a_call_and_a_form_with_one_number_the_later_counts(site: Any) -> None:
    leads_fixture.call("k", -500)
    leads_fixture.write(site, {"phone": PHONE}, minutes=-20)
    assert contact_of(card("after-the-form", minutes=0, phone=PHONE)).kind is ContactKind.FORM
    assert card("before-it", minutes=-100, phone=PHONE).call_id == "generic-k"
    second = leads_fixture.call("k2", 10)
    assert card("after-both", minutes=30, phone=PHONE).call_id == second


def test_what_names_this_very_deal_comes_before_what_is_known_of_its_customer(site: Any) -> None:
    leads_fixture.arrive()
    shown = show_code(later(-9))
    leads_fixture.write(site, {}, minutes=-5)
    named = leads_fixture.call("named", -400, caller=OTHER)
    latest = leads_fixture.call("latest", -1)
    reported: dict[str, Any] = {"phone": PHONE}
    assert card("1", **reported).call_id == latest
    reported["promo_code"] = shown.code
    assert card("2", **reported).joined_by == "promo_code"
    reported["visitor_id"] = "browser-anna"
    assert contact_of(card("3", **reported)).kind is ContactKind.FORM
    reported["call_id"] = "named"
    assert (card("4", **reported).call_id, deal("4").joined_by) == (named, "call_id")


def test_the_business_ringing_back_is_where_no_deal_comes_from(site: Any) -> None:
    leads_fixture.write(site, {"phone": PHONE}, minutes=-20)
    leads_fixture.call("back", -5, direction=Direction.OUT)
    assert contact_of(card(minutes=0, phone=PHONE)).kind is ContactKind.FORM


# ---- two deals with one telephone ------------------------------------------------------------------------------------


def test_a_card_opened_by_hand_gets_the_source_of_the_other_card_with_its_number(site: Any) -> None:
    """The caller withheld their number: only the card that the call made knows it, since the manager asked."""
    call_id = leads_fixture.call("k", -30, caller=None)
    card("of-the-call", call_id="k", phone=PHONE)
    by_hand = card("by-hand", minutes=90, phone=PHONE)
    assert (by_hand.call_id, by_hand.joined_by) == (call_id, "deal")


def test_and_so_it_does_when_it_was_there_first(site: Any) -> None:
    card("by-hand", minutes=90, phone=PHONE)
    call_id = leads_fixture.call("k", -30, caller=None)
    assert deal("by-hand").call_id is None
    card("of-the-call", call_id="k", phone=PHONE)
    assert (deal("by-hand").call_id, deal("by-hand").joined_by) == (call_id, "deal")


def test_it_follows_the_other_card_when_that_is_taken_apart(site: Any) -> None:
    leads_fixture.call("k", -30, caller=None)
    first = card("of-the-call", call_id="k", phone=PHONE)
    card("by-hand", phone=PHONE)
    join_deals.decide(SITE, first, Decision(NOW))
    assert origin("by-hand")[:3] == (None, None, None)


# ---- whichever comes first -------------------------------------------------------------------------------------------


def test_any_order_of_call_form_and_cards_ends_the_same(site: Any, aws: Any) -> None:
    leads_fixture.arrive()
    steps: dict[str, Step] = {
        "form": lambda: leads_fixture.write(site, {"phone": OTHER}, minutes=0),
        "call": lambda: leads_fixture.call("k", -30, caller=None),
        "named": lambda: card("named", minutes=20, call_id="k", phone=PHONE),
        "by-hand": lambda: card("by-hand", minutes=50, phone=PHONE),
    }
    cards = ("named", "visitor", "by-hand")
    ends = set()
    for number, order in enumerate(permutations(steps)):
        for index, name in enumerate(order):
            if index == number % 4:
                card("visitor", minutes=40, visitor_id="browser-anna")
            steps[name]()
        ends.add(tuple(origin(each)[:4] for each in cards))
        forget_all(aws)
    assert len(ends) == 1, ends
    assert [end[0] for end in ends.pop()] == ["call_id", "visitor_id", "deal"]


def forget_all(aws: Any) -> None:
    """Empty the tables of calls, contacts and deals."""
    client = aws.client("dynamodb")
    for table_name in ("test-CallsTable", "test-ContactsTable", "test-DealsTable"):
        for item in client.scan(TableName=table_name)["Items"]:
            client.delete_item(TableName=table_name, Key={"pk": item["pk"]})


# ---- undone and redone -----------------------------------------------------------------------------------------------


def test_an_undone_join_stays_undone_after_later_events(site: Any) -> None:
    leads_fixture.call("k", -30)
    first = card(minutes=0, phone=PHONE)
    undone = join_deals.decide(SITE, first, Decision(later(5)))
    assert (undone.call_id, undone.joined_by, undone.day) == (None, None, NOW.date())
    leads_fixture.call("again", -10)
    leads_fixture.write(site, {"phone": PHONE}, minutes=-5)
    card(minutes=0, phone=PHONE)  # the same file again
    card(minutes=60 * 48, phone=PHONE, call_id="k")
    assert origin()[:3] == (None, None, None)
    assert deal().outcome_at == later(60 * 48)
    again = join_deals.decide(SITE, deal(), None)
    assert (again.call_id, again.joined_by, again.decision) == ("generic-k", "call_id", None)


def test_a_deal_is_joined_by_hand_and_keeps_it(site: Any) -> None:
    old, _ = leads_fixture.call("old", -60 * 24 * 3, caller=OTHER), leads_fixture.call("new", -10)
    joined = join_deals.decide(SITE, card(minutes=0, phone=PHONE), Decision(NOW, call_id=old))
    assert (joined.call_id, joined.joined_by, joined.day) == (old, "hand", (NOW - timedelta(days=3)).date())
    assert {each.day for each in changed_days_table.changed_days()} >= {NOW.date(), joined.day}
    card(minutes=60, phone=PHONE)
    assert deal().call_id == old


def test_what_there_is_none_of_cannot_be_joined(site: Any) -> None:
    with pytest.raises(NotFound) as refused:
        join_deals.decide(SITE, card(phone=PHONE), Decision(NOW, contact_id="form-0"))
    assert refused.value.field == "contact_id"
    assert deal().decision is None


def test_an_outcome_that_was_read_before_a_person_decided_does_not_undo_it(site: Any) -> None:
    leads_fixture.call("k", -30)
    before = card(minutes=0, phone=PHONE)
    join_deals.decide(SITE, before, Decision(later(5)))
    written, there = deals_table.put_deal(before)
    assert not written and there is not None and there.decision is not None
    assert not deals_table.join_deal(before, before)
