"""Evidence without its person: what is gone, what stays, and that no model gives other credit."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.attribution.credit import credit_of
from chalicelib.attribution.models import MODELS
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.calls.evidence import AttributedCall, Candidate, EarlierCall, Evidence, EvidenceKind
from chalicelib.calls.redaction import redacted, redacted_touch, sure_visitor, visitors_of
from chalicelib.registry.types import RepeatRule
from chalicelib.visits.classify_source import classify
from chalicelib.visits.types import Touch
from tests.attribution.test_credit import CALL
from tests.requests import NOW, SITE

ONE, TWO, THREE = "a" * 24, "b" * 24, "c" * 24
URLS = (
    "https://shop.example/p/1?utm_source=yandex&utm_medium=cpc&utm_term=доски&yclid=778899&user=ivan",
    "https://user:word@shop.example:8443/p?UTM_Campaign=x#top",
    "https://shop.example/?phone=79160000001",
    "https://[broken",
)
REFERRERS = ("https://yandex.ru/search?lr=ivan", "https://vk.com/ivan", "android-app://ru.yandex/", "", "https://[")

touches = st.lists(
    st.builds(
        lambda hours, url, referrer: Touch(
            NOW - timedelta(hours=hours), url, referrer, "Москва", classify(url, referrer)
        ),
        st.integers(1, 2000),
        st.sampled_from(URLS),
        st.sampled_from(REFERRERS),
    ),
    max_size=4,
).map(lambda found: tuple(sorted(found, key=lambda touch: touch.at)))
visitors = st.sampled_from([ONE, TWO, THREE])
candidates = st.lists(st.tuples(visitors, touches), min_size=2, max_size=2).map(
    lambda found: tuple(Candidate(Decimal("0.5"), 1e-5, visitor, touches=touches) for visitor, touches in found)
)
earlier = st.lists(
    st.builds(
        EarlierCall,
        st.just("c0"),
        st.just(NOW - timedelta(days=5)),
        st.sampled_from((EvidenceKind.LIVE, EvidenceKind.STATIC)),
        st.none() | visitors,
        touches,
        st.none() | st.just("avito"),
    ),
    max_size=2,
).map(tuple)
evidences = st.builds(
    Evidence,
    kind=st.sampled_from(EvidenceKind),
    why=st.just("for a test"),
    campaign_id=st.none(),
    visitor=st.none() | visitors,
    touches=touches,
    candidates=st.just(()) | candidates,
    earlier=earlier,
)


def alias(visitor: str) -> str:
    return visitor[::-1].replace("a", "1").replace("b", "2").replace("c", "3")


@given(evidences, st.sampled_from(list(MODELS)), st.sampled_from(RepeatRule), st.booleans())
def test_credit_is_the_same_before_and_after(evidence: Evidence, model: str, rule: RepeatRule, share: bool) -> None:
    site = replace(SITE, repeat_rule=rule, share_credit=share)

    def credit(found: Evidence) -> list[object]:
        call = AttributedCall(replace(CALL, started_at=NOW), found, date(2026, 11, 22))
        parts = credit_of(call, site, Rulebook(), model)
        return [replace(part, source=replace(part.source, click_id=None)) for part in parts]

    assert credit(redacted(evidence, alias)) == credit(evidence)


@given(evidences)
def test_nothing_that_leads_to_a_person_is_left(evidence: Evidence) -> None:
    text = msgspec.json.encode(redacted(evidence, alias)).decode()
    for word in ("ivan", "778899", "79160000001", "user:word", ONE, TWO, THREE, "#top"):
        assert word not in text


@given(evidences)
def test_one_visitors_erasure_leaves_the_others_as_they_were(evidence: Evidence) -> None:
    without = redacted(evidence, alias, {ONE})
    assert visitors_of(without) == frozenset(alias(each) if each == ONE else each for each in visitors_of(evidence))
    for before, after in zip(evidence.candidates, without.candidates, strict=True):
        assert (before == after) == (before.visitor != ONE)
    if evidence.visitor != ONE:
        assert without.touches == evidence.touches


@given(evidences)
def test_redacting_again_takes_no_more_away(evidence: Evidence) -> None:
    once = redacted(evidence, alias)
    assert redacted(once, lambda visitor: visitor) == once


def test_a_touch_keeps_its_page_its_tags_and_who_sent_it() -> None:
    touch = Touch(NOW, URLS[0], REFERRERS[0], "Москва", classify(URLS[0], REFERRERS[0]))
    kept = redacted_touch(touch)
    assert kept.url == (
        "https://shop.example/p/1?utm_source=yandex&utm_medium=cpc&utm_term=%D0%B4%D0%BE%D1%81%D0%BA%D0%B8"
    )
    assert (kept.referrer, kept.region, kept.source.click_id) == ("https://yandex.ru/", "Москва", "yclid=")
    assert replace(kept.source, click_id=None) == replace(touch.source, click_id=None)


@pytest.mark.parametrize("kind", EvidenceKind)
def test_only_a_visitor_who_alone_had_the_number_is_the_caller_for_sure(kind: EvidenceKind) -> None:
    sure = sure_visitor(Evidence(kind, "for a test", visitor=ONE))
    assert (sure == ONE) == (kind in ("live", "grace", "promo"))
    again = Evidence(EvidenceKind.REPEAT, "for a test", visitor=ONE, own_kind=kind)
    assert sure_visitor(again) == sure


def test_the_evidence_reads_back_as_json() -> None:
    evidence = Evidence(
        EvidenceKind.LIVE, "why", visitor=ONE, touches=(Touch(NOW, *URLS[:1], "", "", classify("", "")),)
    )
    assert json.loads(msgspec.json.encode(redacted(evidence, alias)))["visitor"] == alias(ONE)
