"""Carrier events into one call. Pure: any order, grouping and repetition of the events gives the same call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import Struct, field

from chalicelib.calls import legs as call_legs
from chalicelib.calls.legs import EPOCH, reported, whole
from chalicelib.calls.types import Call, Caller, CallEvent, CallStatus, Direction, KeyedCode, Leg

T = TypeVar("T")

# Several ends of one call (two legs rung, then the call itself): the one that says most wins.
_PRECEDENCE = (CallStatus.BUSY, CallStatus.FAILED, CallStatus.ABANDONED, CallStatus.MISSED)


class CallRecord(Struct, frozen=True):
    """All that a call is folded from: whose it is, and its events with the moment each was received.

    `callers` has the events' callers, by what an event calls them.
    """

    site_id: str
    call_id: str  # ours
    vendor: str
    endpoint_id: str
    events: tuple[tuple[datetime, CallEvent], ...]
    callers: Mapping[str, Caller] = field(default_factory=dict)


class _Reported(Struct, frozen=True):
    """A call's events, sorted: all that the carrier reported, what is of the whole call, and the business's legs."""

    events: Sequence[CallEvent]
    whole: Sequence[CallEvent]
    legs: tuple[Leg, ...]

    @property
    def own_first(self) -> Sequence[CallEvent]:
        """Return all events, the call's before its legs': a leg has a caller and a direction of its own."""
        return [*self.whole, *(event for event in self.events if event.leg in {leg.leg_id for leg in self.legs})]

    @property
    def has_line(self) -> bool:
        """Whether the carrier reports the caller's own line: then only that line's end is the call's."""
        return any(event.leg for event in self.whole)


def fold(record: CallRecord) -> Call:
    """Return the call its events describe.

    Its start is the earliest that any event reports, else when we first heard of the call. A call was accepted if
    somebody talked; a call that ended otherwise is missed, unless an event said busy, failed or abandoned. Where only
    the clock says that it ended, it ended when we last heard of it; any end that a carrier reports, even later, counts
    instead.
    """
    known = _distinct(event for _, event in record.events)
    reports = _sorted_out(_counting([event for event in known if not event.closing]))
    first_seen_at = min(received for received, _ in record.events)
    started_at = min(reported(reports.events, lambda e: e.started_at), default=first_seen_at)
    answered_at = _answered_at(reports)
    ended_at = _ended_at(reports)
    end_missing = ended_at is None and any(event.closing for event in known)
    if end_missing:
        ended_at = _last_heard(reports.events, started_at)
    talk = _talk_seconds(reports, answered_at, ended_at)
    if end_missing:
        talk = max(talk, _least_talk(reports))
    answered_by, last_answered_by = call_legs.who_answered(reports.whole, reports.legs)
    caller = _caller(record, reports.own_first)
    return Call(
        site_id=record.site_id,
        call_id=record.call_id,
        vendor=record.vendor,
        endpoint_id=record.endpoint_id,
        events=len(known),
        first_seen_at=first_seen_at,
        started_at=started_at,
        direction=_first(reports.own_first, lambda e: e.direction) or Direction.IN,
        caller_key=caller.key,
        caller_masked=caller.masked,
        caller_sealed=caller.sealed,
        number=_first(reports.own_first, lambda e: e.number),
        answered_at=answered_at,
        ended_at=ended_at,
        ring_seconds=_ring_seconds(reports, started_at, answered_at, ended_at, talk),
        talk_seconds=talk,
        status=_status(reports, talk, ended_at),
        answered_by=answered_by,
        hangup_cause=_hangup_cause(reports),
        recording_url=_first(reports.events, lambda e: e.recording_url),
        variables=tuple(sorted({name: value for e in reversed(reports.events) for name, value in e.variables}.items())),
        wait_seconds=_wait_seconds(reports, started_at, answered_at, ended_at, talk),
        last_answered_by=last_answered_by,
        legs=reports.legs,
        end_missing=end_missing,
        promo_codes=_promo_codes(reports.events, started_at),
        unread=len(reported(reports.events, lambda e: e.unread)),
    )


def _distinct(events: Iterable[CallEvent]) -> list[CallEvent]:
    """Return each event once, in an order that does not depend on how they came: by when they happened, then by id."""
    ordered = sorted(events, key=lambda e: (e.at or EPOCH, e.event_id, repr(e)))
    return list({event.event_id: event for event in reversed(ordered)}.values())[::-1]


def _counting(events: Sequence[CallEvent]) -> Sequence[CallEvent]:
    """Reduce events of the carrier's history to who and what, where the webhooks reported the whole call.

    Times and lengths in a history are coarser, or of another zone by mistake.
    """
    live = [event for event in events if not event.imported]
    if len(live) == len(events) or _ended_at(_sorted_out(live)) is None:
        return events
    return [_without_course(event) if event.imported else event for event in events]


def _without_course(event: CallEvent) -> CallEvent:
    return CallEvent(
        event.event_id,
        event.call_id,
        direction=event.direction,
        caller=event.caller,
        number=event.number,
        recording_url=event.recording_url,
        variables=event.variables,
    )


def _sorted_out(events: Sequence[CallEvent]) -> _Reported:
    business = call_legs.of_business(events)
    of_call = [call_legs.of_line(event) for event in events if event.leg not in business]
    return _Reported(events, of_call, call_legs.legs_of(events, business))


def _first(events: Sequence[CallEvent], part: Callable[[CallEvent], T | None]) -> T | None:
    return next(iter(reported(events, part)), None)


