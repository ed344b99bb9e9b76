"""What callers key, as each carrier reports it: a promo code is kept, anything else is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.calls.call_item import event_text
from chalicelib.calls.types import KeyedCode
from chalicelib.carriers import Hook, Route, carrier
from chalicelib.carriers.mango import webhook as mango
from chalicelib.visits import promo_code
from tests.carriers.carrier_examples import CREDENTIALS, ENDPOINTS, events, folded, hook, later, sample
from tests.requests import NOW

CODE, OTHER = (promo_code.make(7, b"k", name) for name in ("one", "other"))
CARD, TELEPHONE = "4111111111111111", "+79160000001"
TARGET = "+74951234567"


def twilio(keys: str, seconds: float = 0) -> Hook:
    return hook(urlencode({"CallSid": "CA1", "Digits": keys}), "digits", now=later(seconds))


def twilio_itself(keys: str, seconds: float = 0) -> Hook:
    """A <Gather> without an action of its own asks the endpoint's URL again."""
    form = {"CallSid": "CA1", "To": "+74990000001", "From": TELEPHONE, "Digits": keys}
    return hook(urlencode(form), now=later(seconds))


def telnyx_texml(keys: str, seconds: float = 0) -> Hook:
    return hook(urlencode({"CallSid": "CA1", "Digits": keys}), now=later(seconds))


def telnyx(keys: str, seconds: float = 0) -> Hook:
    payload = sample("telnyx", "call.answered.json")
    payload["data"] |= {
        "event_type": "call.gather.ended",
        "id": f"g-{seconds}",
        "occurred_at": later(seconds).isoformat(),
    }
    payload["data"]["payload"] |= {"digits": keys, "status": "valid"}
    return hook(payload)


def plivo(keys: str, seconds: float = 0) -> Hook:
    return hook(urlencode({"CallUUID": "c1", "Digits": keys, "InputType": "dtmf"}), now=later(seconds))


def vonage(keys: str, seconds: float = 0) -> Hook:
    payload = {"conversation_uuid": "c1", "uuid": "u1", "timestamp": later(seconds).isoformat()}
    return hook(payload | {"dtmf": {"digits": keys, "timed_out": False}})


def vonage_before(keys: str, seconds: float = 0) -> Hook:
    return hook({"conversation_uuid": "c1", "uuid": "u1", "timestamp": later(seconds).isoformat(), "dtmf": keys})


def generic(keys: str, seconds: float = 0) -> Hook:
    return hook({"event": "digits", "call_id": "c1", "digits": keys}, now=later(seconds))


def zadarma(keys: str, seconds: float = 0) -> Hook:
    payload = {"event": "NOTIFY_IVR", "pbx_call_id": "c1", "caller_id": TELEPHONE, "called_did": "74990000001"}
    return hook(urlencode(payload | {"wait_dtmf[digits]": keys}), now=later(seconds))


def mango_office(keys: str, seconds: float = 0) -> Hook:
    payload = {
        "seq": 1,
        "dtmf": keys,
        "timestamp": int(later(seconds).timestamp()),
        "entry_id": "c1",
        "location": "ivr",
    }
    raw = json.dumps(payload | {"initiator": TELEPHONE[1:]})
    key, salt = CREDENTIALS["mango"]["api_key"], CREDENTIALS["mango"]["api_salt"]
    form = {"vpbx_api_key": key, "sign": mango.signature(key, raw, salt), "json": raw}
    return hook(urlencode(form), "events", "dtmf", now=later(seconds))


SENDERS: list[tuple[str, Callable[..., Hook]]] = [
    ("twilio", twilio),
    ("twilio", twilio_itself),
    ("telnyx", telnyx_texml),
    ("telnyx", telnyx),
    ("plivo", plivo),
    ("vonage", vonage),
    ("vonage", vonage_before),
    ("generic", generic),
    ("zadarma", zadarma),
    ("mango", mango_office),
]
EACH = pytest.mark.parametrize(("vendor", "keyed"), SENDERS, ids=lambda each: getattr(each, "__name__", each))


@EACH
def test_a_code_is_reported_with_its_moment(vendor: str, keyed: Callable[..., Hook]) -> None:
    received = events(vendor, keyed("1"), keyed(f"{CODE}#", 20))
    assert folded(received).promo_codes == (KeyedCode(CODE, later(20)),)


@EACH
@pytest.mark.parametrize("keys", ["1", "", "*", CARD, TELEPHONE[1:], TELEPHONE[2:], CODE[:-1], f"{CODE[:-1]}x"])
def test_nothing_else_that_is_keyed_is_stored(vendor: str, keyed: Callable[..., Hook], keys: str) -> None:
    for _, event in events(vendor, keyed(keys)):
        assert event.promo_code is None
        text = event_text(event, NOW, signing_key=b"k" * 32, context="c1")
        assert keys == "" or len(keys) < 5 or keys not in text


@EACH
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_order_and_repetition_do_not_matter(vendor: str, keyed: Callable[..., Hook], data: st.DataObject) -> None:
    received = events(vendor, keyed("1"), keyed(CODE, 10), keyed(OTHER, 20))
    shuffled = data.draw(st.permutations([*received, *received]))
    assert folded(shuffled).promo_codes == (KeyedCode(CODE, later(10)), KeyedCode(OTHER, later(20)))


@pytest.mark.parametrize(
    ("vendor", "keyed"), [each for each in SENDERS if each[1] in (twilio, twilio_itself, telnyx_texml, plivo, vonage)]
)
@pytest.mark.parametrize("keys", ["1", CODE])
def test_who_was_asked_by_the_accounts_own_answer_is_connected_afterwards(
    vendor: str, keyed: Callable[..., Hook], keys: str
) -> None:
    module: Any = carrier(vendor)
    answer = module.reply(keyed(keys), (), lambda: Route(TARGET, record=False))
    assert TARGET[1:] in json.dumps(answer.body)


def test_the_events_of_every_carrier_are_signed_as_its_others() -> None:
    mango.verify(mango_office(CODE), ENDPOINTS["mango"])


def test_a_pbx_may_send_the_code_among_its_variables() -> None:
    payload = {"event": "call.answered", "call_id": "c1", "answered_at": later(9).isoformat()}
    received = events("generic", hook(payload | {"variables": {"promo_code": promo_code.spoken(CODE)}}))
    assert [each.code for each in folded(received).promo_codes] == [CODE]
