"""A call as its carrier tells it: in order, twice, the wrong way round, or a day late. Pure."""

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
    """A form with Twilio's signature: base64 HMAC-SHA1 of the URL and the sorted fields."""
    form = [(name, str(value)) for name, value in fields]
    told = url + "".join(name + value for name, value in sorted(form))
    signature = base64.b64encode(hmac.new(TWILIO_TOKEN.encode(), told.encode(), hashlib.sha1).digest()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return url, urlencode(form).encode(), headers


def signed_headers(secret: str, at: datetime, body: bytes) -> dict[str, str]:
    """The generic contract's signature: HMAC-SHA256 of `<timestamp>.<body>`."""
    stamp = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"X-Calltrack-Timestamp": stamp, "X-Calltrack-Signature": f"sha256={mac}"}
    return {"Content-Type": "application/json", **headers}


def hooks_of(call: Call, number: str, target: str) -> list[Hook]:
    """What is delivered of one call to `number`, in the order of delivery."""
    told = _twilio(call, number, target) if call.carrier == "twilio" else _generic(call, number, target)
    asks, rest = (told[:1], told[1:]) if call.carrier == "twilio" else ([], told)  # Twilio asks before all else
    match call.key % 6:
        case 1:
            rest = [hook for hook in rest for _ in range(2)]
        case 2:
            rest = rest[::-1]
        case 3:
            rest = [*rest[:-1], replace(rest[-1], at=rest[-1].at + LATE)]
        case 4:
            rest = [rest[-1], *rest]
    return [*asks, *rest]


def carriers_id(call: Call) -> str:
    """The carrier's own id of the call."""
    return f"CA{call.key:032x}" if call.carrier == "twilio" else f"{int(call.at.timestamp())}.{call.key}"


def our_id(call: Call) -> str:
    """The id by which the service and the CRM know it."""
    return f"{call.carrier}-{carriers_id(call)}"


def _generic(call: Call, number: str, target: str) -> list[Hook]:
    """A PBX tells the end of each call, and of some also the beginning and the recording."""
    customer = call.person.phone if call.person else WITHHELD
    ours = number if call.incoming else target
    parties: Fields = {"from": customer, "to": ours} if call.incoming else {"from": ours, "to": customer}
    common: Fields = {"v": 1, "source": "asterisk", "call_id": carriers_id(call), **parties}
    common |= {"direction": "in" if call.incoming else "out", "started_at": _iso(call.at)}
    answered_at = call.at + timedelta(seconds=call.ring) if call.talk else None
    ended: Fields = {
        "answered_at": _iso(answered_at) if answered_at else None,
        "ended_at": _iso(call.ends_at),
        "duration_sec": call.ring + call.talk,
        "talk_sec": call.talk,
        "disposition": "ANSWERED" if call.talk else "NO ANSWER",
        "answered_by": f"10{1 + call.key % 3}" if call.talk else None,
    }
    hooks = [_told(call.ends_at, "call.ended", common | ended)]
    if call.key % 3 == 0:
        hooks.insert(0, _told(call.at, "call.started", common))
    if call.talk and call.key % 5 == 0:
        recording = f"https://pbx.shop.example/rec/{call.key}.mp3"
        hooks.append(_told(call.ends_at + timedelta(seconds=40), "recording", common | {"recording_url": recording}))
    return hooks


def _told(at: datetime, event: str, fields: Fields) -> Hook:
    return Hook("generic", at, tuple(({"event": event} | fields).items()))


def _twilio(call: Call, number: str, target: str) -> list[Hook]:
    common: Fields = {
        "CallSid": carriers_id(call),
        "AccountSid": "AC00000000000000000000000000000001",
        "From": call.person.phone if call.person else WITHHELD,
        "To": number,
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
        "To": target,
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
