"""Somebody who called before: through the real tables and the queue, in any order their calls become known in."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from moto.sqs.models import sqs_backends
from msgspec.structs import replace

from chalicelib.attribution import repeat_callers
from chalicelib.attribution.attribute_call import attribute
from chalicelib.attribution.credit import credit_of
from chalicelib.attribution.repeat_rules import MAX_TOUCHES, own_evidence
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.calls import callers, calls_table
from chalicelib.calls.events_table import add_events
from chalicelib.calls.evidence import EvidenceKind
from chalicelib.calls.types import CallEvent, Credit, Direction
from chalicelib.pool.lending import provision_numbers
from chalicelib.registry.types import Campaign, NumberKind, RepeatRule, TrackingNumber
from chalicelib.runtime.settings import settings
from tests.attribution.test_attribute_call import BROWSER, found, ring
from tests.requests import CALLER, NOW, POOL, SITE, STATIC, issue, messages, open_site, post

NUMBERS = ("+74990000101", "+74990000102")
STRANGER = "+79160000009"
DAYS_AGO = {"first": 40, "second": 5}  # when each visit was, with its source


@pytest.fixture
def site(aws: Any) -> Any:
    """Two visits with a number each: from Yandex 40 days ago, from VK 5 days ago."""
    open_site()
    numbers = [TrackingNumber(number, "s1", NumberKind.DYNAMIC, pool_id="p1") for number in NUMBERS]
    provision_numbers.place_numbers("s1", numbers, NOW - timedelta(days=50))
    first = visit("first", DAYS_AGO["first"], "?utm_source=yandex&utm_medium=cpc")
    both = [visit(who, DAYS_AGO["second"], "?utm_source=vk&utm_medium=cpc") for who in ("second", "beside")]
    (second,) = {*both} - {first}  # the numbers are chosen by lot; only a redial is to the number called before
    aws.lent = {"first": first, "second": second}
    return aws


def visit(who: str, days_ago: int, tags: str) -> str:
    """A visitor of their own; the number they were lent."""
    known = {"visitor_id": who, "url": f"https://pallets.example/{tags}", "referrer": ""}
    at = NOW - timedelta(days=days_ago)
    answer = issue(post(json.dumps(known).encode(), BROWSER, at), "sk1")
    return str(answer["number"])


def calls(site: Any) -> dict[str, dict[str, Any]]:
    """Four calls of one caller: one from each visit, one to the static number, one to a number nobody had lately."""
    return {
        "yandex": {"number": site.lent["first"], "at": NOW - timedelta(days=40) + timedelta(minutes=1)},
        "static": {"number": STATIC, "at": NOW - timedelta(days=20)},
        "vk": {"number": site.lent["second"], "at": NOW - timedelta(days=5) + timedelta(minutes=1)},
        "unknown": {"number": NUMBERS[0], "at": NOW},
    }


def pass_on(session: Any) -> None:
    """Ten seconds pass: attribute what waits in the queue, until nothing does."""
    (backend,) = [by_region["eu-central-1"] for by_region in sqs_backends.values() if by_region["eu-central-1"].queues]
    while True:
        for queue in backend.queues.values():
            for message in queue._messages:
                message.delayed_until = 0
        waiting = messages(session, settings().attribute_queue)
        if not waiting:
            return
        for body in waiting:
            attribute(body, NOW)


def sources(session: Any, **changes: Any) -> dict[str, str]:
    """Who gets each call, by the site's rule."""
    site = replace(SITE, **changes)
    return {call_id: named(credit_of(found(call_id), site, Rulebook())[0]) for call_id in calls(session)}


def named(credit: Credit) -> str:
    """The source; of the static number, which has none, its campaign."""
    return credit.source.source or credit.source.campaign


