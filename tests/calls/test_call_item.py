"""What is stored of a call reads back as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.calls import call_item
from chalicelib.calls.evidence import Candidate, EarlierCall, Evidence, EvidenceKind
from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.core.apportion import STEP
from chalicelib.visits.types import Source, Touch

MOMENTS = st.integers(0, 10**12).map(lambda ms: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
SOURCES = st.builds(Source, *[TEXTS] * 6, click_id=st.none() | TEXTS)


@given(
    st.builds(
        CallEvent,
        event_id=TEXTS,
        call_id=TEXTS,
        at=st.none() | MOMENTS,
        direction=st.none() | st.sampled_from(Direction),
        started_at=st.none() | MOMENTS,
        talk_seconds=st.none() | st.integers(0, 10**6),
        status=st.none() | st.sampled_from(CallStatus),
        answered_by=st.none() | TEXTS,
        variables=st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple),
    ),
    MOMENTS,
)
def test_an_event_reads_back(event: CallEvent, received_at: datetime) -> None:
    item: dict[str, Any] = {
        "pk": {"S": "s1#generic-1#2"},
        "vendor": {"S": "generic"},
        "endpoint_id": {"S": "e"},
        "e#1": {"S": call_item.event_text(event, received_at, signing_key=b"k", context="s1#generic-1#2")},
    }
    record = call_item.record_of(item)
    assert (record.site_id, record.call_id) == ("s1", "generic-1#2")
    assert record.events == ((received_at, event),)


TOUCHES = st.lists(st.builds(Touch, MOMENTS, TEXTS, TEXTS, TEXTS, SOURCES), max_size=3).map(tuple)
KINDS = st.sampled_from(EvidenceKind)


@given(
    st.builds(
        Evidence,
        kind=KINDS,
        why=TEXTS,
        visitor=st.none() | TEXTS,
        leased_at=st.none() | MOMENTS,
        touches=TOUCHES,
        candidates=st.lists(
            st.builds(
                Candidate,
                share=st.integers(1, 10**8).map(lambda units: units * STEP),
                likelihood=st.floats(0, 1),
                visitor=st.none() | TEXTS,
                shown_until=st.none() | MOMENTS,
                delay_seconds=st.none() | st.floats(-1e6, 1e6),
                touches=TOUCHES,
            ),
            max_size=3,
        ).map(tuple),
        own_kind=st.none() | KINDS,
        earlier=st.lists(
            st.builds(EarlierCall, TEXTS, MOMENTS, KINDS, st.none() | TEXTS, TOUCHES, st.none() | TEXTS), max_size=2
        ).map(tuple),
    )
)
def test_evidence_reads_back(evidence: Evidence) -> None:
    assert call_item.evidence_of(call_item.evidence_text(evidence)) == evidence


def test_evidence_stored_before_there_were_candidates_reads_still() -> None:
    text = (
        '{"kind":"grace","why":"The lease had ended 40 s before the call.","pool_id":"p1","campaign_id":null,'
        '"visitor":"61","leased_at":"2026-11-22T09:00:00Z","expires_at":"2026-11-22T09:06:00Z","touches":[{"at":'
        '"2026-11-22T09:00:00Z","url":"https://s.example/","referrer":"","region":"","source":{"channel":"direct",'
        '"source":"","medium":"","campaign":"","keyword":"","creative":"","click_id":null}}]}'
    )
    evidence = call_item.evidence_of(text)
    assert (evidence.kind, evidence.first_kind, evidence.candidates) == (EvidenceKind.GRACE, EvidenceKind.GRACE, ())
    assert evidence.touches[0].source.channel == "direct"


def test_what_an_event_does_not_say_takes_no_room() -> None:
    text = call_item.event_text(CallEvent("e", "c"), datetime(2026, 11, 22, tzinfo=UTC), signing_key=b"k", context="p")
    assert len(text) < 50


def test_a_call_not_yet_attributed_is_recognised() -> None:
    assert call_item.attributed_of({"pk": {"S": "s1#c"}, "vendor": {"S": "v"}, "endpoint_id": {"S": "e"}}) is None


def test_evidence_is_stored_with_lists_of_one_where_a_code_or_a_redial_says_more() -> None:
    number = Evidence(EvidenceKind.OVERFLOW, "The shared number.", "p1")
    page = Touch(datetime(2026, 11, 20, tzinfo=UTC), "https://shop.example/", "", "", Source("direct", *[""] * 5))
    evidence = replace(number, kind=EvidenceKind.PROMO, promo_page=page, by_number=replace(number, by_number=number))
    stored = json.loads(call_item.evidence_text(evidence))
    assert [each["url"] for each in stored["promo_page"]] == ["https://shop.example/"]
    assert stored["by_number"][0]["by_number"][0]["by_number"] == []
    assert json.loads(call_item.evidence_text(number))["promo_page"] == []
    assert [call_item.evidence_of(call_item.evidence_text(each)) for each in (evidence, number)] == [evidence, number]
