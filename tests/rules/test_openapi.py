"""docs/openapi.yaml against the application: the same routes, and answers that are as it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import yaml
from chalice.test import Client, HTTPResponse
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from app import app
from chalicelib.attribution.attribute_call import attribute
from chalicelib.attribution.campaign_match import PLATFORMS
from chalicelib.attribution.channel_rules import PARTS
from chalicelib.attribution.models import MODELS, model_of
from chalicelib.calls.evidence import EvidenceKind
from chalicelib.calls.recording import Recording, RecordingState
from chalicelib.calls.transcript import Spoken, Transcript, TranscriptState, Word
from chalicelib.carriers.history import HISTORIES
from chalicelib.contacts import record_event
from chalicelib.deals import take_contact
from chalicelib.delivery.destinations import DESTINATIONS
from chalicelib.pool.statistics import census
from chalicelib.recordings import recordings_table as recordings
from chalicelib.recordings.transcripts.talk_analysis import analyse, segments_of
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import Campaign, Comparison, Endpoint, NumberKind, RepeatRule, TrackingNumber
from chalicelib.reports import reports_bucket
from chalicelib.reports.periods import Period
from chalicelib.runtime import webhook_signature
from chalicelib.runtime.settings import settings
from tests.factories import NOW, dynamic, open_site
from tests.requests import messages

SPEC: dict[str, Any] = yaml.safe_load((Path(__file__).parent.parent.parent / "docs" / "openapi.yaml").read_text())
METHODS = {"get", "post", "put", "patch", "delete"}
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36"
PAGE = {"Origin": "https://pallets.example", "User-Agent": BROWSER, "Content-Type": "text/plain"}
SECRET = "a webhook's secret"


def test_it_is_a_valid_description() -> None:
    validate(SPEC)


def test_it_has_the_applications_routes_and_no_others() -> None:
    routes = {(path, method) for path, by_method in app.routes.items() for method in by_method}
    described = {(path, method.upper()) for path, item in SPEC["paths"].items() for method in item if method in METHODS}

    assert described == routes


def test_every_parameter_of_a_path_is_described() -> None:
    for path, item in SPEC["paths"].items():
        named = {resolved(parameter)["name"] for parameter in item.get("parameters", [])}
        assert set(re.findall(r"{(\w+)}", path)) <= named, path


def test_names_that_can_be_chosen_are_those_the_code_knows() -> None:
    schemas = SPEC["components"]["schemas"]

    assert all(re.fullmatch(schemas["Model"]["pattern"], spec) for spec in MODELS)
    assert [model_of(spec).spec for spec in schemas["Model"]["examples"]] == schemas["Model"]["examples"]
    assert schemas["EvidenceFields"]["properties"]["kind"]["enum"] == list(EvidenceKind)
    assert schemas["SiteFields"]["properties"]["repeat_rule"]["enum"] == list(RepeatRule)
    assert schemas["CampaignFields"]["properties"]["platform_ids"]["propertyNames"]["enum"] == list(PLATFORMS)
    assert schemas["RuleCondition"]["properties"]["part"]["enum"] == list(PARTS)
    assert schemas["RuleCondition"]["properties"]["compare"]["enum"] == list(Comparison)
    (vendor, _) = SPEC["paths"]["/v1/manage/sites/{site_id}/calls"]["post"]["parameters"]
    assert vendor["schema"]["enum"] == list(HISTORIES)
    assert schemas["Destination"]["properties"]["kind"]["enum"] == list(DESTINATIONS)


def resolved(part: Any) -> Any:
    while "$ref" in part:
        found = SPEC
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def check(schema: Any, value: Any) -> None:
    whole = {"allOf": [schema], "components": SPEC["components"]}  # so that its references lead somewhere
    validator = OAS31Validator(whole, format_checker=OAS31Validator.FORMAT_CHECKER)
    problems = [f"{'/'.join(map(str, each.absolute_path))}: {each.message}" for each in validator.iter_errors(value)]
    assert not problems, problems


@dataclass
class Api:
    """Calls the application and holds each answer, and each body sent, against the description."""

    client: Client
    key: str

    def call(
        self, method: str, path: str, body: Any = None, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Any:
        sent = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        sent |= headers or {}
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = self.client.http.request(method, f"/v1{path}", headers=sent, body=raw)
        assert answer.status_code == status, answer.body
        template = template_of(f"/v1{urlsplit(path).path}")
        return described(template, method, answer)


def template_of(path: str) -> str:
    """Return the description's path that fits, the most literal first."""
    for template in sorted(SPEC["paths"], key=lambda each: each.count("{")):
        if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            return str(template)
    raise AssertionError(path)


