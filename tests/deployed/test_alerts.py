"""A missed call in the deployed stack: from a carrier's last webhook to the alert, with each function's own role.

`pytest -s` prints how long that took.
"""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.carriers.simulator.calls import SimulatedCall
from chalicelib.carriers.simulator.requests import requests_of
from chalicelib.core import clock
from chalicelib.core.tokens import random_id
from chalicelib.registry import store as registry
from chalicelib.registry.types import Account, Destination, Endpoint, Site
from chalicelib.runtime.stack_settings import use_stack
from tests.conftest import forget_caches
from tests.fakes.webhook_receiver import Receiver, receiving
from tests.requests import AUTH_TOKEN, CALLER, NOW, SITE, STATIC, TARGET
from tests.waiting import until

TOKEN = "123456:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc"
SENDER = "calls@callpath.example"


@dataclass(frozen=True)
class Deployed:
    """The stack, a site of this test alone whose missed calls go everywhere, and the URL of its endpoint."""

    stack: Any
    site: Site
    url: str
    receiver: Receiver

    def received(self, path: str) -> list[dict[str, Any]]:
        """What came to a path of the receiver."""
        return [json.loads(body) for where, _, body in list(self.receiver.posts) if where.startswith(path)]

    def mails(self) -> list[dict[str, Any]]:
        """What the engine's SES sent to this site's people."""
        with urllib.request.urlopen(f"{self.stack.target.endpoint_url}/_ministack/ses/messages") as answer:
            sent = [mail for mails in json.load(answer)["messages"].values() for mail in mails]
        return [mail for mail in sent if mail["To"] == [f"{self.site.site_id}@shop.example"]]


@pytest.fixture
def deployed(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    monkeypatch.setattr(os, "environ", os.environ | stack.environment())
    forget_caches()
    use_stack(stack.target.stack)
    with receiving() as receiver, telegram_at(stack, receiver.base):
        yield _deployed(stack, receiver)
    forget_caches()


def _deployed(stack: Any, receiver: Receiver) -> Deployed:
    stack.client("sesv2").create_email_identity(EmailIdentity=SENDER)
    own = random_id("")
    destinations = (
        Destination("webhook", {"url": receiver.url, "secret": "s"}),
        Destination("telegram", {"token": TOKEN, "chat_id": "-100"}),
        Destination("email", {"to": f"s-{own}@shop.example"}),
    )
    site = replace(SITE, site_id=f"s-{own}", account_id=f"a-{own}", site_key=f"k-{own}", destinations=destinations)
    registry.create_account(Account(site.account_id, "Pallets Ltd", NOW))
    registry.create_site(site)
    endpoint = Endpoint(f"e-{own}", site.site_id, "carrier", "twilio", {"auth_token": AUTH_TOKEN}, target_number=TARGET)
    secret = registry.create_endpoint(endpoint)[1]
    return Deployed(stack, site, f"{stack.base_url}/v1/carriers/twilio/{secret}", receiver)


class telegram_at:  # noqa: N801 - reads as a phrase
    """The deployed Deliver function with another base URL of Telegram, for the length of a with block."""

    def __init__(self, stack: Any, url: str) -> None:
        self.client = stack.client("lambda")
        resource = stack.client("cloudformation").describe_stack_resource(
            StackName=stack.target.stack, LogicalResourceId="Deliver"
        )
        self.name = resource["StackResourceDetail"]["PhysicalResourceId"]
        self.before = self.client.get_function_configuration(FunctionName=self.name)["Environment"]["Variables"]
        self.url = url

    def __enter__(self) -> None:
        self._set({**self.before, "CALLPATH_TELEGRAM_URL": self.url})

    def __exit__(self, *_: object) -> None:
        self._set(self.before)

    def _set(self, variables: dict[str, str]) -> None:
        self.client.update_function_configuration(FunctionName=self.name, Environment={"Variables": variables})


def ring(deployed: Deployed, talk: int = 0) -> None:
    """What Twilio sends of one call."""
    now = clock.utc_now()
    call = SimulatedCall(random_id("CA"), CALLER, STATIC, TARGET, now, ring_seconds=17, talk_seconds=talk)
    for signed in requests_of("twilio", call, deployed.url, {"auth_token": AUTH_TOKEN}, now):
        with urllib.request.urlopen(urllib.request.Request(signed.url, signed.body, signed.headers)) as answer:
            assert answer.status == 200


def test_a_missed_call_is_delivered_everywhere_and_once(deployed: Deployed) -> None:
    ring(deployed)  # warms the functions up: what is printed below is a missed call among others
    until(lambda: deployed.received("/calls") and deployed.received("/bot") and deployed.mails())
    ring(deployed)
    hung_up = time.monotonic()
    places: dict[str, Callable[[], Any]] = {
        "telegram": lambda: len(deployed.received("/bot")) == 2,
        "webhook": lambda: len(deployed.received("/calls")) == 2,
        "email": lambda: len(deployed.mails()) == 2,
    }
    for name, came in places.items():
        until(came)
        print(f"{name}: {time.monotonic() - hung_up:.1f} s after the last webhook")
    (_, text), (_, page) = deployed.received("/bot"), deployed.received("/calls")
    (_, mail) = deployed.mails()
    assert text["text"].startswith(f"<b>Missed call from {CALLER}")
    assert (page["alert"], page["call"]["caller"], page["site"]["name"]) == ("missed", CALLER, "pallets.example")
    assert mail["Subject"].startswith(f"Missed call from {CALLER}") and CALLER in mail["BodyHtml"]
    assert mail["Source"] == SENDER


def test_an_answered_call_alarms_nobody_and_a_busy_telegram_gets_its_alert_later(deployed: Deployed) -> None:
    deployed.receiver.answers = [(429, b'{"ok":false,"parameters":{"retry_after":1}}')]
    ring(deployed)
    until(lambda: len(deployed.received("/bot")) == 2)  # refused, and taken when it came back
    ring(deployed, talk=40)
    until(lambda: any(received["call"]["answered"] for received in deployed.received("/calls")))
    assert len(deployed.received("/bot")) == 2 and len(deployed.mails()) == 1
