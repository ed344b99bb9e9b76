"""A number dialled again from the call log, while somebody else has it: through the real tables and the queue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from chalicelib.attribution.attribute_call import attribute
from chalicelib.attribution.credit import credit_of
from chalicelib.attribution.explanation import Story, as_text, explain
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.calls import callers, calls_table
from chalicelib.calls.evidence import Evidence, EvidenceKind
from chalicelib.calls.redaction import visitors_of
from chalicelib.calls.types import Direction
from chalicelib.pool.lending import provision_numbers
from chalicelib.pool.statistics import delays_table
from chalicelib.pool.statistics.delay_profile import LIVE_BINS, Counted, prior_profile
from chalicelib.pool.statistics.redial_rates import SINCE_BINS, Sight, since_bin
from chalicelib.privacy.erase_person import erase
from chalicelib.privacy.types import Person
from chalicelib.registry.types import NumberKind, RepeatRule, TrackingNumber
from chalicelib.runtime.settings import settings
from chalicelib.visits.visitor_key import visitor_key
from tests.attribution.test_attribute_call import DYNAMIC, found, ring
from tests.attribution.test_possible_callers import seconds, visit
from tests.attribution.test_repeat_callers import pass_on
from tests.requests import CALLER, NOW, POOL, SITE, open_site

AGO = -2 * 86_400.0  # seconds; the story begins two days before the other tests' number was placed
LATER = AGO + 7200
OVERFLOW = POOL.overflow_number or ""
STRANGER = "+79160000009"


@pytest.fixture
def site(aws: Any) -> Any:
    """A pool of one dynamic number and an overflow number."""
    open_site()
    dynamic = TrackingNumber(DYNAMIC, "s1", NumberKind.DYNAMIC, pool_id="p1")
    overflow = TrackingNumber(OVERFLOW, "s1", NumberKind.OVERFLOW, pool_id="p1")
    provision_numbers.place_numbers("s1", [dynamic, overflow], seconds(AGO - 86_400))
    return aws


def call(call_id: str, at: float, number: str = DYNAMIC, now: Any = NOW, **said: Any) -> Evidence:
    attribute(ring(call_id, number=number, at=seconds(at), **said), now)
    evidence: Evidence = found(call_id).evidence
    return evidence


def credit(call_id: str, model: str = "last_touch", **changes: Any) -> dict[str, Decimal]:
    parts = credit_of(found(call_id), replace(SITE, **changes), Rulebook(), model)
    return {part.source.source or part.source.channel: part.weight for part in parts}


def key(who: str) -> str:
    return visitor_key("s1", who, settings().signing_key).hex()


# ---- scenario 4 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", list(RepeatRule))
@pytest.mark.parametrize("after", [30, 100, 250])
def test_a_redial_is_not_the_strangers_who_has_the_number_by_now(site: Any, after: float, rule: RepeatRule) -> None:
    visit("yandex", AGO), call("first", AGO + 60)
    visit("vk", LATER)
    again = call("again", LATER + after)
    assert (again.kind, again.visitor, again.redial_of) == (EvidenceKind.REDIAL, key("yandex"), "first")
    assert (again.leased_at, again.called_at) == (seconds(AGO), seconds(AGO + 60))
    assert again.why.endswith("and dialled it again: the call is of the visit behind that one.")
    assert (again.of_number.kind, again.of_number.visitor) == (EvidenceKind.LIVE, key("vk"))
    assert credit("again", repeat_rule=rule) == {"yandex": 1}
    assert credit("again", "linear", repeat_rule=rule) == {"yandex": 1}


def test_a_new_visit_of_the_caller_is_the_likelier_the_longer_ago_the_last_call_was(site: Any) -> None:
    visit("yandex", AGO), call("first", AGO + 60)
    visit("vk", AGO + 86_400 * 1.5)
    again = call("again", AGO + 86_400 * 1.5 + 100)
    assert again.kind is EvidenceKind.SHARED
    old, new = again.candidates
    assert (old.visitor, new.visitor, old.called_at) == (key("yandex"), key("vk"), seconds(AGO + 60))
    assert Decimal("0.05") < new.share < Decimal("0.1")
    assert again.why == (
        f"The caller had called this number before, at {seconds(AGO + 60):%Y-%m-%d %H:%M} UTC: {old.share:.0%} that "
        f"they dialled it again, for the visit behind that call; {new.share:.0%} that it was the one who had the "
        "number at that moment."
    )
    assert credit("again") == {"yandex": old.share, "vk": new.share}
    assert credit("again", share_credit=False) == {"yandex": 1}


def test_a_redial_of_a_redial_is_of_the_same_visit(site: Any) -> None:
    visit("yandex", AGO), call("first", AGO + 60)
    visit("vk", LATER), call("again", LATER + 100)
    visit("maps", LATER + 3600)
    third = call("third", LATER + 3700)
    assert (third.kind, third.visitor, third.redial_of) == (EvidenceKind.REDIAL, key("yandex"), "again")
    assert third.called_at == seconds(AGO + 60), "the look-back counts from the call that came from the visit"


def test_the_look_back_of_a_redial_counts_from_the_call_that_came_from_the_visit(site: Any) -> None:
    visit("yandex", AGO), call("first", AGO + 60)
    visit("vk", AGO + 86_400), call("again", AGO + 86_400 + 10)
    assert found("again").evidence.kind is EvidenceKind.REDIAL
    assert credit("again", lookback_days=1) == {"yandex": 1}


def test_who_has_the_number_again_or_still_is_simply_there(site: Any) -> None:
    visit("yandex", AGO), call("first", AGO + 60)
    assert call("still", AGO + 200).kind is EvidenceKind.LIVE
    visit("yandex", LATER)
    back = call("back", LATER + 100)
    assert (back.kind, back.visitor, back.redial_of) == (EvidenceKind.LIVE, key("yandex"), None)


def test_whose_lease_has_just_ended_is_known_from_the_call_before(site: Any) -> None:
    """By the number alone it is the new holder; by the caller it is who had it until a minute ago."""
    visit("yandex", AGO), call("first", AGO + 60)
    visit("vk", AGO + 400)
    again = call("again", AGO + 420)
    assert (again.kind, again.visitor) == (EvidenceKind.REDIAL, key("yandex"))
    assert again.of_number.visitor == key("vk")


def test_a_caller_of_whom_nothing_was_known_is_not_the_strangers_either(site: Any) -> None:
    assert call("first", AGO).kind is EvidenceKind.UNKNOWN
    visit("vk", LATER)
    again = call("again", LATER + 100)
    assert (again.kind, again.visitor, again.redial_of) == (EvidenceKind.UNKNOWN, None, "first")
    assert credit("again") == {"unknown": 1}


def test_an_earlier_call_that_names_nobody_is_announced_to_the_later_ones_too(site: Any) -> None:
    visit("vk", LATER)
    assert call("again", LATER + 100).kind is EvidenceKind.LIVE
    call("first", AGO)
    pass_on(site)
    assert found("again").evidence.kind is EvidenceKind.UNKNOWN


def test_another_callers_call_is_the_holders(site: Any) -> None:
    visit("yandex", AGO), call("first", AGO + 60)
    visit("vk", LATER)
    other = call("other", LATER + 100, caller=STRANGER)
    assert (other.kind, other.visitor, other.redial_of) == (EvidenceKind.LIVE, key("vk"), None)


def test_who_withholds_the_number_is_never_known_again(site: Any) -> None:
    visit("yandex", AGO), call("first", AGO + 60, caller=None)
    visit("vk", LATER)
    assert call("again", LATER + 100, caller=None).kind is EvidenceKind.LIVE
    delays_table.put_day("p1", seconds(AGO).date(), NOW, Counted({}, 2, 600, 86_400))
    assert sum(delays_table.counted_since("p1", seconds(AGO).date()).caller_number_seconds) == 0


def test_ringing_back_is_no_redial_and_nothing_to_dial_again(site: Any) -> None:
    visit("yandex", AGO), call("back", AGO + 60, direction=Direction.OUT)
    visit("vk", LATER)
    assert call("again", LATER + 100).kind is EvidenceKind.LIVE


# ---- overflow numbers ----------------------------------------------------------------------------------------------


def test_a_redial_of_the_overflow_number_is_shared_as_the_call_before(site: Any) -> None:
    visit("anna", AGO)
    assert [visit(who, AGO + 20) for who in ("boris", "vera")] == ["overflow"] * 2
    first = call("first", AGO + 120, OVERFLOW)
    visit("gleb", LATER), visit("dina", LATER)
    again = call("again", LATER + 100, OVERFLOW)
    assert (again.kind, again.redial_of) == (EvidenceKind.OVERFLOW, "first")
    assert {each.visitor: each.share for each in again.candidates} == pytest.approx(
        {each.visitor: each.share for each in first.candidates}, abs=Decimal("0.02")
    )
    assert {each.visitor for each in again.of_number.candidates} == {key("dina")}
    assert set(credit("again")) == {"boris", "vera"}


def test_a_redial_of_the_overflow_number_is_its_call_even_where_one_visitor_alone_may_have_dialled(site: Any) -> None:
    visit("anna", AGO)
    assert visit("boris", AGO + 20) == "overflow"
    first = call("first", AGO + 120, OVERFLOW)
    assert visit("vera", AGO + 200) == "overflow"
    again = call("again", AGO + 240, OVERFLOW)
    assert [(each.kind, each.visitor) for each in (first, again)] == [(EvidenceKind.OVERFLOW, None)] * 2
    assert again.candidates[0].visitor == first.candidates[0].visitor == key("boris")
    assert set(credit("again")) == set(credit("first")) == {"boris"}
    assert credit("again", share_credit=False) == credit("first", share_credit=False)


# ---- in any order, once, and gone with the person ------------------------------------------------------------------


def story(order: Sequence[str], session: Any) -> dict[str, Evidence]:
    """Three calls of one caller while three visitors had the number, known in this order."""
    began = {"first": AGO + 60, "again": LATER + 100, "third": LATER + 3700}
    for who, at in (("yandex", AGO), ("vk", LATER), ("maps", LATER + 3600)):
        visit(who, at)
    for call_id in order:
        call(call_id, began[call_id])
    pass_on(session)
    return {call_id: found(call_id).evidence for call_id in began}


@pytest.mark.parametrize("order", list(permutations(("first", "again", "third"))))
def test_calls_that_become_known_in_any_order_give_the_same(site: Any, order: tuple[str, ...]) -> None:
    known = story(order, site)
    assert {call_id: (each.kind, each.visitor, each.redial_of) for call_id, each in known.items()} == {
        "first": (EvidenceKind.LIVE, key("yandex"), None),
        "again": (EvidenceKind.REDIAL, key("yandex"), "first"),
        "third": (EvidenceKind.REDIAL, key("yandex"), "again"),
    }
    assert [each.call_id for each in known["third"].earlier] == ["first", "again"]
    for call_id in order:
        attribute({"site_id": "s1", "call_id": call_id}, NOW)
    pass_on(site)
    assert {call_id: found(call_id).evidence for call_id in known} == known, "looking again changes nothing"


def test_a_pool_learns_the_same_in_any_order(site: Any) -> None:
    story(("third", "again", "first"), site)
    day = seconds(AGO).date()
    for count in range(3):
        delays_table.put_day("p1", day + timedelta(days=count), NOW, Counted({}, 3, 1080, 86_400))
    counted = delays_table.counted_since("p1", day)
    assert counted.calls == {
        Sight((4,)): 1,
        Sight((LIVE_BINS - 1,), (), since_bin(3600), since_bin(3600)): 2,
    }
    assert len([each for each in counted.caller_number_seconds if each]) > 3
    assert len(counted.caller_number_seconds) == SINCE_BINS


def test_a_call_imported_days_later_makes_the_one_after_it_a_redial(site: Any) -> None:
    visit("yandex", AGO), visit("vk", LATER)
    assert call("again", LATER + 6).kind is EvidenceKind.LIVE
    call("first", AGO + 60, now=NOW + timedelta(days=5))
    pass_on(site)
    assert found("again").evidence.kind is EvidenceKind.REDIAL


def test_a_settled_shared_call_becomes_a_redial_by_an_imported_one(site: Any) -> None:
    visit("anna", AGO), visit("yandex", AGO + 7200 - 400), visit("vk", AGO + 7200)
    before = call("again", LATER + 6)
    assert before.kind is EvidenceKind.SHARED
    delays_table.put_profile("p1", replace(prior_profile(), version="2026-11-20", rates=(1e-9,) * 17), NOW)
    attribute(ring("first", at=seconds(AGO + 60)), NOW + timedelta(days=5))
    attribute({"site_id": "s1", "call_id": "again"}, NOW + timedelta(days=5))
    again = found("again").evidence
    assert (again.kind, again.visitor, again.delay_profile) == (EvidenceKind.REDIAL, key("anna"), "prior")
    assert again.of_number == before, "who had been shown the number is settled after a day"


def test_shares_of_a_redial_stay_when_the_pool_learns_more(site: Any) -> None:
    visit("yandex", AGO), call("first", AGO + 60)
    visit("vk", AGO + 86_400 * 1.5)
    before = call("again", AGO + 86_400 * 1.5 + 100)
    assert before.kind is EvidenceKind.SHARED
    learned = replace(prior_profile(), version="2026-11-20", redials=(1e-9,) * SINCE_BINS)
    delays_table.put_profile("p1", learned, NOW)
    attribute({"site_id": "s1", "call_id": "again"}, NOW + timedelta(days=3))
    assert found("again").evidence == before
    attribute({"site_id": "s1", "call_id": "again"}, seconds(AGO + 86_400 * 1.5 + 200))
    assert found("again").evidence.visitor == key("vk"), "within a day the latest profile counts"


def test_an_erased_visitor_is_gone_from_the_redials_too(site: Any) -> None:
    visit("yandex", AGO), call("first", AGO + 60)
    visit("vk", LATER), call("again", LATER + 100)
    subject = callers.find_caller("s1", CALLER)
    assert subject is not None
    assert {key("yandex"), key("vk")} <= visitors_of(found("again").evidence)
    erase(Person("s1", (subject.subject_id,), (key("yandex"),)), NOW)
    for call_id in ("first", "again"):
        evidence = found(call_id).evidence
        assert key("yandex") not in visitors_of(evidence)
        assert all("?" not in touch.url or "utm_" in touch.url for touch in evidence.touches)
    assert credit("again") == {"yandex": 1}
    attribute({"site_id": "s1", "call_id": "again"}, NOW)
    assert key("yandex") not in visitors_of(found("again").evidence)


# ---- shown to people -----------------------------------------------------------------------------------------------


def test_it_is_explained_in_words(site: Any) -> None:
    visit("yandex", AGO), call("first", AGO + 60)
    visit("vk", AGO + 86_400 * 1.5), call("again", AGO + 86_400 * 1.5 + 100)
    attributed = calls_table.call("s1", "again")
    assert attributed is not None
    story = Story(attributed, [], credit_of(attributed, SITE, Rulebook()), SITE.model, [], None, waiting=False)
    text = as_text(explain(story, ZoneInfo("UTC")))
    assert "Certainty shared: The caller had called this number before" in text
    assert "the caller had called from this visit and dialled again" in text
    assert "By the called number alone (live)" in text
