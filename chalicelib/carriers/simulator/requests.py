"""Calls as each carrier would report them: signed requests for trying an endpoint before a number is bought. Pure.

`requests_of(vendor, call, url, credentials, now)` gives the whole sequence; `probe(…)` one signed request that
reports nothing: a good endpoint refuses it with 400, one whose credentials differ with 403.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from chalicelib.carriers.mango import webhook as mango
from chalicelib.carriers.plivo import webhook as plivo
from chalicelib.carriers.simulator.calls import SEQUENCES, SimulatedCall, Step
from chalicelib.carriers.simulator.outgoing import OUTGOING
from chalicelib.carriers.simulator.transfers import TRANSFERS
from chalicelib.carriers.twilio import webhook as twilio
from chalicelib.carriers.vonage import webhook as vonage
from chalicelib.carriers.zadarma import webhook as zadarma
from chalicelib.core.errors import BadInput
from chalicelib.runtime import webhook_signature

Credentials = Mapping[str, str]
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True, slots=True)
class Signed:
    """One request ready to be sent."""

    parts: tuple[str, ...]  # of the path behind the endpoint's URL
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Writer:
    """How one carrier writes and signs what it posts; `needs` are the credentials this takes."""

    needs: tuple[str, ...]
    write: Callable[[str, Step, Credentials, datetime], tuple[dict[str, str], bytes]]


def requests_of(
    vendor: str, call: SimulatedCall, url: str, credentials: Credentials, now: datetime
) -> Iterator[Signed]:
    """Yield the carrier's requests for one call, in their usual order. Raises BadInput naming a missing credential."""
    for step in steps_of(vendor, call):
        yield _signed(vendor, step, url, credentials, now)


def steps_of(vendor: str, call: SimulatedCall) -> list[Step]:
    """Return what the carrier posts of the call. Raises BadInput for an outgoing call if the carrier reports none."""
    if call.outgoing:
        if vendor not in OUTGOING:
            raise BadInput("outgoing", f"{vendor} does not report outgoing calls as such")
        return OUTGOING[vendor](call)
    if call.passed_on and call.talk_seconds and vendor in TRANSFERS:
        return TRANSFERS[vendor](call)
    return SEQUENCES[vendor](call)


def probe(vendor: str, url: str, credentials: Credentials, now: datetime) -> Signed:
    """Return a well-signed request of the carrier that names no call. Raises BadInput naming a missing credential."""
    parts, fields = PROBES.get(vendor, ((), {}))
    return _signed(vendor, Step(parts, fields), url, credentials, now)


def _signed(vendor: str, step: Step, url: str, credentials: Credentials, now: datetime) -> Signed:
    writer = WRITERS[vendor]
    for name in writer.needs:
        if not credentials.get(name):
            raise BadInput(f"credentials.{name}", f"{vendor} needs it to sign")
    full = "/".join((url.rstrip("/"), *step.parts))
    headers, body = writer.write(full, step, credentials, now)
    return Signed(step.parts, full, headers, body)


def _generic(url: str, step: Step, credentials: Credentials, now: datetime) -> tuple[dict[str, str], bytes]:
    body, timestamp = _json(step), str(int(now.timestamp()))
    signature = webhook_signature.sign(credentials["secret"], timestamp, body)
    return {"Content-Type": JSON, "X-Calltrack-Timestamp": timestamp, "X-Calltrack-Signature": signature}, body


def _twilio(url: str, step: Step, credentials: Credentials, now: datetime) -> tuple[dict[str, str], bytes]:
    signature = twilio.signature(url, list(_form(step).items()), credentials["auth_token"])
    return {"Content-Type": FORM, "X-Twilio-Signature": signature}, urlencode(_form(step)).encode()


def _telnyx(url: str, step: Step, credentials: Credentials, now: datetime) -> tuple[dict[str, str], bytes]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    body, timestamp = urlencode(_form(step)).encode(), str(int(now.timestamp()))
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(credentials["private_key"]))
    signature = base64.b64encode(key.sign(timestamp.encode() + b"|" + body)).decode()
    return {"Content-Type": FORM, "telnyx-timestamp": timestamp, "telnyx-signature-ed25519": signature}, body


def _plivo(url: str, step: Step, credentials: Credentials, now: datetime) -> tuple[dict[str, str], bytes]:
    body, nonce = urlencode(_form(step)).encode(), str(int(now.timestamp() * 1000))
    signature = plivo.signature("POST", url, list(_form(step).items()), nonce, credentials["auth_token"])
    headers = {"X-Plivo-Signature-V3": signature, "X-Plivo-Signature-V3-Nonce": nonce}
    return {"Content-Type": FORM} | headers, body


def _vonage(url: str, step: Step, credentials: Credentials, now: datetime) -> tuple[dict[str, str], bytes]:
    body = _json(step)
    claims = {"iat": int(now.timestamp()), "iss": "Vonage", "payload_hash": hashlib.sha256(body).hexdigest()}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signed = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    token = f"{signed}.{vonage.jwt_signature(signed, credentials['signature_secret'])}"
    return {"Content-Type": JSON, "Authorization": f"Bearer {token}"}, body


def _zadarma(url: str, step: Step, credentials: Credentials, now: datetime) -> tuple[dict[str, str], bytes]:
    signature = zadarma.signature(_form(step), credentials["secret"])
    return {"Content-Type": FORM, "Signature": signature}, urlencode(_form(step)).encode()


def _mango(url: str, step: Step, credentials: Credentials, now: datetime) -> tuple[dict[str, str], bytes]:
    raw, key = _json(step).decode(), credentials["api_key"]
    form = {"vpbx_api_key": key, "sign": mango.signature(key, raw, credentials["api_salt"]), "json": raw}
    return {"Content-Type": FORM}, urlencode(form).encode()


def _unsigned(url: str, step: Step, credentials: Credentials, now: datetime) -> tuple[dict[str, str], bytes]:
    return {"Content-Type": JSON}, _json(step)


WRITERS = {
    "exolve": Writer((), _unsigned),
    "generic": Writer(("secret",), _generic),
    "mango": Writer(("api_key", "api_salt"), _mango),
    "plivo": Writer(("auth_token",), _plivo),
    "telnyx": Writer(("private_key",), _telnyx),
    "twilio": Writer(("auth_token",), _twilio),
    "uis": Writer((), _unsigned),
    "vonage": Writer(("signature_secret",), _vonage),
    "zadarma": Writer(("secret",), _zadarma),
}
PROBES: dict[str, tuple[tuple[str, ...], dict[str, object]]] = {  # where an empty body would not be read as an event
    "mango": (("events", "summary"), {}),
    "zadarma": ((), {"event": "NOTIFY_START"}),
}


def _json(step: Step) -> bytes:
    return json.dumps(step.fields, ensure_ascii=False, separators=(",", ":")).encode()


def _form(step: Step) -> dict[str, str]:
    return {name: str(value) for name, value in step.fields.items()}
