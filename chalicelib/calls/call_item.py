"""How calls are stored in their table: a carrier event and the evidence as compact JSON, the item as a CallRecord.

pk             <site_id>#<call_id>
e#<event_id>   one carrier event with the moment it was received; its caller is sealed by intake, and a subject id
               once attribution has processed it
s#<subject_id> a caller: the masked number, and the number sealed under the caller's own key
r#<id>         one recording; t#<id> its transcript: by fetch_recording and read_transcript
f#<id>         which fetch has claimed a recording, and until when: by fetch_recording
self_reported  what the caller said brought them: by note_self_reported
erased         the erasure that last removed something personal: evidence is not looked for again
nameless       the erasure that removed the caller: nothing that is reported of them later is kept
vendor, endpoint_id, x (expiry)
evidence, folded (the number of events it was found from), direction, site_day, started_ms, site_caller,
open_shard (only while no event has reported the end):
               by attribute_call
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from chalicelib.calls.evidence import AttributedCall, Evidence, as_builtins, from_builtins
from chalicelib.calls.fold import CallRecord, fold
from chalicelib.calls.recording import Recording, RecordingState
from chalicelib.calls.redaction import OF_AN_EVENT
from chalicelib.calls.self_reported import SelfReported
from chalicelib.calls.transcript import Transcript
from chalicelib.calls.types import Caller, CallEvent
from chalicelib.core import clock, encryption
from chalicelib.core.phone import PhoneNumber
from chalicelib.core.structs import defaults_of

EVENT, CALLER, RECORDING, TRANSCRIPT, CLAIM = "e#", "s#", "r#", "t#", "f#"
ERASED, NAMELESS, SELF_REPORTED = "erased", "nameless", "self_reported"
T = TypeVar("T")
Item = Mapping[str, Mapping[str, Any]]

_event_fields = CallEvent.__struct_fields__
_unsaid = defaults_of(CallEvent)  # None, False or (), each there is one of


class _Received(msgspec.Struct):
    r: int  # when we received it, milliseconds since 1970
    caller: str | None = None
    mask: str | None = None  # of a caller that intake has sealed


class _Caller(msgspec.Struct):
    mask: str
    sealed: str


def event_text(event: CallEvent, received_at: datetime, *, signing_key: bytes, context: str) -> str:
    """Return the event as JSON without fields at their default, its caller sealed in `context`, that of the call."""
    fields = {
        name: value
        for name in _event_fields
        if (value := getattr(event, name)) is not _unsaid.get(name, msgspec.NODEFAULT)
    }
    if event.caller:
        fields["caller"] = encryption.seal_at_intake(event.caller, signing_key=signing_key, context=context)
        fields["mask"] = PhoneNumber(event.caller).masked
    return msgspec.json.encode({"r": millis(received_at), **fields}).decode()


def with_caller(text: str, subject_id: str) -> str:
    """Return a stored event that names its caller by the subject id."""
    fields = msgspec.json.decode(text)
    fields.pop("mask", None)
    return msgspec.json.encode({**fields, "caller": subject_id}).decode()


def caller_text(mask: str, sealed: str) -> str:
    """Return a caller of a call as JSON."""
    return msgspec.json.encode(_Caller(mask, sealed)).decode()


def attributes(texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return texts as attributes of an item."""
    return {name: {"S": text} for name, text in texts.items()}


def callers_at_intake(item: Item) -> dict[str, str]:
    """Return the sealed callers that attribution has not looked up yet, by the attribute of their event."""
    events = {name: _received(value["S"]) for name, value in item.items() if name.startswith(EVENT)}
    return {name: event.caller for name, event in events.items() if event.caller and event.mask}


def is_nameless(item: Item) -> bool:
    """Return whether the caller was erased."""
    return NAMELESS in item


def erasure_of(item: Item) -> str | None:
    """Return the erasure that last removed something; None where there was none."""
    return item[ERASED]["S"] if ERASED in item else None


def mentions_caller(item: Item) -> bool:
    """Return whether the item holds anything of the caller, besides their pseudonym."""
    return any(name.startswith(CALLER) for name in item) or bool(nameless_events(item)) or bool(wordless(item))


def nameless_events(item: Item) -> dict[str, str]:
    """Return the events that hold something of the caller, changed: only the pseudonym, or no caller, is left."""
    key = caller_key_of(item)
    events = {name: value["S"] for name, value in item.items() if name.startswith(EVENT)}
    return {name: changed for name, text in events.items() if (changed := _nameless(text, key)) != text}


