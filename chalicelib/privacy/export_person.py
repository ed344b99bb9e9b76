"""Export everything that is stored of a person, as JSON can hold it."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.calls import call_item, callers, calls_table
from chalicelib.calls.evidence import Evidence, as_builtins
from chalicelib.calls.fold import CallRecord, fold
from chalicelib.calls.redaction import redacted, visitors_of
from chalicelib.deals import deals_table
from chalicelib.privacy import parts_of_call, stores
from chalicelib.privacy.types import Person

SOMEBODY_ELSE = "somebody else"


def export(person: Person) -> dict[str, Any]:
    """Return the person's calls with their events, evidence and parts, their deals, and the contents of each store.

    Other visitors who may have made a call are not shown. Raises StorageUnavailable.
    """
    found = [item for key in person.subject_ids for item in calls_table.items_of_caller(person.site_id, key)]
    deals = [deal for key in person.subject_ids for deal in deals_table.deals_of_caller(person.site_id, key)]
    named = [deal for visitor in person.visitors for deal in deals_table.deals_of_visitor(person.site_id, visitor)]
    deals += [deal for deal in named if deal not in deals]
    return {
        "site_id": person.site_id,
        "calls": [_call(item, person) for item in found],
        "deals": [_plain(deal) for deal in deals],
        **{name: each.export(person) for name, each in stores()},
    }


def _call(item: call_item.Item, person: Person) -> dict[str, Any]:
    record = call_item.record_of(item)
    call, day = fold(record), call_item.day_of(item)
    shown = {name: value for name, value in _plain(call).items() if name not in ("caller_key", "caller_sealed")}
    return {
        **shown,
        "caller": callers.open_caller(call),
        "day": day.isoformat() if day else None,
        "evidence": _evidence(call_item.evidence_of(item["evidence"]["S"]), person) if "evidence" in item else None,
        "events": _events(record),
        **{name: part.export_of_call(item) for name, part in parts_of_call()},
    }


def _evidence(evidence: Evidence, person: Person) -> Any:
    others = visitors_of(evidence) - set(person.visitors)
    return as_builtins(redacted(evidence, lambda _: SOMEBODY_ELSE, others))


def _events(record: CallRecord) -> list[dict[str, Any]]:
    phones = callers.open_callers_of_events(record)
    return [
        {"received_at": _plain(received), **_plain(event), "caller": phones.get(event.caller or "")}
        for received, event in record.events
    ]


def _plain(value: object) -> Any:
    return msgspec.to_builtins(value)