def described(template: str, method: str, answer: HTTPResponse) -> Any:
    """Return the answer's value, after it was held against its schema."""
    responses = SPEC["paths"][template][method.lower()]["responses"]
    assert str(answer.status_code) in responses, f"{method} {template} answers {answer.status_code}: not described"
    content = resolved(responses[str(answer.status_code)]).get("content")
    if content is None:
        assert answer.body == b""
        return None
    kind = answer.headers["Content-Type"]
    assert kind in content, f"{method} {template} answers {kind}: not described"
    value = json.loads(answer.body) if kind == "application/json" else answer.body.decode()
    check(content[kind]["schema"], value)
    return value


@pytest.fixture
def api(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """Site s1 with a pool of three numbers and a static one, called with its account's key."""
    open_site()
    store.put_numbers("s1", [TrackingNumber("+74990000009", "s1", NumberKind.STATIC, campaign_id="c1")])
    store.create_campaign(Campaign("c1", "s1", "Billboard"))
    key = store.create_key("acc1", "tests", NOW)[1]
    with Client(app) as client:
        api = Api(client, key)
        rows = [{"number": dynamic(place).number, "pool_id": "p1"} for place in range(3)]
        api.call("POST", "/manage/sites/s1/numbers", rows)
        snapshot.forget()
        yield api


def signed(body: Any) -> dict[str, str]:
    timestamp = str(int(datetime.now(UTC).timestamp()))
    signature = webhook_signature.sign(SECRET, timestamp, json.dumps(body).encode())
    return {"X-Calltrack-Timestamp": timestamp, "X-Calltrack-Signature": signature}


def test_what_a_website_is_answered(api: Api) -> None:
    asked = {"url": "https://pallets.example/?utm_source=yandex", "visitor_id": "v1"}

    lent = api.call("POST", "/sites/sk1/number", asked, headers=PAGE)
    assert lent["kind"] == "dynamic"
    crawler = {"User-Agent": "Googlebot/2.1"}
    assert api.call("POST", "/sites/sk1/number", asked | {"visitor_id": None}, headers=crawler)["number"] is None
    api.call("POST", "/sites/sk1/number", {"visitor_id": "v1"}, 400, headers=PAGE)
    api.call("POST", "/sites/none/number", asked, 404, headers=PAGE)
    event = {"visitor_id": "v1", "type": "tel_click", "url": "https://pallets.example/"}
    assert api.call("POST", "/sites/sk1/events", event, headers=PAGE) == {"recorded": True}
    api.call("POST", "/sites/sk1/events", event | {"type": "sneeze"}, 400, headers=PAGE)
    promo = api.call("POST", "/sites/sk1/promo", {"url": "https://pallets.example/", "visitor_id": "v1"}, headers=PAGE)
    assert promo["code"] == promo["spoken"].replace(" ", "")
    thief = PAGE | {"Origin": "https://thief.example"}
    assert api.call("POST", "/sites/sk1/promo", {"url": "https://pallets.example/"}, headers=thief)["code"] is None
    api.call("POST", "/sites/sk1/promo", {"url": 7}, 400, headers=PAGE)
    released = {"visitor_id": "v1", "lease": lent["lease"]}
    assert api.call("POST", "/sites/sk1/release", released, headers=PAGE) == {"released": True}
    api.call("POST", "/sites/sk1/release", released | {"lease": "forged"}, 400, headers=PAGE)
    api.call("GET", "/sites/sk1/snippet.js")
    api.call("GET", "/sites/none/snippet.js", None, 404)


def test_what_an_overflowing_pool_answers(api: Api) -> None:
    kinds = [
        api.call(
            "POST", "/sites/sk1/number", {"url": "https://pallets.example/", "visitor_id": f"v{place}"}, headers=PAGE
        )["kind"]
        for place in range(4)
    ]

    assert kinds == ["dynamic"] * 3 + ["overflow"]


def test_what_a_carrier_is_answered(api: Api) -> None:
    carrier = Endpoint("e1", "s1", "carrier", "generic", {"secret": SECRET}, target_number="+74951234567")
    path = f"/carriers/generic/{store.create_endpoint(carrier)[1]}"
    started = {"event": "call.started", "call_id": "1", "from": "+79160000001", "to": "+74990000009"}

    assert api.call("POST", path, started, headers=signed(started))["forward_to"] == "+74951234567"
    assert api.call("POST", f"{path}/started", started, headers=signed(started)) is not None
    assert api.call("POST", f"{path}/started/now", started, headers=signed(started)) is not None
    api.call("POST", path, started | {"call_id": "2"}, 403, headers=signed(started))
    wrong = {"event": "call.started"}
    api.call("POST", path, wrong, 400, headers=signed(wrong))
    api.call("POST", "/carriers/generic/made-up", started, 404)
    api.call("GET", path, None, 405)


def test_what_twilio_is_answered(api: Api) -> None:
    twilio = Endpoint("e1", "s1", "carrier", "twilio", {"auth_token": SECRET}, target_number="+74951234567")
    path = f"/carriers/twilio/{store.create_endpoint(twilio)[1]}"
    from chalicelib.carriers.twilio.webhook import signature

    url = f"{settings().public_url}/v1{path}"
    form = [("CallSid", "CA1"), ("CallStatus", "ringing"), ("From", "+79160000001"), ("To", "+74990000009")]
    body = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in form).encode()
    headers = {"X-Twilio-Signature": signature(url, form, SECRET), "Content-Type": "application/x-www-form-urlencoded"}

    assert "+74951234567" in api.call("POST", path, body, headers=headers)


