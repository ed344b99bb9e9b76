"""Carrier events into one call. Pure: any order, grouping and repetition of the events gives the same call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from chalicelib.attribution.types import Call, Caller, CallEvent, CallStatus, Direction

T = TypeVar("T")

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# Several ends of one call (two legs rung, then the call itself): the one that says most wins.
_PRECEDENCE = (CallStatus.BUSY, CallStatus.FAILED, CallStatus.ABANDONED, CallStatus.MISSED)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """All that is stored of a call's making: whose it is, and its events with the moment each was received.

    `callers` tells who the events' callers are, by what an event calls them.
    """

    site_id: str
    call_id: str  # ours
    vendor: str
    endpoint_id: str
    events: tuple[tuple[datetime, CallEvent], ...]
    callers: Mapping[str, Caller] = field(default_factory=dict)


def fold(record: CallRecord) -> Call:
    """The call its events describe.

    A start is the earliest start any event told, else when we first heard of the call. A call was accepted if somebody
    talked; a call that ended otherwise is missed, unless an event said busy, failed or abandoned.
    """
    events = _distinct(event for _, event in record.events)
    first_seen_at = min(received for received, _ in record.events)
    started_at = min(_told(events, lambda e: e.started_at), default=first_seen_at)
    answered_at = min(_told(events, lambda e: e.answered_at), default=None) or _line_answered_at(events)
    ended_at = max(_told(events, lambda e: e.ended_at), default=None)
    talk = _talk_seconds(events, answered_at, ended_at)
    caller = _caller(record, events)
    return Call(
        site_id=record.site_id,
        call_id=record.call_id,
        vendor=record.vendor,
        endpoint_id=record.endpoint_id,
        events=len(events),
        first_seen_at=first_seen_at,
        started_at=started_at,
        direction=_first(events, lambda e: e.direction) or Direction.IN,
        caller_key=caller.key,
        caller_masked=caller.masked,
        caller_sealed=caller.sealed,
        number=_first(events, lambda e: e.number),
        answered_at=answered_at,
        ended_at=ended_at,
        ring_seconds=_ring_seconds(events, started_at, answered_at, ended_at, talk),
        talk_seconds=talk,
        status=_status(events, talk, ended_at),
        answered_by=_first(events, lambda e: e.answered_by),
        hangup_cause=_first(events, lambda e: e.hangup_cause),
        recording_url=_first(events, lambda e: e.recording_url),
        variables=tuple(sorted({name: value for e in reversed(events) for name, value in e.variables}.items())),
    )


def _distinct(events: Iterable[CallEvent]) -> list[CallEvent]:
    """Each event once, in an order that does not depend on how they came: by when they happened, then by id."""
    ordered = sorted(events, key=lambda e: (e.at or _EPOCH, e.event_id, repr(e)))
    return list({event.event_id: event for event in reversed(ordered)}.values())[::-1]


def _told(events: list[CallEvent], part: Callable[[CallEvent], T | None]) -> list[T]:
    return [value for event in events if (value := part(event)) is not None]


def _first(events: list[CallEvent], part: Callable[[CallEvent], T | None]) -> T | None:
    return next(iter(_told(events, part)), None)


def _caller(record: CallRecord, events: list[CallEvent]) -> Caller:
    """Who called: the first caller an event tells, of whom attribution has looked up rather than of all.

    A caller of whom nothing more is stored is known by what the event calls him.
    """
    told = [record.callers.get(name, Caller(name)) for name in _told(events, lambda e: e.caller)]
    return next(iter([caller for caller in told if caller.key] or told), Caller())


def _talk_seconds(events: list[CallEvent], answered_at: datetime | None, ended_at: datetime | None) -> int:
    told = _told(events, lambda e: e.talk_seconds)
    if told:
        return max(told)
    line = max(_told(events, lambda e: e.line_seconds), default=None)
    if line is not None and answered_at and answered_at == _line_answered_at(events):
        return line
    if answered_at and ended_at:
        return _whole(ended_at - answered_at)
    return 0


def _line_answered_at(events: list[CallEvent]) -> datetime | None:
    """When the carrier took the caller's line: an answer, unless an event says that nobody talked to him."""
    told = set(_told(events, lambda e: e.status))
    unanswered = told.intersection(_PRECEDENCE) or 0 in _told(events, lambda e: e.talk_seconds)
    return None if unanswered else min(_told(events, lambda e: e.line_answered_at), default=None)


def _ring_seconds(
    events: list[CallEvent], started: datetime, answered: datetime | None, ended: datetime | None, talk: int
) -> int | None:
    """How long it rang: till the answer, else the whole call less the talk. None while it rings."""
    total = max(_told(events, lambda e: e.total_seconds), default=None)
    if answered:
        return _whole(answered - started)
    if total is not None:
        return max(total - talk, 0)
    return None if ended is None else max(_whole(ended - started) - talk, 0)


def _status(events: list[CallEvent], talk: int, ended_at: datetime | None) -> CallStatus:
    told = set(_told(events, lambda e: e.status))
    if not told and ended_at is None:
        return CallStatus.OPEN
    if talk > 0:
        return CallStatus.ACCEPTED
    return next((status for status in _PRECEDENCE if status in told), CallStatus.MISSED)


def _whole(span: timedelta) -> int:
    return max(int(span.total_seconds()), 0)
