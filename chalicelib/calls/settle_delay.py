"""How long after its end a call is told on, so that what its carrier tells last counts, too. Pure.

A carrier's last events come in any order: a call looks missed until the event comes that says how long somebody talked.
Where the carrier itself said that nobody did, nothing can follow but the same again, and a missed call is told at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.calls.types import Call, CallEvent, CallStatus

SETTLE_SECONDS = 10
MISSED_SETTLE_SECONDS = 2  # events of one end cross each other within a second
_NOBODY_TALKED = frozenset({CallStatus.MISSED, CallStatus.BUSY, CallStatus.FAILED, CallStatus.ABANDONED})


def settle_seconds(call: Call, events: Sequence[CallEvent]) -> int:
    """Seconds to wait before a call that has ended is delivered; `events` are those it was folded from.

    An end that only telephones of the business told is none yet: another one may ring next.
    """
    business = {leg.leg_id for leg in call.legs}
    over = any((event.ended_at or event.left_at) and event.leg not in business for event in events)
    missed = not call.answered and any(map(_says_nobody_talked, events))
    return MISSED_SETTLE_SECONDS if over and missed else SETTLE_SECONDS


def _says_nobody_talked(event: CallEvent) -> bool:
    return event.status in _NOBODY_TALKED or event.talk_seconds == 0