def _caller(record: CallRecord, events: Sequence[CallEvent]) -> Caller:
    """Return who called: the first reported caller that attribution has looked up, else the first of all.

    A caller of whom nothing more is stored is known by what the event calls them.
    """
    named = [record.callers.get(name, Caller(name)) for name in reported(events, lambda e: e.caller)]
    return next(iter([caller for caller in named if caller.key] or named), Caller())


def _answered_at(reports: _Reported) -> datetime | None:
    """Return when somebody first answered for the business; else when the line was taken, unless nobody talked."""
    answers = reported(reports.whole, lambda e: e.answered_at) + [
        leg.answered_at for leg in reports.legs if leg.answered_at
    ]
    return min(answers) if answers else _line_answered_at(reports)


def _line_answered_at(reports: _Reported) -> datetime | None:
    """Return when the carrier took the caller's line: an answer, unless an event says that nobody talked to them."""
    endings = set(reported(reports.events, lambda e: e.status)).intersection(_PRECEDENCE)
    if endings or reports.legs or 0 in reported(reports.events, lambda e: e.talk_seconds):
        return None
    return min(reported(reports.whole, lambda e: e.line_answered_at), default=None)


def _ended_at(reports: _Reported) -> datetime | None:
    """Return the call's end. Legs alone end it when all have ended and no event is of the caller's own line."""
    ends = reported(reports.whole, lambda e: e.ended_at)
    leg_ends = reported([e for e in reports.events if e.leg], lambda e: e.ended_at)
    if ends:
        return max(ends + leg_ends)
    going_on = reports.has_line or any(leg.ended_at is None for leg in reports.legs)
    return None if going_on else max(leg_ends, default=None)


def _talk_seconds(reports: _Reported, answered_at: datetime | None, ended_at: datetime | None) -> int:
    """Return the talk reported of the whole call, else of its legs, else of the line, else from answer to end."""
    of_call = reported(reports.whole, lambda e: e.talk_seconds)
    if of_call:
        return max(of_call)
    of_legs = call_legs.talk_of(reports.legs, ended_at)
    if of_legs is not None:
        return of_legs
    line = max(reported(reports.whole, lambda e: e.line_seconds), default=None)
    if line is not None and answered_at and answered_at == _line_answered_at(reports):
        return line
    return whole(ended_at - answered_at) if answered_at and ended_at else 0


def _promo_codes(events: Sequence[CallEvent], started_at: datetime) -> tuple[KeyedCode, ...]:
    """Return the codes the caller keyed, each at its last time: another code is a correction."""
    keyed = {
        event.promo_code: KeyedCode(event.promo_code, event.at or started_at) for event in events if event.promo_code
    }
    return tuple(sorted(keyed.values(), key=lambda each: (each.at, each.code)))


def _last_heard(events: Sequence[CallEvent], started_at: datetime) -> datetime:
    moments = [moment for e in events for moment in (e.at, e.answered_at, e.rang_at, e.left_at) if moment]
    return max([started_at, *moments])


def _least_talk(reports: _Reported) -> int:
    """Return the least talk of a call without a reported end: what was recorded, or a second if it was answered."""
    answered = any(leg.answered_at for leg in reports.legs) or bool(reported(reports.whole, lambda e: e.answered_at))
    if reports.legs and not answered:
        return 0
    return max([int(answered), *reported(reports.events, lambda e: e.recording_seconds)])


def _wait_seconds(
    reports: _Reported, started: datetime, answered: datetime | None, ended: datetime | None, talk: int
) -> int | None:
    """Return how long the caller waited, as the carrier counts it, else by the times. None while they wait."""
    counted = max(reported(reports.events, lambda e: e.wait_seconds), default=None)
    return _till_talk(reports, started, answered, ended, talk) if counted is None else counted


def _ring_seconds(
    reports: _Reported, started: datetime, answered: datetime | None, ended: datetime | None, talk: int
) -> int | None:
    """Return how long it rang at the business: since the call's start where no event says when that began."""
    rang = min((leg.rang_at for leg in reports.legs if leg.rang_at), default=None)
    stopped = answered or ended
    if rang and stopped:
        return whole(stopped - rang)
    return _till_talk(reports, started, answered, ended, talk)


def _till_talk(
    reports: _Reported, started: datetime, answered: datetime | None, ended: datetime | None, talk: int
) -> int | None:
    """Return the seconds till the answer, else the whole call less the talk. None while neither is known."""
    total = max(reported(reports.events, lambda e: e.total_seconds), default=None)
    if answered:
        return whole(answered - started)
    if total is not None:
        return max(total - talk, 0)
    return None if ended is None else max(whole(ended - started) - talk, 0)


def _status(reports: _Reported, talk: int, ended_at: datetime | None) -> CallStatus:
    of_call = set(reported(reports.whole, lambda e: e.status))
    if not of_call and ended_at is None:
        return CallStatus.OPEN
    if talk > 0:
        return CallStatus.ACCEPTED
    endings = of_call.intersection(_PRECEDENCE) or set(reported(reports.events, lambda e: e.status))
    return next((status for status in _PRECEDENCE if status in endings), CallStatus.MISSED)


def _hangup_cause(reports: _Reported) -> str | None:
    """Return why the call ended: as its own end says, else its last leg's, else what was reported first."""
    own = _first([e for e in reports.whole if e.ended_at or e.status], lambda e: e.hangup_cause)
    of_legs = [leg.hangup_cause for leg in reports.legs if leg.hangup_cause]
    return own or (of_legs[-1] if of_legs else _first(reports.events, lambda e: e.hangup_cause))