@pytest.mark.parametrize("order", list(permutations(("yandex", "static", "vk", "unknown"))))
def test_calls_that_become_known_in_any_order_give_the_same(site: Any, order: tuple[str, ...]) -> None:
    for call_id in order:
        attribute(ring(call_id, **calls(site)[call_id]), NOW)
    pass_on(site)
    known = {call_id: found(call_id).evidence for call_id in order}
    assert {call_id: (evidence.kind, evidence.repeat_of) for call_id, evidence in known.items()} == {
        "yandex": (EvidenceKind.LIVE, None),
        "static": (EvidenceKind.STATIC, None),
        "vk": (EvidenceKind.LIVE, None),
        "unknown": (EvidenceKind.REPEAT, "vk"),
    }
    assert [each.call_id for each in known["unknown"].earlier] == ["yandex", "static", "vk"]
    assert [each.call_id for each in known["vk"].earlier] == ["yandex", "static"]
    assert [each.call_id for each in known["static"].earlier] == ["yandex"]
    assert known["yandex"].earlier == ()


def test_each_rule_names_its_source_without_touching_a_call(site: Any) -> None:
    for call_id, said in calls(site).items():
        attribute(ring(call_id, **said), NOW)
    assert sources(site) == {"yandex": "yandex", "static": "avito", "vk": "vk", "unknown": "vk"}
    first = sources(site, repeat_rule=RepeatRule.FIRST)
    assert first == {"yandex": "yandex", "static": "yandex", "vk": "yandex", "unknown": "yandex"}
    by_model = replace(SITE, repeat_rule=RepeatRule.MODEL, model="linear")
    shares = {
        call_id: [named(part) for part in credit_of(found(call_id), by_model, Rulebook())] for call_id in calls(site)
    }
    assert shares == {
        "yandex": ["yandex"],
        "static": ["yandex", "avito"],
        "vk": ["yandex", "avito", "vk"],
        "unknown": ["yandex", "avito", "vk"],
    }
    for days, left in ((30, ["avito", "vk"]), (15, ["vk"])):  # of this call; they are 40, 20 and 5 days behind it
        short = replace(by_model, lookback_days=days)
        assert [named(part) for part in credit_of(found("unknown"), short, Rulebook())] == left


def test_a_caller_who_first_dialled_a_static_number_is_its_sources_by_the_first_rule(site: Any) -> None:
    for call_id in ("static", "vk", "unknown"):
        attribute(ring(call_id, **calls(site)[call_id]), NOW)
    first = replace(SITE, repeat_rule=RepeatRule.FIRST)
    assert {named(credit_of(found(call_id), first, Rulebook())[0]) for call_id in ("static", "vk", "unknown")} == {
        "avito"
    }
    assert named(credit_of(found("vk"), SITE, Rulebook())[0]) == "vk"


def test_a_number_that_leads_to_nobody_is_the_callers_latest_static_calls(site: Any) -> None:
    attribute(ring("static", **calls(site)["static"]), NOW)
    attribute(ring("unknown", **calls(site)["unknown"]), NOW)
    evidence = found("unknown").evidence
    assert (evidence.kind, evidence.repeat_of) == (EvidenceKind.REPEAT, "static")
    assert evidence.why.endswith("was measured by a number or code of one source.")
    (credit,) = credit_of(found("unknown"), SITE, Rulebook((Campaign("avito", "s1", "Авито", "classifieds"),)))
    assert (credit.source.channel, credit.source.campaign, credit.campaign_id) == ("classifieds", "Авито", "avito")


def test_a_repeat_keeps_what_the_call_said_by_itself(site: Any) -> None:
    attribute(ring("yandex", **calls(site)["yandex"]), NOW)
    attribute(ring("over", number=POOL.overflow_number), NOW)
    evidence = found("over").evidence
    assert (evidence.own_kind, evidence.pool_id) == (EvidenceKind.OVERFLOW, "p1")
    assert evidence.own_why == "The pool's shared number was called: no dynamic number had been free."
    assert evidence.why.startswith("The caller is known: their call of 2026-10-13")
    assert evidence.why.endswith("came from a visit.")
    own = own_evidence(evidence)
    assert (own.kind, own.why, own.earlier) == (EvidenceKind.OVERFLOW, evidence.own_why, ())


def test_anonymous_callers_are_never_joined(site: Any) -> None:
    for call_id, said in calls(site).items():
        attribute(ring(call_id, caller=None, **said), NOW)
    assert messages(site, settings().attribute_queue) == []
    kinds = {call_id: found(call_id).evidence.kind for call_id in calls(site)}
    assert kinds == {"yandex": "live", "static": "static", "vk": "live", "unknown": "unknown"}
    assert all(found(call_id).evidence.earlier == () for call_id in calls(site))


