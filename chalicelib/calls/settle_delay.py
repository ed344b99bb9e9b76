"""How long after its end a call is delivered, so that what its carrier reports last counts, too. Pure.

A carrier's last events come in any order: a call looks missed until the event comes that says how long somebody talked.
Where the carrier itself said that nobody did, nothing else can follow, and a missed call is delivered at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.calls.types import Call, CallEvent, CallStatus

SETTLE_SECONDS = 10
MISSED_SETTLE_SECONDS = 2  # events of one end cross each other within a second
_NOBODY_TALKED = frozenset({CallStatus.MISSED, CallStatus.BUSY, CallStatus.FAILED, CallStatus.ABANDONED})


def settle_seconds(call: Call, events: Sequence[CallEvent]) -> int:
    """Return the seconds to wait before an ended call is delivered; `events` are those it was folded from.

    An end that is reported only of the business's telephones does not count yet: another one may ring next.
    """
    business = {leg.leg_id for leg in call.legs}
    over = any((event.ended_at or event.left_at) and event.leg not in business for event in events)
    missed = not call.answered and any(map(_says_nobody_talked, events))
    return MISSED_SETTLE_SECONDS if over and missed else SETTLE_SECONDS


def _says_nobody_talked(event: CallEvent) -> bool:
    return event.status in _NOBODY_TALKED or event.talk_seconds == 0
