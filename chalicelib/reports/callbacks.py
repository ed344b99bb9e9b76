"""Which missed callers were reached later the same day. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.attribution.types import Call, Direction


def called_back(calls_of_a_day: Iterable[Call]) -> frozenset[str]:
    """Ids of the missed incoming calls whose caller was talked to later that day, whoever rang whom.

    A withheld number cannot be recognised, so its calls are never called back.
    """
    reached_later: set[str] = set()
    found: set[str] = set()
    for call in sorted(calls_of_a_day, key=lambda call: (call.started_at, call.call_id), reverse=True):
        if call.caller_key is None:
            continue
        if call.answered:
            reached_later.add(call.caller_key)
        elif call.direction is Direction.IN and call.caller_key in reached_later:
            found.add(call.call_id)
    return frozenset(found)
