"""A call as its carrier reports it: in order, twice, the wrong way round, or a day late. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlencode

from infra.demo.events import Call

Fields = dict[str, str | int | None]

LATE = timedelta(hours=26)
WITHHELD = "anonymous"
TWILIO_TOKEN = "twilio token of the demo"  # noqa: S105 - it guards nothing but the demo's own engine
GENERIC_SECRET = "secret of the demo's telephone system"  # noqa: S105
CRM_SECRET = "secret of the demo's CRM"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook: what it says and when it is delivered. `part` is the path behind the endpoint's URL."""

    carrier: str
    at: datetime
    fields: tuple[tuple[str, str | int | None], ...]
    part: str = ""

    def request(self, endpoint_url: str) -> tuple[str, bytes, dict[str, str]]:
        """(URL, body, headers), signed as the carrier signs."""
        if self.carrier == "twilio":
            return twilio_request(f"{endpoint_url}/{self.part}" if self.part else endpoint_url, self.fields)
        body = json.dumps({name: value for name, value in self.fields if value is not None}).encode()
        return endpoint_url, body, signed_headers(GENERIC_SECRET, self.at, body)


def twilio_request(url: str, fields: Sequence[tuple[str, str | int | None]]) -> tuple[str, bytes, dict[str, str]]:
    """Return a form with Twilio's signature: base64 HMAC-SHA1 of the URL and the sorted fields."""
    form = [(name, str(value)) for name, value in fields]
    signed = url + "".join(name + value for name, value in sorted(form))
    signature = base64.b64encode(hmac.new(TWILIO_TOKEN.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return url, urlencode(form).encode(), headers


def signed_headers(secret: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the generic contract's signature: HMAC-SHA256 of `<timestamp>.<body>`."""
    stamp = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Calltrack-Timestamp": stamp, "X-Calltrack-Signature": f"sha256={mac}"}
    return {"Content-Type": "application/json", **headers}


@dataclass(frozen=True, slots=True)
class Dialled:
    """What only the play knows of a call: the number, where it leads, and the promo code that is keyed."""

    number: str
    target: str
    code: str = ""


def hooks_of(call: Call, dialled: Dialled, recordings_url: str) -> list[Hook]:
    """Return what is delivered of one call, in that order. Recordings are fetched from under `recordings_url`."""
    if call.carrier == "twilio":
        asks, *rest = _twilio(call, dialled)  # Twilio asks before all else
        return [asks, *_as_carriers_do(call, rest)]
    hooks = _as_carriers_do(call, _generic(call, dialled))
    return hooks + ([_recording(call, dialled, recordings_url)] if call.is_recorded else [])


def count_of(call: Call) -> int:
    """How many webhooks report a call."""
    return len(hooks_of(call, Dialled("", ""), ""))


def _as_carriers_do(call: Call, rest: list[Hook]) -> list[Hook]:
    """In order, twice, the wrong way round, a day late, or the end first and again."""
    match call.key % 6:
        case 1:
            rest = [hook for hook in rest for _ in range(2)]
        case 2:
            rest = rest[::-1]
        case 3:
            rest = [*rest[:-1], replace(rest[-1], at=rest[-1].at + LATE)]
        case 4:
            rest = [rest[-1], *rest]
    return rest


def carriers_id(call: Call) -> str:
    """Return the carrier's own id of the call."""
    return f"CA{call.key:032x}" if call.carrier == "twilio" else f"{int(call.at.timestamp())}.{call.key}"


def our_id(call: Call) -> str:
    """Return the id by which the service and the CRM know it."""
    return f"{call.carrier}-{carriers_id(call)}"


def _common(call: Call, dialled: Dialled) -> Fields:
    """Return what a PBX reports with every event."""
    customer = call.person.phone if call.person else WITHHELD
    ours = dialled.number if call.incoming else dialled.target
    parties: Fields = {"from": customer, "to": ours} if call.incoming else {"from": ours, "to": customer}
    common: Fields = {"v": 1, "source": "asterisk", "call_id": carriers_id(call), **parties}
    return common | {"direction": "in" if call.incoming else "out", "started_at": _iso(call.at)}


def _generic(call: Call, dialled: Dialled) -> list[Hook]:
    """Report the end of each call, as a PBX does, and of some also the beginning and what was keyed."""
    common = _common(call, dialled)
    answered_at = call.at + timedelta(seconds=call.ring) if call.talk else None
    ended: Fields = {
        "answered_at": _iso(answered_at) if answered_at else None,
        "ended_at": _iso(call.ends_at),
        "duration_sec": call.ring + call.talk,
        "talk_sec": call.talk,
        "disposition": "ANSWERED" if call.talk else "NO ANSWER",
        "answered_by": f"10{1 + call.key % 3}" if call.talk else None,
    }
    hooks = [_report(call.ends_at, "call.ended", common | ended)]
    if call.key % 3 == 0:
        hooks.insert(0, _report(call.at, "call.started", common))
    if call.code_of:
        hooks.insert(-1, _report(call.keyed_at, "digits", common | {"digits": dialled.code}))
    return hooks


def _recording(call: Call, dialled: Dialled, recordings_url: str) -> Hook:
    """Report the recording soon after the call, or only the day after."""
    at = call.ends_at + (LATE if call.key % 2 else timedelta(seconds=40))
    return _report(at, "recording", _common(call, dialled) | {"recording_url": f"{recordings_url}/rec/{call.key}.wav"})


def _report(at: datetime, event: str, fields: Fields) -> Hook:
    return Hook("generic", at, tuple(({"event": event} | fields).items()))


def _twilio(call: Call, dialled: Dialled) -> list[Hook]:
    common: Fields = {
        "CallSid": carriers_id(call),
        "AccountSid": "AC00000000000000000000000000000001",
        "From": call.person.phone if call.person else WITHHELD,
        "To": dialled.number,
        "Direction": "inbound",
        "ApiVersion": "2010-04-01",
    }
    dial: Fields = {"CallStatus": "in-progress", "DialCallStatus": "completed" if call.talk else "no-answer"}
    if call.talk:
        dial["DialCallDuration"] = str(call.talk)
    status: Fields = {
        "CallStatus": "completed",
        "CallDuration": call.ring + call.talk,
        "SequenceNumber": 3,
        "Timestamp": format_datetime(call.ends_at),
        "CallbackSource": "call-progress-events",
    }
    leg: Fields = {
        "CallSid": f"CB{call.key:032x}",
        "ParentCallSid": carriers_id(call),
        "To": dialled.target,
        "Direction": "outbound-dial",
        "CallStatus": "in-progress",
        "SequenceNumber": 2,
        "Timestamp": format_datetime(call.at + timedelta(seconds=call.ring)),
    }
    hooks = [_form(call.at, common | {"CallStatus": "ringing"})]
    if call.talk and call.key % 4 == 0:
        hooks.append(_form(call.at + timedelta(seconds=call.ring), common | leg, "leg"))
    return [*hooks, _form(call.ends_at, common | dial, "dial"), _form(call.ends_at, common | status, "status")]


def _form(at: datetime, fields: Fields, part: str = "") -> Hook:
    return Hook("twilio", at, tuple(fields.items()), part)


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