def test_what_a_crm_is_answered(api: Api) -> None:
    crm = Endpoint("e1", "s1", "crm", "generic", {"secret": SECRET})
    path = f"/crm/generic/{store.create_endpoint(crm)[1]}"
    outcome = {"external_id": "A-1", "outcome_at": "2026-11-22T10:00:00Z", "status": "won", "amount": "12500.00"}
    check({"$ref": "#/components/schemas/GenericOutcome"}, outcome)

    assert api.call("POST", path, outcome, headers=signed(outcome))["landed"] == 1
    api.call("POST", path, outcome, 403)
    api.call("POST", path, {}, 400, headers=signed({}))
    api.call("POST", "/crm/generic/made-up", outcome, 404)


def test_deals_and_what_they_come_from_are_answered_as_described(
    api: Api, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_event, "WAIT_SECONDS", 0)  # the queue would really make it wait
    event = {"visitor_id": "v1", "type": "form", "form": "order", "phone": "8 916 000-00-01"}
    event |= {"url": "https://pallets.example/"}
    check({"$ref": "#/components/schemas/EventRequest"}, event)
    api.call("POST", "/sites/sk1/events", event, headers=PAGE)
    for message in messages(aws, settings().contact_queue):
        take_contact.take(message, datetime.now(UTC))
    path = f"/crm/generic/{store.create_endpoint(Endpoint('e1', 's1', 'crm', 'generic', {'secret': SECRET}))[1]}"
    outcome = {"external_id": "A-1", "outcome_at": datetime.now(UTC).isoformat(), "status": "won", "visitor_id": "v1"}
    check({"$ref": "#/components/schemas/GenericOutcome"}, outcome)
    api.call("POST", path, outcome, headers=signed(outcome))

    here = "/manage/sites/s1/deals"
    (listed,) = api.call("GET", here)["deals"]
    assert listed["joined_by"] == "visitor_id"
    assert api.call("GET", f"{here}/generic/A-1")["contact"]["form"] == "order"
    assert api.call("POST", f"{here}/generic/A-1/unjoin")["decision"]["contact_id"] is None
    assert api.call("GET", f"{here}/generic/A-1")["others"]
    api.call("POST", f"{here}/generic/A-1/join", {"contact_id": listed["contact_id"]})
    api.call("POST", f"{here}/generic/A-1/join", {"call_id": 5}, 400)
    api.call("GET", f"{here}/generic/none", None, 404)
    api.call("GET", f"{here}?day=soon", None, 400)
    assert api.call("POST", "/manage/sites/s1/export", {"visitor_id": "v1"})["contacts"]


def test_what_is_set_up_is_answered_as_described(api: Api) -> None:
    site = {"name": "New", "time_zone": "UTC", "currency": "EUR", "country": "DE", "swap": [{"selector": ".tel"}]}
    site |= {"destinations": [{"kind": "webhook", "options": {"url": "https://x.example", "secret": "s"}}]}

    api.call("GET", "/manage/accounts")
    api.call("POST", "/manage/accounts", {"name": "x"}, 403)
    key = api.call("POST", "/manage/keys", {"label": "second"}, 201)
    api.call("GET", "/manage/keys")
    api.call("DELETE", f"/manage/keys/{key['key_id']}", None, 204)
    api.call("DELETE", f"/manage/keys/{key['key_id']}", None, 404)
    made = api.call("POST", "/manage/sites", site, 201)
    api.call("POST", "/manage/sites", site | {"currency": "?"}, 400)
    api.call("GET", "/manage/sites")
    api.call("GET", f"/manage/sites/{made['site_id']}")
    api.call("PATCH", f"/manage/sites/{made['site_id']}", {"model": "linear"})
    api.call("POST", f"/manage/sites/{made['site_id']}/rotate-key")
    api.call("GET", "/manage/sites/s9", None, 404)
    api.call("GET", "/manage/sites", None, 401, {"Authorization": "Bearer x"})
    api.call("GET", "/health")


