"""How calls lie in their table: a carrier event and the evidence as compact JSON, the item as a CallRecord.

pk             <site_id>#<call_id>
e#<event_id>   one carrier event with the moment it was received
vendor, endpoint_id, x (expiry)
evidence, folded (the number of events it was found from), direction, site_day, started_ms, site_caller:
               by attribute_call
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

import msgspec

from chalicelib import clock
from chalicelib.attribution.merge import CallRecord, fold
from chalicelib.attribution.types import AttributedCall, CallEvent, Evidence

EVENT = "e#"
Item = Mapping[str, Mapping[str, Any]]

_event_fields = tuple(field.name for field in fields(CallEvent))


class _Received(msgspec.Struct):
    r: int  # when we received it, milliseconds since 1970


def event_text(event: CallEvent, received_at: datetime) -> str:
    """The event as JSON without what it does not say."""
    told = {name: value for name in _event_fields if (value := getattr(event, name)) not in (None, ())}
    return msgspec.json.encode({"r": millis(received_at), **told}).decode()


def record_of(item: Item) -> CallRecord:
    """A stored item as the record its call is folded from."""
    site_id, _, call_id = item["pk"]["S"].partition("#")
    texts = [value["S"] for name, value in item.items() if name.startswith(EVENT)]
    return CallRecord(
        site_id, call_id, item["vendor"]["S"], item["endpoint_id"]["S"], tuple(_event_of(text) for text in texts)
    )


def attributed_of(item: Item, key: bytes) -> AttributedCall | None:
    """A stored item as a call with its evidence; None where attribution has not come to it yet."""
    if "evidence" not in item:
        return None
    day = date.fromisoformat(item["site_day"]["S"].rpartition("#")[2])
    return AttributedCall(fold(record_of(item), key), evidence_of(item["evidence"]["S"]), day)


def evidence_text(evidence: Evidence) -> str:
    """Evidence as JSON."""
    return msgspec.json.encode(evidence).decode()


def evidence_of(text: str) -> Evidence:
    """The reverse of `evidence_text`."""
    return msgspec.json.decode(text, type=Evidence)


def millis(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def _event_of(text: str) -> tuple[datetime, CallEvent]:
    received = msgspec.json.decode(text, type=_Received)
    return clock.from_epoch(received.r / 1000, field="r"), msgspec.json.decode(text, type=CallEvent)