def test_another_caller_is_not_joined_either(site: Any) -> None:
    attribute(ring("yandex", **calls(site)["yandex"]), NOW)
    attribute(ring("other", number=STATIC, caller=STRANGER), NOW)
    assert found("other").evidence.kind is EvidenceKind.STATIC


def test_ringing_back_is_no_repeat_and_says_nothing(site: Any) -> None:
    attribute(ring("yandex", **calls(site)["yandex"]), NOW)
    attribute(ring("back", number=site.lent["first"], direction=Direction.OUT), NOW)
    assert found("back").evidence.kind is EvidenceKind.UNKNOWN
    assert found("back").evidence.earlier == ()


def test_an_overflow_call_of_a_known_caller_is_theirs_and_still_counts_for_the_pool(site: Any) -> None:
    attribute(ring("yandex", **calls(site)["yandex"]), NOW)
    attribute(ring("over", number=POOL.overflow_number), NOW)
    assert found("over").evidence.kind is EvidenceKind.REPEAT
    assert found("over").evidence.first_kind is EvidenceKind.OVERFLOW


def test_a_caller_reported_late_moves_the_later_calls_of_both(site: Any) -> None:
    """An event that comes later says that somebody else had called."""
    known = calls(site)["yandex"]
    attribute(ring("yandex", caller=STRANGER, **known), NOW)
    attribute(ring("unknown", **calls(site)["unknown"]), NOW)
    attribute(ring("strangers", number=NUMBERS[0], caller=STRANGER), NOW)
    pass_on(site)
    assert (found("strangers").evidence.kind, found("unknown").evidence.kind) == ("repeat", "unknown")
    event = CallEvent("corrected", "yandex", at=known["at"] - timedelta(seconds=1), caller=CALLER)
    add_events("s1", "yandex", ("generic", "e-pbx"), [event], NOW)
    attribute({"site_id": "s1", "call_id": "yandex"}, NOW)
    pass_on(site)
    assert (found("strangers").evidence.kind, found("unknown").evidence.kind) == ("unknown", "repeat")


def test_looking_again_changes_nothing_and_queues_nothing(site: Any) -> None:
    for call_id, said in calls(site).items():
        attribute(ring(call_id, **said), NOW)
    pass_on(site)
    before = {call_id: found(call_id) for call_id in calls(site)}
    for call_id in calls(site):
        attribute({"site_id": "s1", "call_id": call_id}, NOW)
    pass_on(site)
    assert {call_id: found(call_id) for call_id in calls(site)} == before


def test_a_call_is_not_looked_at_again_for_what_it_says_itself(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeat_callers, "LOOK_AGAIN_SECONDS", 0)  # the queue would really make it wait
    attribute(ring("static", **calls(site)["static"]), NOW)
    (announced,) = messages(site, settings().attribute_queue)
    attribute(announced, NOW)
    assert messages(site, settings().attribute_queue) == []


def test_of_many_earlier_calls_the_first_and_the_latest_stay(site: Any) -> None:
    begun = calls(site)["yandex"]["at"]
    for count in range(40):
        attribute(ring(f"n{count:02d}", number=site.lent["first"], at=begun + timedelta(seconds=count)), NOW)
    attribute(ring("unknown", **calls(site)["unknown"]), NOW)
    evidence = found("unknown").evidence
    assert [each.call_id for each in evidence.earlier] == ["n00", "n37", "n38", "n39"]
    assert all(len(each.touches) <= MAX_TOUCHES for each in evidence.earlier)


def test_a_callers_calls_are_read_by_their_pseudonym(site: Any) -> None:
    attribute(ring("yandex", **calls(site)["yandex"]), NOW)
    subject = callers.find_caller("s1", CALLER)
    assert subject is not None
    listed = calls_table.latest_calls("s1", subject.subject_id, NOW, 5)
    assert [each.call.call_id for each in listed] == ["yandex"]
