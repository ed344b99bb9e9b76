"""A call whose caller keyed a promo code: what ties it to its visit, and what stays when the code is gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib.attribution.attribute_call import attribute
from chalicelib.attribution.explanation import Story, as_text, explain
from chalicelib.attribution.load_rulebook import load_rulebook
from chalicelib.calls import calls_table
from chalicelib.calls.evidence import EvidenceKind
from chalicelib.calls.redaction import visitors_of
from chalicelib.calls.types import CallEvent, Direction
from chalicelib.delivery.call_message import CallMessage
from chalicelib.pool.lending import census_table
from chalicelib.privacy import find_person
from chalicelib.privacy.erase_person import erase
from chalicelib.privacy.export_person import export
from chalicelib.reports.facts.count_day import facts_of_day
from chalicelib.reports.facts.read_day import leaves_of, read
from chalicelib.visits import promo_table, visits_table
from chalicelib.visits.promo_table import ShownCode
from tests.privacy.person_fixture import (
    IVAN,
    IVANS_BROWSER,
    MARIA,
    call,
    item,
    lend,
    lying,
    open_shop,
    receive,
    visitor,
)
from tests.requests import NOW, POOL, SITE, STATIC

CODE, DAY = "1234566", timedelta(days=1)
MARIAS_BROWSER = "a-browser-of-maria"
PAGE = "https://pallets.example/prices?utm_source=vk&mail=maria@mail.example"
SHOWN = NOW - 2 * DAY


@pytest.fixture
def shop(aws: Any) -> Any:
    """Ivan's browser holds a number; Maria's was shown a code two days ago, when VK had brought Maria."""
    open_shop()
    maria = visitor(MARIAS_BROWSER)
    visits_table.record_touch("s1", maria, visits_table.RawTouch(SHOWN, PAGE, "https://vk.com/", "RU"))
    shown = ShownCode(CODE, maria, SHOWN, PAGE, SHOWN + 14 * DAY)
    assert promo_table.take("s1", shown, SHOWN, 400 * DAY)
    visits_table.note_code("s1", maria, shown, 400)
    return aws


def key(call_id: str, code: str = CODE, at: datetime = NOW + timedelta(seconds=20), now: datetime = NOW) -> None:
    attribute(receive(call_id, CallEvent(f"digits-{code}", call_id, at=at, promo_code=code)), now)


def evidence(call_id: str) -> Any:
    found = calls_table.call("s1", call_id)
    assert found is not None
    return found.evidence


def test_the_code_names_the_visitor_their_touches_and_the_page(shop: Any) -> None:
    call("generic-1", MARIA, "+74951234567")
    assert evidence("generic-1").kind is EvidenceKind.UNKNOWN
    key("generic-1")
    found = evidence("generic-1")
    assert (found.kind, found.visitor) == (EvidenceKind.PROMO, visitor(MARIAS_BROWSER))
    assert [touch.source.source for touch in found.touches] == ["vk"]
    assert found.promo_page and (found.promo_page.url, found.promo_page.at) == (PAGE, SHOWN)
    assert found.why == "The caller keyed the promo code that this visitor was shown at 2026-11-20 09:52 UTC."
    assert visits_table.calls_naming("s1", visitor(MARIAS_BROWSER)) == ["generic-1"]


def test_where_the_number_names_somebody_else_both_are_kept_and_the_code_counts(shop: Any) -> None:
    call("generic-1", MARIA, lend())
    key("generic-1")
    found = evidence("generic-1")
    assert (found.kind, found.visitor) == (EvidenceKind.PROMO, visitor(MARIAS_BROWSER))
    assert (found.of_number.kind, found.of_number.visitor) == (EvidenceKind.LIVE, visitor())
    assert found.leased_at is None and "another visitor" in found.why
    assert visitors_of(found) == {visitor(), visitor(MARIAS_BROWSER)}


def test_where_both_name_the_same_visitor_their_lease_is_named(shop: Any) -> None:
    call("generic-1", MARIA, lend(MARIAS_BROWSER))
    key("generic-1")
    found = evidence("generic-1")
    assert found.kind is EvidenceKind.PROMO
    assert found.leased_at == found.of_number.leased_at is not None
    assert "another" not in found.why


@pytest.mark.parametrize(
    ("code", "at"),
    [
        ("1234563", NOW),  # a slip
        (CODE, SHOWN - DAY),  # before it was shown
        (CODE, SHOWN + 15 * DAY),  # expired
        ("7654325", NOW),  # never shown
    ],
)
def test_a_code_that_nobody_was_shown_leaves_the_evidence_alone(shop: Any, code: str, at: datetime) -> None:
    call("generic-1", IVAN, lend())
    before = evidence("generic-1")
    key("generic-1", code, at)
    assert evidence("generic-1") == before
    assert before.kind is EvidenceKind.LIVE


def test_of_two_codes_the_one_keyed_last_counts_and_a_slip_after_it_does_not(shop: Any) -> None:
    other = ShownCode("7654325", visitor(), SHOWN, PAGE, SHOWN + 14 * DAY)
    promo_table.take("s1", other, SHOWN, 400 * DAY)
    call("generic-1", MARIA, "+74951234567")
    key("generic-1", "7654325", NOW + timedelta(seconds=10))
    assert evidence("generic-1").visitor == visitor()
    key("generic-1", CODE, NOW + timedelta(seconds=20))
    key("generic-1", "1111112", NOW + timedelta(seconds=30))
    assert evidence("generic-1").visitor == visitor(MARIAS_BROWSER)


def test_a_page_opened_while_they_talk_counts(shop: Any) -> None:
    late = ShownCode("7654325", visitor("new"), NOW + timedelta(seconds=30), PAGE, NOW + DAY)
    promo_table.take("s1", late, late.shown_at, 400 * DAY)
    visits_table.record_touch("s1", visitor("new"), visits_table.RawTouch(late.shown_at, PAGE, "", ""))
    call("generic-1", MARIA, "+74951234567")
    key("generic-1", late.code, NOW + timedelta(seconds=50))
    assert [touch.at for touch in evidence("generic-1").touches] == [late.shown_at]


def test_what_a_code_says_stays_after_the_code_is_forgotten(shop: Any) -> None:
    call("generic-1", MARIA, "+74951234567")
    key("generic-1")
    before = evidence("generic-1")
    promo_table.forget("s1", CODE, visitor(MARIAS_BROWSER))
    attribute(receive("generic-1", CallEvent("late", "generic-1", at=NOW + 90 * DAY)), NOW + 90 * DAY)
    assert evidence("generic-1") == before


def test_a_static_numbers_call_keeps_what_the_number_belongs_to(shop: Any) -> None:
    call("generic-1", MARIA, STATIC)
    key("generic-1")
    found = evidence("generic-1")
    assert (found.kind, found.campaign_id, found.of_number.kind) == (EvidenceKind.PROMO, "avito", EvidenceKind.STATIC)


def test_an_overflow_call_is_still_one_for_the_accuracy(shop: Any) -> None:
    receive("generic-1", CallEvent(f"digits-{CODE}", "generic-1", at=NOW, promo_code=CODE))
    call("generic-1", MARIA, POOL.overflow_number or "")
    (fact,) = facts_of_day(
        SITE, load_rulebook(SITE, NOW), calls_table.calls_of_day("s1", NOW.date()), [], lambda key: None
    ).calls
    assert (fact.evidence, fact.overflow, fact.pool_id) == ("promo", True, "p1")
    counted = census_table.minutes("p1", NOW - DAY, NOW + DAY)
    assert sum(each.overflow_calls for each in counted) == 1


def test_the_business_that_rings_keys_no_code(shop: Any) -> None:
    call("generic-1", MARIA, STATIC, direction=Direction.OUT)
    key("generic-1")
    assert evidence("generic-1").kind is EvidenceKind.UNKNOWN


def test_it_is_explained(shop: Any) -> None:
    call("generic-1", MARIA, lend())
    key("generic-1")
    attributed = calls_table.call("s1", "generic-1")
    assert attributed is not None
    text = as_text(explain(Story(attributed, (), (), "linear", (), None, waiting=False), ZoneInfo("Europe/Moscow")))
    assert "By the called number alone (live)" in text
    assert "The keyed promo code was shown on https://pallets.example/prices." in text
    assert "Certainty promo: The caller keyed" in text


def test_destinations_hear_nothing_of_whom_the_number_led_to(shop: Any) -> None:
    call("generic-1", MARIA, lend())
    key("generic-1")
    attributed = calls_table.call("s1", "generic-1")
    assert attributed is not None
    sent = CallMessage(attributed, SITE, NOW).payload
    assert visitor() not in str(sent) and visitor(MARIAS_BROWSER) in str(sent)


def test_the_visitor_is_exported_and_erased_with_their_codes_and_the_proof_stays(shop: Any) -> None:
    call("generic-1", MARIA, lend())
    key("generic-1")
    leaves = leaves_of(read("s1", NOW.date()))
    maria = find_person.by_phone("s1", MARIA)
    assert maria.visitors == (visitor(MARIAS_BROWSER),)
    (browser,) = export(maria)["visits"]
    assert {"type": "promo_shown", "code": CODE, "url": PAGE}.items() <= browser["visits"][-1].items()

    erase(maria, NOW)
    assert promo_table.find("s1", CODE) is None
    found = evidence("generic-1")
    assert found.kind is EvidenceKind.PROMO and found.visitor != visitor(MARIAS_BROWSER)
    assert found.promo_page and found.promo_page.url == "https://pallets.example/prices?utm_source=vk"
    assert "maria@mail" not in lying(shop)
    assert leaves_of(read("s1", NOW.date())) == leaves


def test_whom_the_number_led_to_is_erased_from_the_call_without_its_caller(shop: Any) -> None:
    call("generic-1", MARIA, lend())
    key("generic-1")
    erase(find_person.by_visitor("s1", IVANS_BROWSER), NOW)
    found = evidence("generic-1")
    assert found.visitor == visitor(MARIAS_BROWSER)
    assert found.of_number.visitor not in (None, visitor())
    assert "ivan" not in str(item("generic-1"))
    assert promo_table.find("s1", CODE) is not None


def test_a_note_of_anothers_code_deletes_nothing_of_theirs(shop: Any) -> None:
    visits_table.note_code("s1", visitor(), ShownCode(CODE, visitor(), NOW, PAGE, NOW + 14 * DAY), 400)
    visits_table.forget("s1", visitor())
    assert promo_table.find("s1", CODE) is not None
