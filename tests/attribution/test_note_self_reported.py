"""What a customer says, stored with their call and their deal, proved, and erased with them, in real tables."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.attribution import note_self_reported
from chalicelib.attribution.attribute_call import attribute
from chalicelib.audit import leaves
from chalicelib.calls import call_item, calls_table, changed_days_table, self_reported_digest
from chalicelib.calls.self_reported import SelfReported
from chalicelib.calls.self_reported_words import parse
from chalicelib.core.canonical_json import canonical, sha256
from chalicelib.core.errors import BadInput, NotFound
from chalicelib.deals import deals_table, join_deals
from chalicelib.deals.types import Deal
from chalicelib.privacy import find_person, retention_run
from chalicelib.privacy.erase_person import erase, finish
from chalicelib.privacy.export_person import export
from chalicelib.runtime.settings import settings
from tests.privacy.person_fixture import IVAN, MARIA, call, item, lying, open_shop, won
from tests.requests import NOW, SITE

WORDS = "Плакат у дома Ивановых"
KEPT = "плакат у дома ивановых"


@pytest.fixture(autouse=True)
def site(aws: Any) -> Any:
    open_shop()
    return aws


def noted(call_id: str) -> SelfReported | None:
    found = calls_table.call("s1", call_id)
    assert found is not None
    return found.self_reported


def deal(external_id: str = "A-1") -> Deal:
    found = deals_table.deal("s1", "generic", external_id)
    assert found is not None
    return found


def leaf(call_id: str) -> str:
    return leaves.call_leaf(item(call_id), salt()).digest


def deal_leaf(found: Deal) -> str:
    return leaves.deal_leaf(found, salt()).digest


def salt() -> bytes:
    return self_reported_digest.salt_of("s1", settings().signing_key)


def test_an_answer_is_noted_replaced_and_taken_away_and_its_day_is_counted_anew() -> None:
    call("generic-1", IVAN)
    for changed in changed_days_table.changed_days():
        changed_days_table.forget(changed)
    assert note_self_reported.note("s1", "generic-1", "  Знакомые ", NOW) == SelfReported(
        "знакомые", "word_of_mouth", NOW
    )
    assert noted("generic-1") == SelfReported("знакомые", "word_of_mouth", NOW)
    assert [(each.site_id, each.day.isoformat()) for each in changed_days_table.changed_days()] == [
        ("s1", "2026-11-22")
    ]
    note_self_reported.note("s1", "generic-1", "авито", NOW + timedelta(hours=1))
    assert noted("generic-1") == SelfReported("авито", "classifieds", NOW + timedelta(hours=1))
    assert note_self_reported.note("s1", "generic-1", "", NOW) is None
    assert note_self_reported.note("s1", "generic-1", None, NOW) is None
    assert noted("generic-1") is None


def test_what_cannot_be_noted_is_named() -> None:
    with pytest.raises(NotFound):
        note_self_reported.note("s1", "generic-9", "авито", NOW)
    call("generic-1", IVAN)
    with pytest.raises(BadInput) as refused:
        note_self_reported.note("s1", "generic-1", "x" * 2001, NOW)
    assert refused.value.field == "self_reported"


def test_a_later_event_of_the_call_keeps_the_answer_and_evidence_knows_nothing_of_it() -> None:
    message = call("generic-1", IVAN)
    before = item("generic-1")["evidence"]
    note_self_reported.note("s1", "generic-1", WORDS, NOW)
    attribute(message, NOW + timedelta(minutes=5))
    assert noted("generic-1") == SelfReported(KEPT, "other", NOW)
    assert item("generic-1")["evidence"] == before


def test_an_erased_caller_leaves_the_channel_and_the_proof_but_no_word(site: Any) -> None:
    call("generic-1", IVAN)
    note_self_reported.note("s1", "generic-1", f"{WORDS}, знакомые", NOW)
    before = leaf("generic-1")
    assert KEPT in lying(site)
    erase(find_person.by_phone("s1", IVAN), NOW)
    assert noted("generic-1") == SelfReported(None, "word_of_mouth", NOW)
    assert KEPT not in lying(site)
    assert leaf("generic-1") == before


def test_of_an_erased_caller_no_word_is_noted_later(site: Any) -> None:
    call("generic-1", IVAN)
    erase(find_person.by_phone("s1", IVAN), NOW)
    note_self_reported.note("s1", "generic-1", WORDS, NOW)
    assert noted("generic-1") == SelfReported(None, "other", NOW)
    assert KEPT not in lying(site)


def test_the_second_look_of_an_erasure_finds_words_noted_under_it(site: Any) -> None:
    call("generic-1", IVAN)
    read = item("generic-1")
    erase(find_person.by_phone("s1", IVAN), NOW)
    assert not calls_table.put_self_reported(read, parse(WORDS))  # the one who notes reads the call again
    text = call_item.self_reported_text(SelfReported(KEPT, "other"))
    site.client("dynamodb").update_item(
        TableName=settings().calls_table,
        Key={"pk": {"S": "s1#generic-1"}},
        UpdateExpression="SET self_reported = :reported",
        ExpressionAttributeValues={":reported": {"S": text}},
    )
    finish(NOW + timedelta(hours=2))
    assert KEPT not in lying(site)


def test_retention_takes_the_words_of_old_calls_and_of_their_deals(site: Any) -> None:
    for call_id, caller in (("generic-1", IVAN), ("generic-2", None)):
        call(call_id, caller, at=NOW - timedelta(days=40))
        note_self_reported.note("s1", call_id, WORDS, NOW)
    won(IVAN, at=NOW - timedelta(days=39), self_reported=parse(WORDS))
    kept = replace(SITE, retention_days=30)
    retention_run.go_through(kept, (NOW - timedelta(days=45)).date(), NOW)
    assert KEPT not in lying(site)
    assert [noted(call_id) for call_id in ("generic-1", "generic-2")] == [SelfReported(None, "other", NOW)] * 2


def test_a_deal_keeps_what_the_crm_reported_and_erasure_takes_the_words(site: Any) -> None:
    call("generic-1", IVAN)
    won(IVAN, self_reported=parse(WORDS))
    assert deal().self_reported == SelfReported(KEPT, "other")
    before = deal_leaf(deal())
    done = erase(find_person.by_phone("s1", IVAN), NOW)
    left = deal().self_reported
    assert left is not None and (left.answer, left.channel) == (None, "other")
    assert KEPT not in lying(site)
    assert deal_leaf(deal()) == before
    assert done.removed["calls"] == 1


def test_a_deal_of_nobodys_call_loses_its_words_too(site: Any) -> None:
    won(IVAN, self_reported=parse(WORDS))
    assert deal().call_id is None
    assert erase(find_person.by_phone("s1", IVAN), NOW).removed["self_reported"] == 1
    assert KEPT not in lying(site)


def test_a_crm_that_sends_an_erased_customers_words_again_leaves_none(site: Any) -> None:
    call("generic-1", IVAN)
    outcome = won(IVAN, self_reported=parse(WORDS))
    erase(find_person.by_phone("s1", IVAN), NOW)
    proved = deal_leaf(deal())
    assert not join_deals.record_outcome(SITE, outcome)
    later = replace(outcome, outcome_at=NOW + timedelta(days=1), self_reported=parse(f"{WORDS} и авито"))
    assert join_deals.record_outcome(SITE, later)
    left = deal().self_reported
    assert left is not None and (left.answer, left.channel) == (None, "classifieds")
    assert KEPT not in lying(site)
    assert deal_leaf(deal()) != proved


def test_words_reported_after_an_erasure_for_the_first_time_are_not_kept_either(site: Any) -> None:
    call("generic-1", IVAN)
    outcome = won(IVAN)
    erase(find_person.by_phone("s1", IVAN), NOW)
    join_deals.record_outcome(SITE, replace(outcome, outcome_at=NOW + timedelta(days=1), self_reported=parse(WORDS)))
    assert KEPT not in lying(site)


def test_who_is_not_erased_keeps_their_words(site: Any) -> None:
    call("generic-1", IVAN)
    call("generic-2", MARIA)
    won(MARIA, "A-2", self_reported=parse(WORDS))
    erase(find_person.by_phone("s1", IVAN), NOW)
    assert deal("A-2").self_reported == SelfReported(KEPT, "other")


def test_an_export_shows_what_they_said(site: Any) -> None:
    call("generic-1", IVAN)
    note_self_reported.note("s1", "generic-1", WORDS, NOW)
    won(IVAN, self_reported=parse("авито"))
    shown = export(find_person.by_phone("s1", IVAN))
    assert shown["calls"][0]["self_reported"]["answer"] == KEPT
    assert shown["self_reported"] == [{"source": "generic", "external_id": "A-1", "answer": "авито"}]
    json.dumps(shown, default=str)


def test_a_changed_answer_changes_the_proof(site: Any) -> None:
    call("generic-1", IVAN)
    plain = leaf("generic-1")
    note_self_reported.note("s1", "generic-1", "авито", NOW)
    one = leaf("generic-1")
    note_self_reported.note("s1", "generic-1", "циан", NOW)
    assert len({plain, one, leaf("generic-1")}) == 3
    won(IVAN, self_reported=parse("авито"))
    first_deal = deal()
    for other in (SelfReported("циан", "classifieds"), SelfReported(None, "offline"), None):
        assert deal_leaf(replace(first_deal, self_reported=other)) != deal_leaf(first_deal)


def test_a_deal_without_an_answer_is_proved_as_it_always_was(site: Any) -> None:
    won(IVAN)
    later = {"self_reported", "visitor", "contact_id", "call_named", "decision"}  # fields that deals did not have then
    before = {name: value for name, value in msgspec.to_builtins(deal()).items() if name not in later}
    assert deal_leaf(deal()) == sha256(canonical(before))
