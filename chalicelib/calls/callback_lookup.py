"""Missed calls and the talks that followed them, also on other days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from chalicelib.calls import calls_table
from chalicelib.calls.callbacks import callback_since, callback_until, called_back, is_missed
from chalicelib.calls.types import Call, Direction
from chalicelib.registry.types import Site


def reached(site: Site, calls: Sequence[Call]) -> frozenset[str]:
    """Return the ids of a day's missed calls that were called back, that day or later. Raises StorageUnavailable.

    One query for each caller whom that day's own calls leave missed.
    """
    zone = site.zone
    same_day = called_back(calls, zone)
    waiting: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        if call.caller_key and is_missed(call) and call.call_id not in same_day:
            waiting[call.caller_key].append(call)
    later = [talk for missed in waiting.values() for talk in _callbacks(site.site_id, missed)]
    return called_back([*calls, *later], zone)


def days_changed_by(call: Call) -> set[date]:
    """Return the days whose missed calls this call calls back: they must be counted anew when it is reported."""
    if call.direction is not Direction.OUT or not call.answered or call.caller_key is None:
        return set()
    before = calls_table.calls_with(call.site_id, call.caller_key, callback_since(call.started_at), call.started_at)
    return {attributed.day for attributed in before if is_missed(attributed.call)}


def _callbacks(site_id: str, missed: Sequence[Call]) -> list[Call]:
    starts = sorted(call.started_at for call in missed)
    found = calls_table.calls_with(site_id, missed[0].caller_key or "", starts[0], callback_until(starts[-1]))
    return [each.call for each in found if each.call.direction is Direction.OUT and each.call.answered]
