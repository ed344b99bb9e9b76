"""Calls of somebody who has called before: read their earlier calls, and queue the later ones again."""

from __future__ import annotations

from typing import Any

from chalicelib.attribution.redial_rules import Dialled, dialled_of
from chalicelib.attribution.repeat_rules import testimony
from chalicelib.calls import calls_table
from chalicelib.calls.evidence import AttributedCall, EarlierCall
from chalicelib.calls.types import Call
from chalicelib.core import clock
from chalicelib.runtime import log, sqs
from chalicelib.runtime.settings import settings

FIRST_CALLS, LATEST_CALLS = 10, 25  # of a caller looked at before a call: more belong to a switchboard, not a person
MOST_REQUEUED = 100
LOOK_AGAIN_SECONDS = (
    10  # longer than the caller's index lags, and than another call of theirs takes from reading to writing
)


def earlier_calls(call: Call) -> list[AttributedCall]:
    """Return the caller's calls up to this one, both directions; none if anonymous. Raises StorageUnavailable."""
    if call.caller_key is None:
        return []
    others = calls_table.first_calls(call.site_id, call.caller_key, call.started_at, FIRST_CALLS)
    if len(others) == FIRST_CALLS:
        others += calls_table.latest_calls(call.site_id, call.caller_key, call.started_at, LATEST_CALLS)
    return list({other.call.call_id: other for other in others}.values())


def announce(attributed: AttributedCall, before: AttributedCall | None) -> None:
    """Queue the caller's later calls again where this one now means something else for them than before.

    Sent before the evidence is written, to be read after it: if the write fails both are done again. The delay also
    covers a later call that was being attributed at the same time. Raises StorageUnavailable.
    """
    meaning, was = _meaning(attributed), _meaning(before) if before else ()
    callers = {each.call.caller_key for each in (attributed, before) if each and each.call.caller_key}
    same_caller = before is None or before.call.caller_key == attributed.call.caller_key
    if not (meaning or was) or (meaning == was and same_caller):
        return
    since = min(each.started_at for each in (*meaning, *was))
    message = {"site_id": attributed.call.site_id, "callers": sorted(callers), "since": clock.iso(since)}
    message["besides"] = attributed.call.call_id  # it means nothing for itself
    sqs.send(settings().attribute_queue, message, delay_seconds=LOOK_AGAIN_SECONDS)


def _meaning(attributed: AttributedCall) -> tuple[EarlierCall | Dialled, ...]:
    """Return all that a call means for later calls of its caller."""
    return tuple(each for each in (testimony(attributed), dialled_of(attributed)) if each)


def requeue(message: dict[str, Any]) -> None:
    """Queue the calls of these callers since a moment, up to MOST_REQUEUED of each. Raises StorageUnavailable."""
    site_id, since = message["site_id"], clock.parse_time(message["since"], field="since")
    for caller_key in message["callers"]:
        found = calls_table.calls_since(site_id, caller_key, since, MOST_REQUEUED)
        later = [call_id for call_id in found if call_id != message["besides"]]
        for call_id in later:
            sqs.send(settings().attribute_queue, {"site_id": site_id, "call_id": call_id})
        log.event("calls_looked_at_again", site_id=site_id, count=len(later), more=len(found) == MOST_REQUEUED)