def test_pools_numbers_campaigns_and_endpoints_are_answered_as_described(api: Api) -> None:
    here = "/manage/sites/s1"
    pool = {"name": "second", "target_number": "+74951234567", "condition": {"regions": ["RU-MOW"]}}

    made = api.call("POST", f"{here}/pools", pool, 201)
    api.call("POST", f"{here}/pools", pool | {"overflow_number": "+74990000009"}, 409)
    api.call("GET", f"{here}/pools")
    assert api.call("GET", f"{here}/pools/{made['pool_id']}")["use"] is None
    census.count(datetime.now(UTC))
    assert api.call("GET", f"{here}/pools/p1")["use"]["numbers"] == 3
    api.call("GET", f"{here}/pools/p1/health?number_price=150")
    api.call("GET", f"{here}/pools/p1/health?days=x", None, 400)
    api.call("PATCH", f"{here}/pools/p1", {"record": True})
    api.call("GET", f"{here}/numbers?limit=2")
    api.call("GET", f"{here}/numbers?limit=none", None, 400)
    assert api.call("POST", f"{here}/numbers", b"number\nnone\n", headers={"Content-Type": "text/csv"})["rejected"]
    api.call("GET", f"{here}/numbers/+74990000009")
    api.call("PATCH", f"{here}/numbers/+74990000009", {"state": "draining"})
    campaign = api.call("POST", f"{here}/campaigns", {"name": "Spring", "starts_on": "2026-03-01"}, 201)
    api.call("GET", f"{here}/campaigns")
    api.call("GET", f"{here}/campaigns/{campaign['campaign_id']}")
    api.call("PATCH", f"{here}/campaigns/{campaign['campaign_id']}", {"archived": True})
    endpoint = api.call(
        "POST", f"{here}/endpoints", {"kind": "crm", "vendor": "generic", "credentials": {"secret": "s"}}, 201
    )
    api.call("GET", f"{here}/endpoints")
    api.call("DELETE", f"{here}/endpoints/{endpoint['endpoint_id']}", None, 204)


def test_channel_rules_and_imports_of_campaigns_are_answered_as_described(api: Api) -> None:
    rules, here = "/manage/channel-rules", "/manage/sites/s1/campaigns"
    rule = {"name": "CPA", "when": [{"part": "medium", "value": "cpa"}], "channel": "partners"}
    check({"$ref": "#/components/schemas/ChannelRule"}, rule)

    api.call("GET", rules)
    written = api.call("PUT", f"{rules}?recompute_days=2", {"rules": [rule]})
    assert written["recomputed"]["days"] == 2
    check({"$ref": "#/components/schemas/ChannelRule"}, written["rules"][0])
    api.call("PUT", rules, {"rules": [], "version": 7}, 409)
    api.call("PUT", rules, {"rules": [{"channel": "x", "when": []}]}, 400)
    api.call("GET", f"{rules}?account_id=acc9", None, 404)
    trial = {"url": "https://pallets.example/?utm_source=a&utm_medium=cpa", "site_id": "s1"}
    assert api.call("POST", f"{rules}/test", trial)["rule"] == 0
    api.call("POST", f"{rules}/test", {"url": "x", "site_id": "s9"}, 404)
    api.call("POST", f"{rules}/test", {"url": 5}, 400)
    table = b"name,yandex_direct,starts_on\nBrand,592928737383,2026-11-01\nWrong,1,soon\n"
    assert api.call("POST", here, table, headers={"Content-Type": "text/csv"})["rejected"]
    api.call("POST", f"{here}?recompute_days=x", {"name": "x"}, 400)


def test_readings_of_answers_are_answered_as_described(api: Api) -> None:
    rules, rule = "/manage/answer-rules", {"channel": "word of mouth", "phrases": ["кум*"]}
    api.call("GET", rules)
    written = api.call("PUT", f"{rules}?recompute_days=2", {"rules": [rule]})
    assert written["rules"] == [{"channel": "word_of_mouth", "phrases": ["кум*"]}]
    api.call("PUT", rules, {"rules": [], "version": 7}, 409)
    api.call("PUT", rules, {"rules": [{"channel": "x", "phrases": []}]}, 400)
    api.call("GET", f"{rules}?account_id=acc9", None, 404)


