"""Our own signature scheme for JSON over HTTP: generic carriers and CRMs sign so, and so do our deliveries. Pure.

`X-Calltrack-Timestamp` is seconds since 1970; `X-Calltrack-Signature` is `sha256=` and the hex HMAC-SHA256 of
`<timestamp>.<raw body>` under the endpoint's secret.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from chalicelib.core.errors import SignatureRejected

TIMESTAMP = "x-calltrack-timestamp"
SIGNATURE = "x-calltrack-signature"
WINDOW_SECONDS = 300  # how far the sender's clock, or a replay, may be off


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of the signature header."""
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return "sha256=" + mac.hexdigest()


def check(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
    """Raise SignatureRejected unless `body` was signed with `secret` within five minutes of `now`."""
    timestamp = headers.get(TIMESTAMP, "")
    received = headers.get(SIGNATURE, "")
    # An endpoint without a secret must not be open to a sender who signs with an empty one.
    if not secret or not hmac.compare_digest(sign(secret, timestamp, body).encode(), received.encode()):
        raise SignatureRejected("The signature does not match.")
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise SignatureRejected("The timestamp is not seconds since 1970.")
    if abs(now.timestamp() - int(timestamp)) > WINDOW_SECONDS:
        raise SignatureRejected("The timestamp is more than 300 seconds off.")
