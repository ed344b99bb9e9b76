"""How a call is put through: what each carrier's answer says, and that it says so with storage dead, too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from msgspec.structs import replace

from chalicelib.carriers import CARRIERS, carrier
from chalicelib.carriers.receive_call import endpoint_url, receive
from chalicelib.carriers.simulator.calls import Step
from chalicelib.carriers.simulator.requests import _signed, requests_of
from chalicelib.core import tokens
from chalicelib.core.errors import SignatureRejected
from chalicelib.registry import store
from chalicelib.registry.endpoint_token import FIRST_PURPOSE, open_endpoint, seal_endpoint
from chalicelib.registry.types import Answering, Endpoint, ShownNumber
from chalicelib.runtime.http import Answer
from chalicelib.runtime.settings import settings
from tests.carriers.carrier_examples import ENDPOINTS, SIGNING
from tests.carriers.simulator.test_requests import MOSCOW, SIMULATED, request_of
from tests.conftest import forget_caches
from tests.requests import CALLER, NOW, POOL, STATIC, TARGET, messages, open_site, secret_of

NOTICE = 'Разговор записывается: "да" & <Hangup/>'
WHISPER = "С сайта"
HOW = Answering(17, ShownNumber.TRACKING, NOTICE, WHISPER, "ru-RU")
WHISPERING = [vendor for vendor in CARRIERS if "whisper" in getattr(carrier(vendor), "ANSWERING", ())]
OVER_HTTP = [vendor for vendor in WHISPERING if vendor != "generic"]  # those that ask for the whisper when it is due


@pytest.fixture
def site(aws: Any) -> Any:
    open_site()
    return aws


def endpoint(vendor: str, how: Answering = HOW) -> Endpoint:
    return replace(ENDPOINTS[vendor], time_zone=MOSCOW, answering=how, record=True)


def ring(vendor: str, secret: str, number: str = STATIC) -> Answer:
    call = replace(SIMULATED, number=number)
    first, *_ = requests_of(vendor, call, endpoint_url(vendor, secret), SIGNING[vendor], NOW)
    return receive(request_of(first), vendor, secret, first.parts)


def asked(vendor: str, secret: str, url: str) -> Answer:
    """The carrier's own request for the whisper to who has answered, at the URL that our answer named."""
    parts = tuple(url.removeprefix(endpoint_url(vendor, secret) + "/").split("/"))
    leg = {"CallSid": "leg", "ParentCallSid": "call-1", "From": CALLER, "To": TARGET, "CallUUID": "leg", "uuid": "leg"}
    signed = _signed(vendor, Step(parts, leg), endpoint_url(vendor, secret), SIGNING[vendor], NOW)
    assert signed.url == url
    return receive(request_of(signed), vendor, secret, parts)


def xml(answer: Answer) -> Element:
    return ElementTree.fromstring(answer.body)  # noqa: S314 - our own answer


def whisper_url(vendor: str, answer: Answer) -> str:
    if vendor == "vonage":
        url = answer.body[-1]["endpoint"][0]["onAnswer"]["url"]
    elif vendor == "plivo":
        url = xml(answer).find("Dial").attrib["confirmSound"]  # type: ignore[union-attr]
    else:
        url = xml(answer).find("Dial/Number").attrib["url"]  # type: ignore[union-attr]
    assert isinstance(url, str)
    return url


def heard(vendor: str, answer: Answer) -> tuple[str | None, str | None]:
    """(text, language) of the one thing said."""
    if vendor == "vonage":
        (said,) = answer.body
        assert said["action"] == "talk"
        return said["text"], said.get("language")
    (verb,) = xml(answer)
    assert verb.tag == ("Speak" if vendor == "plivo" else "Say")
    return verb.text, verb.attrib.get("language")


def xml_says(answer: Answer, say: str = "Say") -> dict[str, Any]:
    said, dial = xml(answer).find(say), xml(answer).find("Dial")
    assert said is not None and dial is not None
    verbs = [each.tag for each in xml(answer)]
    assert verbs[0] == say and verbs[-1] == "Dial"
    shown = dial.attrib["callerId"]
    return {"said": (said.text, said.attrib["language"]), "rings": int(dial.attrib["timeout"]), "shown": shown}


def ncco_says(answer: Answer) -> dict[str, Any]:
    said, record, connect = answer.body
    assert record["action"] == "record"
    return {"said": (said["text"], said["language"]), "rings": connect["timeout"], "shown": connect["from"]}


def json_says(answer: Answer) -> dict[str, Any]:
    body = answer.body
    assert (body["record"], body["whisper"]) == (True, WHISPER)
    said = (body["announcement"], body["language"])
    return {"said": said, "rings": body["ring_seconds"], "shown": body["caller_id"]}


SAYS: dict[str, Callable[[Answer], dict[str, Any]]] = {
    "generic": json_says,
    "plivo": lambda answer: xml_says(answer, "Speak"),
    "telnyx": xml_says,
    "twilio": xml_says,
    "vonage": ncco_says,
}