def put_recorded(call_id: str) -> None:
    """Return a recording with its transcript."""
    folder = recordings.folder("s1", call_id)
    stored = Recording("r1", RecordingState.STORED, "", f"{folder}r1.mp3", "audio/mpeg", 3, 3, 2, NOW)
    recordings.put_recording("s1", call_id, stored)
    words, key = (Word("customer", 1, 2.5, "Доставка"),), f"{folder}r1.transcript.json"
    recordings.put_object(key, msgspec.json.encode(Spoken("ru-RU", 3, segments_of(words))))
    done = Transcript("r1", TranscriptState.DONE, "ru-RU", "", key, analyse(words, 3, ["доставка"]))
    recordings.put_transcript("s1", call_id, done)


def test_calls_uploads_and_reports_are_answered_as_described(api: Api) -> None:
    here, carrier = "/manage/sites/s1", Endpoint("e1", "s1", "carrier", "generic", {"secret": SECRET}, "+74951234567")
    path = f"/carriers/generic/{store.create_endpoint(carrier)[1]}"
    lent = api.call("POST", "/sites/sk1/number", {"url": "https://pallets.example/?utm_source=yandex"}, headers=PAGE)
    for call_id, number in (("live", lent["number"]), ("static", "+74990000009")):
        event = {"event": "call.started", "call_id": call_id, "from": "+79160000001", "to": number}
        api.call("POST", path, event, headers=signed(event))
    assert api.call("GET", f"{here}/calls/generic-live")["evidence"] is None
    for call_id in ("live", "static"):
        attribute({"site_id": "s1", "call_id": f"generic-{call_id}"}, datetime.now(UTC) + timedelta(seconds=1))

    noted = api.call("PATCH", f"{here}/calls/generic-live", {"self_reported": "Яндекс"})["self_reported"]
    assert (noted["answer"], noted["channel"]) == ("яндекс", "search")
    assert api.call("GET", f"{here}/calls/generic-live")["self_reported"] == noted
    assert api.call("PATCH", f"{here}/calls/generic-static", {"self_reported": None})["self_reported"] is None
    api.call("PATCH", f"{here}/calls/generic-live", {}, 400)
    api.call("PATCH", f"{here}/calls/nobodys", {"self_reported": "x"}, 404)
    put_recorded("generic-live")
    assert api.call("GET", f"{here}/calls/generic-live")["recordings"][0]["transcript"]["segments"]
    listed = api.call("GET", f"{here}/calls")["calls"]
    assert {call["evidence"]["kind"] for call in listed} == {"live", "static"}
    assert api.call("GET", f"{here}/calls/generic-live")["evidence"]["touches"]
    api.call("GET", f"{here}/calls?day=x", None, 400)
    assert api.call("POST", f"{here}/export", {"phone": "+79160000001"})["calls"]
    assert api.call("POST", f"{here}/erase", {"phone": "+79160000001"})["removed"]["calls"] == 2
    api.call("POST", f"{here}/erase", {"visitor_id": "nobody"})
    api.call("POST", f"{here}/erase", {}, 400)
    api.call("POST", f"{here}/export", {"phone": "x"}, 400)
    spend = b"date,source,cost\n2026-11-01,yandex,100\n"
    api.call("POST", f"{here}/spend", spend, headers={"Content-Type": "text/csv"})
    deals = b"external_id,outcome_at,status\nA,2026-11-22,won\nB,soon,won\n"
    assert api.call("POST", f"{here}/deals", deals, headers={"Content-Type": "text/csv"})["rejected"]
    history = [{"call_id": "9", "started_at": "2026-11-22T09:00:00Z", "to": "+74990000009", "talk_sec": 5}, {}]
    assert api.call("POST", f"{here}/calls?vendor=generic", history)["landed"] == 1
    api.call("POST", f"{here}/calls?vendor=pigeon", history, 400)
    reports_bucket.put("s1", Period(date(2026, 11, 1), date(2026, 11, 30)), "linear", {"report.csv": b"x"}, NOW)
    api.call("GET", f"{here}/reports")
    api.call("POST", f"{here}/reports", {"from": "2026-11-01", "to": "2026-11-02"}, 202)
    api.call("POST", f"{here}/reports", {"from": "2026-11-02", "to": "2026-11-01"}, 400)


def test_a_dead_table_is_answered_as_described(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLPATH_DIRECTORY_TABLE", "gone")
    settings.cache_clear()
    snapshot.forget()

    assert (
        api.call("POST", "/sites/sk1/number", {"url": "https://pallets.example/"}, 503)["error"]
        == "storage_unavailable"
    )
    api.call("GET", "/sites/sk1/snippet.js", None, 503)
    api.call("GET", "/manage/sites", None, 503)
