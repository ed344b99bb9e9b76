"""E-mails through SES (moto's; tests/deployed/test_alerts.py sends through the local engine)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.attribution.attribute_call import attribute
from chalicelib.delivery.deliver import Undelivered, deliver
from chalicelib.registry.types import Destination
from chalicelib.runtime.settings import settings
from tests.attribution.test_attribute_call import hang_up, ring
from tests.requests import CALLER, NOW, STATIC, open_site

SENDER = "calls@callpath.example"
MESSAGE = {"site_id": "s1", "call_id": "generic-1"}


@pytest.fixture
def ses(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Moto's SES, which knows the sender; its record of what was sent."""
    from moto.ses import ses_backends

    monkeypatch.setenv("CALLPATH_ALERT_SENDER", SENDER)
    settings.cache_clear()
    aws.client("sesv2").create_email_identity(EmailIdentity=SENDER)
    open_site(destinations=(Destination("email", {"to": "boss@shop.example, desk@shop.example"}),))
    message = ring(number=STATIC)
    hang_up(talk=0)
    attribute(message, NOW)
    return ses_backends["123456789012"]["eu-central-1"]


def test_a_missed_call_is_one_mail_as_text_and_as_a_page(ses: Any, capsys: Any) -> None:
    deliver(MESSAGE, NOW)
    deliver(MESSAGE, NOW)
    (mail,) = ses.sent_messages
    assert mail.source == SENDER
    assert mail.destinations["ToAddresses"] == ["boss@shop.example", "desk@shop.example"]
    assert mail.subject == f"Missed call from {CALLER} — pallets.example"
    assert CALLER not in capsys.readouterr().out


def test_what_ses_refuses_is_tried_again_and_reported_by_its_code_alone(ses: Any, aws: Any, capsys: Any) -> None:
    aws.client("sesv2").delete_email_identity(EmailIdentity=SENDER)
    with pytest.raises(Undelivered):
        deliver(MESSAGE, NOW)
    printed = capsys.readouterr().out
    assert "SES answered MessageRejected" in printed and "@" not in printed
    aws.client("sesv2").create_email_identity(EmailIdentity=SENDER)
    deliver(MESSAGE, NOW)
    assert len(ses.sent_messages) == 1


def test_without_a_sender_nothing_is_sent(ses: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLPATH_ALERT_SENDER", "")
    settings.cache_clear()
    with pytest.raises(Undelivered):
        deliver(MESSAGE, NOW)


def test_ses_is_asked_once_and_not_for_long() -> None:
    from chalicelib.runtime import aws

    config: Any = aws.sesv2().meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout + config.read_timeout < 60  # the claim of a delivery
