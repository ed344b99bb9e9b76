"""Which missed callers were reached later. Pure.

A missed caller was reached later if the business called back, or if the caller got through the same day in the site's
time zone. Only the caller's own success must be on the same day: a shop that closed at six and called back at nine in
the morning did its work, while a customer who had to try again on another day was left alone. The business has
CALLBACK_DAYS, so that a call about something else, months later, does not count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo

from chalicelib.calls.types import Call, Direction

CALLBACK_DAYS = 14  # longer than any holidays


def called_back(calls: Iterable[Call], zone: tzinfo) -> frozenset[str]:
    """Return the ids of the missed incoming calls whose caller somebody talked to later, as above.

    `calls` are those of a day or of any span, with later ones that may count. A withheld number cannot be recognised,
    so its calls are never called back.
    """
    missed: list[Call] = []
    talks: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.caller_key and call.answered:
            talks[call.caller_key].append(call)
        elif is_missed(call):
            missed.append(call)
    return frozenset(call.call_id for call in missed if any(_mends(talk, call, zone) for talk in talks[_key(call)]))


def is_missed(call: Call) -> bool:
    """Return whether a customer with a number called, and nobody talked to them."""
    return call.direction is Direction.IN and not call.answered and call.caller_key is not None


def callback_until(started_at: datetime) -> datetime:
    """Return until when the business may call back a call that was missed then."""
    return started_at + timedelta(days=CALLBACK_DAYS)


def callback_since(started_at: datetime) -> datetime:
    """Return since when calls may have been missed that a talk then calls back."""
    return started_at - timedelta(days=CALLBACK_DAYS)


def _mends(talk: Call, missed: Call, zone: tzinfo) -> bool:
    if (talk.started_at, talk.call_id) <= (missed.started_at, missed.call_id):
        return False
    if talk.direction is Direction.OUT:
        return talk.started_at <= callback_until(missed.started_at)
    return talk.started_at.astimezone(zone).date() == missed.started_at.astimezone(zone).date()


def _key(call: Call) -> str:
    return call.caller_key or ""
