"""Our own signature scheme: who signs with the secret, within five minutes, is believed; nobody else is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib.core.errors import SignatureRejected
from chalicelib.runtime import webhook_signature

NOW = datetime(2026, 11, 22, 9, 52, 8, tzinfo=UTC)
SECOND = int(NOW.timestamp())
IN_ARABIC = str(SECOND).translate({ord("0") + digit: 0x660 + digit for digit in range(10)})
BODY = b'{"call_id": "1"}'


def check(timestamp: str, signer: str = "sesame", *, body: bytes = BODY, known: str = "sesame") -> None:
    headers = {
        webhook_signature.TIMESTAMP: timestamp,
        webhook_signature.SIGNATURE: webhook_signature.sign(signer, timestamp, BODY),
    }
    webhook_signature.check(headers, body, known, NOW)


@pytest.mark.parametrize("off", [-300, 0, 300])
def test_a_signature_within_five_minutes_is_believed(off: int) -> None:
    check(str(SECOND + off))


@pytest.mark.parametrize("timestamp", [str(SECOND - 301), str(SECOND + 301), "", "-1", "1e9", "²", IN_ARABIC, "now"])
def test_another_time_or_none_is_refused_however_well_it_is_signed(timestamp: str) -> None:
    with pytest.raises(SignatureRejected):
        check(timestamp)


def test_another_secret_another_body_and_no_secret_are_refused() -> None:
    for refused in ({"signer": "other"}, {"body": BODY + b" "}, {"signer": "", "known": ""}):
        with pytest.raises(SignatureRejected):
            check(str(SECOND), **refused)


def test_a_request_without_its_headers_is_refused() -> None:
    with pytest.raises(SignatureRejected):
        webhook_signature.check({}, BODY, "sesame", NOW)
