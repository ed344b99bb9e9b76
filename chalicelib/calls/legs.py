"""The legs of a call: which telephones of the business it rang, who took it, how long anybody talked. Pure.

A carrier reports several legs: the caller's own line, and one for each telephone that rang. A leg is the business's
where some event says that it rang there or who it is with. Any other leg is the caller's line, which is the call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from msgspec.structs import replace

from chalicelib.calls.types import CallEvent, Leg

T = TypeVar("T")

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def reported(events: Iterable[CallEvent], part: Callable[[CallEvent], T | None]) -> list[T]:
    """Return what the events report of one thing, in their order, without those that say nothing of it.

    The carrier's history counts only where no webhook said anything.
    """
    found = [(event.imported, value) for event in events if (value := part(event)) is not None]
    return [value for imported, value in found if not imported] or [value for _, value in found]


def whole(seconds: timedelta) -> int:
    """Return whole seconds, 0 at least."""
    return max(int(seconds.total_seconds()), 0)


def of_business(events: Iterable[CallEvent]) -> frozenset[str]:
    """Return the ids of the legs with the business's telephones."""
    return frozenset(event.leg for event in events if event.leg and (event.rang_at or event.who is not None))


def of_line(event: CallEvent) -> CallEvent:
    """Return an event of the caller's own line as an event of the call: the line's end is the call's."""
    return replace(event, ended_at=event.ended_at or event.left_at) if event.left_at else event


def legs_of(events: Sequence[CallEvent], business: frozenset[str]) -> tuple[Leg, ...]:
    """Return the business's legs in the order they rang. `events` are distinct and ordered."""
    legs = [_leg(leg_id, [event for event in events if event.leg == leg_id]) for leg_id in business]
    return tuple(sorted(legs, key=lambda leg: (leg.rang_at or leg.answered_at or leg.ended_at or NEVER, leg.leg_id)))


def _leg(leg_id: str, events: Sequence[CallEvent]) -> Leg:
    answered_at = min(reported(events, lambda e: e.answered_at or e.line_answered_at), default=None)
    ended_at = max(reported(events, lambda e: e.ended_at or e.left_at), default=None)
    talk = max(reported(events, lambda e: e.talk_seconds), default=None)
    if talk is None and answered_at is None:
        talk = 0
    elif talk is None and answered_at and ended_at:
        talk = whole(ended_at - answered_at)
    return Leg(
        leg_id=leg_id,
        who=next(iter(reported(events, lambda e: e.who or e.answered_by or None)), None),
        rang_at=min(reported(events, lambda e: e.rang_at), default=None),
        answered_at=answered_at,
        ended_at=ended_at,
        talk_seconds=talk,
        hangup_cause=next(iter(reported(events, lambda e: e.hangup_cause)), None),
    )


def talk_of(legs: Sequence[Leg], ended_at: datetime | None) -> int | None:
    """Return the seconds in which at least one leg talked; None where no leg says. A leg without an end has the call's.

    Two legs that talk at once, as when a transfer is announced, do not count twice.
    """
    spans = [span for leg in legs if (span := _span(leg, ended_at))]
    bare = [leg.talk_seconds for leg in legs if leg.answered_at is None and leg.talk_seconds]
    if not spans and not bare:
        return None
    talked, last = timedelta(0), EPOCH
    for began, ended in sorted(spans):
        talked += max(ended - max(began, last), timedelta(0))
        last = max(last, ended)
    return max(whole(talked), *bare, 0)


def _span(leg: Leg, ended_at: datetime | None) -> tuple[datetime, datetime] | None:
    if leg.answered_at is None:
        return None
    if leg.talk_seconds is not None:
        return leg.answered_at, leg.answered_at + timedelta(seconds=leg.talk_seconds)
    return (leg.answered_at, max(ended_at, leg.answered_at)) if ended_at else None


def who_answered(events: Iterable[CallEvent], legs: Iterable[Leg]) -> tuple[str | None, str | None]:
    """Return who answered first, and who last: the same one unless the call was transferred.

    `events` are of the whole call.
    """
    named = [(event.answered_at or event.at or EPOCH, event.answered_by) for event in events if event.answered_by]
    named += [(leg.answered_at, leg.who) for leg in legs if leg.answered_at and leg.who]
    return (min(named)[1], max(named)[1]) if named else (None, None)
