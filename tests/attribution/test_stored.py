"""What is stored of a call reads back as it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.attribution import stored
from chalicelib.attribution.types import CallEvent, CallStatus, Direction, Evidence, EvidenceKind, Source, Touch

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
        "e#1": {"S": stored.event_text(event, received_at, signing_key=b"k", place="s1#generic-1#2")},
    }
    record = stored.record_of(item)
    assert (record.site_id, record.call_id) == ("s1", "generic-1#2")
    assert record.events == ((received_at, event),)


@given(
    st.builds(
        Evidence,
        kind=st.sampled_from(EvidenceKind),
        why=TEXTS,
        visitor=st.none() | TEXTS,
        leased_at=st.none() | MOMENTS,
        touches=st.lists(st.builds(Touch, MOMENTS, TEXTS, TEXTS, TEXTS, SOURCES), max_size=3).map(tuple),
    )
)
def test_evidence_reads_back(evidence: Evidence) -> None:
    assert stored.evidence_of(stored.evidence_text(evidence)) == evidence


def test_what_an_event_does_not_say_takes_no_room() -> None:
    text = stored.event_text(CallEvent("e", "c"), datetime(2026, 11, 22, tzinfo=UTC), signing_key=b"k", place="p")
    assert len(text) < 50


def test_a_call_not_yet_attributed_is_told_apart() -> None:
    assert stored.attributed_of({"pk": {"S": "s1#c"}, "vendor": {"S": "v"}, "endpoint_id": {"S": "e"}}) is None