def test_who_can_whisper_can_also_announce_and_show_the_tracking_number() -> None:
    assert set(WHISPERING) == set(SAYS)
    assert getattr(carrier("exolve"), "ANSWERING", ()) == ("ring_seconds",)
    assert not any(hasattr(carrier(vendor), "ANSWERING") for vendor in ("mango", "uis", "zadarma"))


@pytest.mark.parametrize("vendor", SAYS)
def test_the_answer_says_what_is_set_for_the_endpoint(vendor: str, site: Any) -> None:
    says = SAYS[vendor](ring(vendor, secret_of(endpoint(vendor))))
    assert says["said"] == (NOTICE, "ru-RU")
    assert (says["rings"], says["shown"].lstrip("+")) == (17, STATIC[1:])


@pytest.mark.parametrize("vendor", SAYS)
def test_with_storage_dead_the_endpoints_url_says_the_same(
    vendor: str, environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    forget_caches()
    secret = seal_endpoint(endpoint(vendor), "RU", settings().signing_key)
    answer = ring(vendor, secret)
    assert TARGET[1:] in json.dumps(answer.body)
    if vendor == "generic":  # it has not been read, so which number was called is not known either
        assert (answer.body["announcement"], answer.body["ring_seconds"]) == (NOTICE, 17)
        return
    assert SAYS[vendor](answer)["said"] == (NOTICE, "ru-RU")
    assert heard(vendor, asked(vendor, secret, whisper_url(vendor, answer))) == (WHISPER, "ru-RU")


@pytest.mark.parametrize("vendor", OVER_HTTP)
def test_who_answers_hears_the_pools_whisper_and_the_request_for_it_is_not_stored(vendor: str, site: Any) -> None:
    store.update_pool("s1", "p1", {"answering": Answering(whisper="Из пула", announcement="https://s.example/a.mp3")})
    secret, number = secret_of(endpoint(vendor)), str(POOL.overflow_number)
    answer = ring(vendor, secret, number)
    url = whisper_url(vendor, answer)
    assert url == f"{endpoint_url(vendor, secret)}/whisper/{number[1:]}"
    assert "https://s.example/a.mp3" in json.dumps(answer.body) and "17" not in json.dumps(answer.body)
    messages(site, settings().attribute_queue)
    assert heard(vendor, asked(vendor, secret, url)) == ("Из пула", None)
    assert site.client("dynamodb").scan(TableName=settings().calls_table)["Count"] == 1
    assert not messages(site, settings().attribute_queue)


@pytest.mark.parametrize("vendor", OVER_HTTP)
def test_only_the_carrier_gets_a_whisper(vendor: str, site: Any) -> None:
    secret = secret_of(endpoint(vendor))
    url = whisper_url(vendor, ring(vendor, secret))
    parts = tuple(url.rsplit("/", 2)[1:])
    with pytest.raises(SignatureRejected):
        receive(replace(request_of(_unsigned()), headers={}), vendor, secret, parts)


def _unsigned() -> Any:
    (first, *_) = requests_of("uis", SIMULATED, "https://x.example", {}, NOW)
    return first


@pytest.mark.parametrize("vendor", SAYS)
def test_nothing_set_changes_nothing_in_the_answer(vendor: str, site: Any) -> None:
    text = json.dumps(ring(vendor, secret_of(replace(ENDPOINTS[vendor], time_zone=MOSCOW))).body)
    assert "whisper" not in text and "Say" not in text and "Speak" not in text and "talk" not in text
    if vendor in ("telnyx", "twilio"):
        assert "callerId" not in text  # the carrier shows the caller by itself


def test_exolve_rings_as_long_as_the_answer_says(site: Any) -> None:
    answer = ring("exolve", secret_of(endpoint("exolve", Answering(ring_seconds=45))))
    assert answer.body["result"]["followme_struct"][1][0]["TIMEOUT"] == 45


def test_a_url_of_the_first_layout_still_opens_and_a_longer_one_stays_short_enough() -> None:
    key = b"k" * 32
    old = tokens.seal(b'["e1","s1","twilio","+74951234567",true,"RU"]', key=key, purpose=FIRST_PURPOSE)
    opened = open_endpoint(old, key)
    assert opened is not None
    assert (opened.target_number, opened.record, opened.answering) == ("+74951234567", True, Answering())
    longest = replace(HOW, announcement="я" * 200, whisper="ю" * 200)
    sealed = seal_endpoint(endpoint("twilio", longest), "RU", key)
    assert len(sealed) < 1400
    reopened = open_endpoint(sealed, key)
    assert reopened is not None and reopened.answering == longest
    assert reopened.answering.show is ShownNumber.TRACKING
    plain = seal_endpoint(endpoint("twilio", Answering()), "RU", key)
    assert len(plain) <= len(old) + 40


def test_a_pbx_may_post_its_events_wherever_it_likes(site: Any) -> None:
    secret = secret_of(endpoint("generic"))
    (first, *_) = requests_of("generic", SIMULATED, endpoint_url("generic", secret), SIGNING["generic"], NOW)
    assert receive(request_of(first), "generic", secret, ("whisper",)).status == 200
    assert site.client("dynamodb").scan(TableName=settings().calls_table)["Count"] == 1