def _nameless(text: str, key: str | None) -> str:
    fields = msgspec.json.decode(text)
    kept = {name: value for name, value in fields.items() if name not in ("mask", *OF_AN_EVENT)}
    if "mask" in fields:
        kept |= {"caller": key}
    return msgspec.json.encode({name: value for name, value in kept.items() if value is not None}).decode()


def self_reported_of(item: Item) -> SelfReported | None:
    """Return what the caller said brought them, as it was noted with the call."""
    return msgspec.json.decode(item[SELF_REPORTED]["S"], type=SelfReported) if SELF_REPORTED in item else None


def self_reported_text(reported: SelfReported) -> str:
    """Return what `self_reported_of` reads, as JSON."""
    return msgspec.json.encode(reported).decode()


def wordless(item: Item) -> dict[str, str]:
    """Return the self-reported source without its words, as an attribute; empty where there are none."""
    reported = self_reported_of(item)
    if reported is None or reported.answer is None:
        return {}
    return {SELF_REPORTED: self_reported_text(replace(reported, answer=None))}


def caller_key_of(item: Item) -> str | None:
    """Return the caller's pseudonym that the item is indexed by; None where the number was withheld."""
    return item.get("site_caller", {}).get("S", "").rpartition("#")[2] or None


def day_of(item: Item) -> date | None:
    """Return the day the call counts on; None where attribution has not processed it yet."""
    return date.fromisoformat(item["site_day"]["S"].rpartition("#")[2]) if "site_day" in item else None


def ids_of(item: Item) -> tuple[str, str]:
    """Return the ids of site and call."""
    site_id, _, call_id = item["pk"]["S"].partition("#")
    return site_id, call_id


def record_of(item: Item) -> CallRecord:
    """Return a stored item as the record its call is folded from."""
    site_id, call_id = ids_of(item)
    texts = [value["S"] for name, value in item.items() if name.startswith(EVENT)]
    events = tuple(_event_of(text) for text in texts)
    return CallRecord(site_id, call_id, item["vendor"]["S"], item["endpoint_id"]["S"], events, _callers_of(item))


def attributed_of(item: Item) -> AttributedCall | None:
    """Return a stored item as a call with its evidence; None where attribution has not processed it yet."""
    day = day_of(item)
    if "evidence" not in item or day is None:
        return None
    call, evidence = fold(record_of(item)), evidence_of(item["evidence"]["S"])
    return AttributedCall(
        call, evidence, day, recordings_of(item), transcripts_of(item), self_reported=self_reported_of(item)
    )


def recordings_of(item: Item) -> tuple[Recording, ...]:
    """Return what is known of a call's recordings, by id."""
    return _kept(item, RECORDING, Recording)


def transcripts_of(item: Item) -> tuple[Transcript, ...]:
    """Return what is known of a call's transcripts, by the ids of their recordings."""
    return _kept(item, TRANSCRIPT, Transcript)


def state_text(state: RecordingState) -> str:
    """Return a recording's state as it is written in the JSON of an `r#` attribute, for conditions."""
    return f'"state":"{state}"'


def _kept(item: Item, prefix: str, shape: type[T]) -> tuple[T, ...]:
    texts = sorted((name, value["S"]) for name, value in item.items() if name.startswith(prefix))
    return tuple(msgspec.json.decode(text, type=shape) for _, text in texts)


def evidence_text(evidence: Evidence) -> str:
    """Return evidence as JSON."""
    return msgspec.json.encode(as_builtins(evidence)).decode()


def evidence_of(text: str) -> Evidence:
    """Return the evidence that `evidence_text` wrote."""
    return from_builtins(msgspec.json.decode(text))


def millis(moment: datetime) -> int:
    """Return milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def _callers_of(item: Item) -> dict[str, Caller]:
    """Return an item's callers by what its events call them: a sealed number, or a subject id."""
    found = {}
    for name, value in item.items():
        if name.startswith(EVENT):
            event = _received(value["S"])
            if event.caller and event.mask:
                found[event.caller] = Caller(None, event.mask, event.caller)
        elif name.startswith(CALLER):
            caller = msgspec.json.decode(value["S"], type=_Caller)
            subject_id = name.removeprefix(CALLER)
            found[subject_id] = Caller(subject_id, caller.mask, caller.sealed)
    return found


def _event_of(text: str) -> tuple[datetime, CallEvent]:
    return clock.from_epoch(_received(text).r / 1000, field="r"), msgspec.json.decode(text, type=CallEvent)


def _received(text: str) -> _Received:
    return msgspec.json.decode(text, type=_Received)
