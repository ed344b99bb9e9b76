"""The task: close the calls whose end never comes, so that they are counted, delivered and reported like any other.

A call is closed by one more event, which counts only while no carrier's event reports an end: one that comes later
wins, in any order (ADR 13).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.calls import call_item, calls_table, open_calls_index
from chalicelib.calls.open_calls_index import OpenCall
from chalicelib.runtime import log, sqs
from chalicelib.runtime.settings import settings

QUIET = timedelta(hours=4)  # without an event of a call. Twilio ends a call after 4 hours; few talk longer
MOST = 200  # calls of a shard closed in one run: what is left comes next time, the oldest first


def close(now: datetime) -> dict[str, int]:
    """Close every call that has been open and silent for longer than `QUIET`. Raises StorageUnavailable.

    What a failed run leaves is still open, and the next run closes it.
    """
    closed = [
        call for call in open_calls_index.begun_before(now - QUIET, MOST) if _is_silent(call, now) and _close(call, now)
    ]
    log.event("calls_closed", closed=len(closed))
    return {"closed": len(closed)}


def _is_silent(call: OpenCall, now: datetime) -> bool:
    """Return whether no carrier reported anything of it for so long, by our own clock, not a carrier's."""
    item = calls_table.item(call.site_id, call.call_id)
    events = call_item.record_of(item).events if item else ()
    heard = [received for received, event in events if not event.closing]
    return bool(heard) and now - max(heard) > QUIET


def _close(call: OpenCall, now: datetime) -> bool:
    if not open_calls_index.add_closing(call, now):
        return False
    sqs.send(settings().attribute_queue, {"site_id": call.site_id, "call_id": call.call_id})
    log.event("call_closed", site_id=call.site_id, call_id=call.call_id)
    return True
