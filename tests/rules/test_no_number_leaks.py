"""Neither a log line, nor an error, nor a trace shows a person's number, wherever somebody wrote it.

Every carrier's webhooks, good and spoiled, run through the real application and its tasks; so does every route that
takes a body, with the number in each of its fields in turn. What was printed, answered as an error and sent to X-Ray
is searched for the digits.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from copy import deepcopy
from threading import Event, Thread
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse
from msgspec.structs import replace

from app import app
from chalicelib.carriers import CARRIERS
from chalicelib.carriers.receive_call import endpoint_url
from chalicelib.carriers.simulator.calls import SEQUENCES, SimulatedCall, Step
from chalicelib.carriers.simulator.requests import _signed, requests_of
from chalicelib.contacts import record_event as recording
from chalicelib.core import clock
from chalicelib.core.errors import BadInput
from chalicelib.delivery.destinations import DESTINATIONS as KINDS
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import Destination
from chalicelib.runtime.settings import settings
from tests.carriers.carrier_examples import ENDPOINTS, SIGNING
from tests.conftest import forget_caches
from tests.requests import CRM, SECRET, STATIC, TARGET, messages, open_site, secret_of, signed_request

PHONE = "+79165550123"  # invented
DIGITS = re.compile(r"916\D{0,2}555\D?01\D?23")
MOSCOW = "Europe/Moscow"
CLOSED = "http://127.0.0.1:9/closed"
DESTINATIONS = (
    Destination("webhook", {"url": CLOSED, "secret": "s"}),
    Destination("telegram", {"token": "1:x", "chat_id": "1", "calls": "all"}),
    Destination("email", {"to": "sales@pallets.example", "calls": "all"}),
)


class Daemon:
    """Listens where X-Ray's daemon does, and keeps what it is sent."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.received: list[str] = []
        self.arrived = Event()
        self.thread = Thread(target=self._listen, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.socket.getsockname()[1]}"

    def _listen(self) -> None:
        while message := self.socket.recv(65_535):
            self.received.append(message.decode())
            self.arrived.set()

    def all(self) -> str:
        """Everything it has been sent until now."""
        self._send(b"that is all")
        while self.received[-1:] != ["that is all"]:
            self.arrived.wait(5)
            self.arrived.clear()
        return "\n".join(self.received)

    def stop(self) -> None:
        self._send(b"")
        self.thread.join()
        self.socket.close()

    def _send(self, message: bytes) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(message, self.socket.getsockname())


class Witness:
    """Everything that leaves the application, but for answers to those who asked for it."""

    def __init__(self, client: Client, capsys: pytest.CaptureFixture[str], daemon: Daemon) -> None:
        self.client, self.capsys, self.daemon = client, capsys, daemon
        self.errors: list[str] = []

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> HTTPResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.client.http.request(method, path, headers=sent, body=body)
        if answer.status_code >= 400:
            self.errors.append(answer.body.decode())
        return answer

    def run(self, task: str, messages: list[Any]) -> None:
        """Let a queue's task work off messages."""
        event = self.client.events.generate_sqs_event([json.dumps(each) for each in messages], task)
        self.client.lambda_.invoke(task, event)

    def heard(self) -> dict[str, str]:
        """Return what was printed, answered as an error, and traced."""
        from aws_xray_sdk.core import xray_recorder

        xray_recorder.end_segment()
        xray_recorder.begin_segment("test", sampling=1)
        printed = self.capsys.readouterr()
        return {
            "log": printed.out + printed.err,
            "errors": "\n".join(self.errors),
            "traces": self.daemon.all(),
        }


@pytest.fixture
def witness(aws: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Witness]:
    """Yield the application in a Lambda function whose requests are all sampled."""
    from aws_xray_sdk.core import xray_recorder

    daemon = Daemon()
    monkeypatch.setenv("CALLPATH_TELEGRAM_URL", CLOSED)
    monkeypatch.setenv("CALLPATH_ALERT_SENDER", "nobody@pallets.example")  # whom SES does not know
    settings.cache_clear()
    open_site(destinations=DESTINATIONS)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
    xray_recorder.configure(daemon_address=daemon.address, context_missing="LOG_ERROR", sampling=False)
    xray_recorder.begin_segment("test", sampling=1)
    with Client(app) as client:
        yield Witness(client, capsys, daemon)
    xray_recorder.clear_trace_entities()
    daemon.stop()


def silent(heard: dict[str, str]) -> bool:
    """Whether the number is nowhere; where it is, the lines are shown."""
    found = {where: [line for line in text.splitlines() if DIGITS.search(line)] for where, text in heard.items()}
    assert not any(found.values()), {where: lines[:3] for where, lines in found.items() if lines}
    return True


def test_the_net_catches_what_it_is_for(witness: Witness) -> None:
    from chalicelib.runtime import log, tracing

    witness.errors.append(f"no such caller {PHONE}")
    log.event("a", caller="8 (916) 555-01-23")
    with pytest.raises(ValueError, match="called"), tracing.task("t"):
        raise ValueError(f"{PHONE} called")
    heard = witness.heard()
    assert all(DIGITS.search(text) for text in heard.values()), heard


@pytest.mark.parametrize("vendor", CARRIERS)
def test_a_carriers_calls_good_and_spoiled_leak_nothing(vendor: str, witness: Witness, aws: Any) -> None:
    secret = secret_of(replace(ENDPOINTS[vendor], time_zone=MOSCOW))
    now = clock.utc_now()
    call = SimulatedCall("call-1", PHONE, STATIC, TARGET, started_at=now, time_zone=MOSCOW)
    for signed in requests_of(vendor, call, endpoint_url(vendor, secret), SIGNING[vendor], now):
        path = "/".join((f"/v1/carriers/{vendor}/{secret}", *signed.parts))
        assert witness.ask("POST", path, signed.body, **signed.headers).status_code == 200
        path = f"/v1/carriers/{vendor}/{secret}/{PHONE}"
        witness.ask("POST", path, signed.body, **signed.headers)
    for step in spoiled(SEQUENCES[vendor](replace(call, call_id="call-2"))):
        try:
            signed = _signed(vendor, step, endpoint_url(vendor, secret), SIGNING[vendor], now)
        except BadInput:  # which words are signed depends on what the event is called
            continue
        witness.ask("POST", "/".join((f"/v1/carriers/{vendor}/{secret}", *signed.parts)), signed.body, **signed.headers)
    for message in messages(aws, settings().attribute_queue):
        witness.run("attribute_call", [message])
    witness.run(
        "deliver", messages(aws, settings().deliver_queue) or [{"site_id": "s1", "call_id": f"{vendor}-call-1"}]
    )
    heard = witness.heard()
    assert "call_event" in heard["log"] and "call_attributed" in heard["log"] and '"attribute_call"' in heard["traces"]
    assert {place.kind for place in DESTINATIONS if f'"{place.kind}", "reason"' in heard["log"]} == set(KINDS)
    assert silent(heard)


def spoiled(steps: list[Step]) -> Iterator[Step]:
    """Yield the steps with the number in each kind of field in turn, as text and as a number."""
    done: set[Any] = set()
    for step in steps:
        for path in leaves(step.fields):
            if path not in done:
                done.add(path)
                yield Step(step.parts, with_value(step.fields, path, PHONE))
                yield Step(step.parts, with_value(step.fields, path, int(PHONE)))


def test_an_outage_leaks_nothing(witness: Witness, monkeypatch: pytest.MonkeyPatch, aws: Any) -> None:
    secret = secret_of(ENDPOINTS["generic"])
    body = {"event": "call.started", "call_id": "1", "from": PHONE, "to": STATIC}
    request = signed_request(body, clock.utc_now())
    monkeypatch.setenv("CALLPATH_CALLS_TABLE", "gone")
    forget_caches()
    assert witness.ask("POST", f"/v1/carriers/generic/{secret}", request.body, **json_of(request)).status_code == 200
    kept = messages(aws, settings().kept_queue)
    witness.run("recover_event", kept)
    witness.run("attribute_call", [{"site_id": "s1", "call_id": "generic-1"}])
    heard = witness.heard()
    assert "event_kept" in heard["log"] and "message_failed" in heard["log"]
    assert silent(heard) and not DIGITS.search(json.dumps(kept))


# ---- what people send: the number in every field of every body ------------------------------------------------------

OUTCOME = {"external_id": "A-1", "outcome_at": "2026-11-22T10:00:00Z", "status": "won", "phone": PHONE} | {
    "amount": "1",
    "gross_profit": "1",
    "currency": "RUB",
    "call_id": "1",
    "quality": 5,
    "manager": "Ivanov",
    "promo_code": "AB",
    "visitor_id": "v1",
}
PAGE = {"url": "https://pallets.example/", "visitor_id": "v1"}
SITE = {"name": "New", "time_zone": "UTC", "currency": "EUR", "country": "DE", "swap": [{"number": "+4930123456"}]} | {
    "allowed_origins": ["https://shop.example"],
    "model": "linear",
    "lookback_days": 30,
    "retention_days": 30,
    "promo_days": 30,
    "destinations": [{"kind": "webhook", "options": {"url": "https://x.example", "secret": "s"}}],
}
POOL = {"name": "second", "target_number": "+74951234567", "overflow_number": "+74990000888"} | {
    "hold_seconds": 300,
    "condition": {"regions": ["RU-MOW"], "sources": ["yandex"], "landing_patterns": ["/a*"]},
}
ENDPOINT = {"kind": "crm", "vendor": "generic", "credentials": {"secret": "s"}, "target_number": "+74951234567"}
BODIES: list[tuple[str, str, Any]] = [
    ("POST", "/v1/sites/sk1/promo", PAGE | {"referrer": "https://vk.com/"}),
    ("POST", "/v1/sites/sk1/number", PAGE | {"referrer": "https://vk.com/", "lease": "x"}),
    ("POST", "/v1/sites/sk1/release", {"visitor_id": "v1", "lease": "x"}),
    ("POST", "/v1/sites/sk1/events", PAGE | {"type": "tel_click", "at": "2026-11-22T10:00:00Z", "code": "AB"}),
    ("POST", "/v1/sites/sk1/events", PAGE | {"type": "form", "form": "order", "phone": "+79990000000"}),
    ("POST", "/v1/manage/sites/s1/deals/generic/A-1/join", {"call_id": "generic-1"}),
    ("POST", "/v1/manage/sites/s1/deals/generic/A-1/join", {"contact_id": "form-1"}),
    ("POST", "/v1/manage/accounts", {"name": "x"}),
    ("POST", "/v1/manage/keys", {"label": "x", "account_id": "acc1"}),
    ("POST", "/v1/manage/sites", SITE | {"account_id": "acc1"}),
    ("PATCH", "/v1/manage/sites/s1", SITE),
    ("POST", "/v1/manage/sites/s1/pools", POOL),
    ("PATCH", "/v1/manage/sites/s1/pools/p1", POOL),
    ("POST", "/v1/manage/sites/s1/numbers", [{"number": "+74990000777", "pool_id": "p1", "label": "x"}]),
    ("PATCH", f"/v1/manage/sites/s1/numbers/{STATIC}", {"state": "draining", "label": "x", "target_number": TARGET}),
    ("POST", "/v1/manage/sites/s1/campaigns", {"name": "x", "match": {"source": "y"}, "starts_on": "2026-01-01"}),
    ("PATCH", "/v1/manage/sites/s1/campaigns/avito", {"name": "x", "target_talk_seconds": 5, "archived": False}),
    ("POST", "/v1/manage/sites/s1/endpoints", ENDPOINT),
    ("POST", "/v1/manage/sites/s1/reports", {"from": "2026-11-01", "to": "2026-11-02", "model": "linear"}),
    ("PUT", "/v1/manage/answer-rules?account_id=acc1", {"rules": [{"channel": "x", "phrases": ["y"]}], "version": 1}),
    ("PATCH", "/v1/manage/sites/s1/calls/generic-1", {"self_reported": "a neighbour"}),
    ("POST", "/v1/manage/sites/s1/erase", {"phone": "+79990000000"}),
    ("POST", "/v1/manage/sites/s1/erase", {"visitor_id": "v1"}),
    ("POST", "/v1/manage/sites/s1/export", {"phone": "+79990000000"}),
]


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_number_in_the_wrong_field_is_refused_without_repeating_it(
    method: str, path: str, body: Any, witness: Witness
) -> None:
    key = store.create_key(None, "tests", clock.utc_now())[1]
    headers = {
        "Authorization": f"Bearer {key}",
        "Content_Type": "application/json",
        "Origin": "https://pallets.example",
    }
    for place in leaves(body):
        for value in (PHONE, int(PHONE), [PHONE], {PHONE: PHONE}, f"call {PHONE}!"):
            raw = json.dumps(with_value(body, place, value)).encode()
            witness.ask(method, path, raw, **headers)
            snapshot.forget()
    witness.ask(method, path, f'{{"{PHONE}": "{PHONE}'.encode(), **headers)
    witness.ask(method, path, f'"{PHONE}"'.encode(), **headers)
    assert silent(witness.heard())


def test_a_number_in_an_address_is_refused_without_repeating_it(witness: Witness) -> None:
    key = store.create_key(None, "tests", clock.utc_now())[1]
    for path, _ in sorted((path, methods) for path, methods in app.routes.items()):
        for name in re.findall(r"{(\w+)}", path):
            filled = re.sub(r"{\w+}", "s1", path.replace(f"{{{name}}}", PHONE))
            for method in app.routes[path]:
                witness.ask(method, filled, b"{}", Authorization=f"Bearer {key}", Content_Type="application/json")
    for argument in ("day", "model", "limit", "cursor", "source", "account_id", "days", "number_price", "from", "to"):
        for path in ("sites", "sites/s1/calls", "sites/s1/numbers", "sites/s1/pools/p1/health", "sites/s1/reports"):
            witness.ask("GET", f"/v1/manage/{path}?{argument}={PHONE}", Authorization=f"Bearer {key}")
    witness.ask("GET", "/v1/manage/sites", Authorization=f"Bearer {PHONE}")
    assert silent(witness.heard())


@pytest.mark.parametrize("upload", ["deals", "spend", "calls?vendor=generic"])
def test_a_number_in_the_wrong_column_is_refused_without_repeating_it(upload: str, witness: Witness) -> None:
    key = store.create_key(None, "tests", clock.utc_now())[1]
    tables: dict[str, dict[str, Any]] = {
        "deals": OUTCOME,
        "spend": {"date": "2026-11-01", "source": "yandex", "medium": "cpc", "campaign": "x", "cost": "1"}
        | {"currency": "RUB", "clicks": "1", "impressions": "1"},
        "calls?vendor=generic": {"call_id": "1", "started_at": "2026-11-22 10:00", "from": PHONE, "to": STATIC}
        | {"direction": "in", "talk_sec": "5", "status": "answered", "answered_by": "101"},
    }
    row = {name: str(value) for name, value in tables[upload].items()}
    for name in row:
        spoiled_row = row | {name: f"call {PHONE}"}
        table = f"{','.join(spoiled_row)}\n{','.join(spoiled_row.values())}\n"
        path = f"/v1/manage/sites/s1/{upload}"
        answer = witness.ask("POST", path, table.encode(), Authorization=f"Bearer {key}", Content_Type="text/csv")
        witness.errors.append(answer.body.decode())  # what it refused, line by line
    witness.ask("POST", f"/v1/manage/sites/s1/{upload}", f"{PHONE}\n{PHONE}\n".encode(), Authorization=f"Bearer {key}")
    heard = witness.heard()
    assert '"rejected":[{' in heard["errors"] and silent(heard)


def test_a_crm_that_writes_a_number_anywhere_is_refused_without_repeating_it(witness: Witness) -> None:
    secret = secret_of(CRM)
    for place in leaves(OUTCOME):
        for value in (PHONE, int(PHONE), [PHONE], f"call {PHONE}"):
            request = signed_request(with_value(OUTCOME, place, value), clock.utc_now(), SECRET)
            witness.ask("POST", f"/v1/crm/generic/{secret}", request.body, **json_of(request))
    assert silent(witness.heard())


def test_a_form_with_a_number_is_taken_in_without_leaking_it(
    witness: Witness, aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "WAIT_SECONDS", 0)  # the queue would really make it wait
    page = {"Origin": "https://pallets.example", "User_Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/142.0"}
    form = PAGE | {
        "type": "form",
        "form": f"call {PHONE}",
        "phone": PHONE,
        "url": f"https://pallets.example/?p={PHONE}",
    }
    answer = witness.ask(
        "POST", "/v1/sites/sk1/events", json.dumps(form).encode(), **page, Content_Type="application/json"
    )
    assert answer.json_body == {"recorded": True}
    queued = messages(aws, settings().contact_queue)
    assert len(queued) == 1 and not DIGITS.search(json.dumps(queued))
    witness.run("take_contact", [*queued, {"contact": "i1.broken"}])
    heard = witness.heard()
    assert '"event": "contact"' in heard["log"] and "message_failed" in heard["log"] and silent(heard)


def json_of(request: Any) -> dict[str, str]:
    return {**request.headers, "Content_Type": "application/json"}


def leaves(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the values of a body stand."""
    inside = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    if path and not inside:
        yield path
    for name, value in inside:
        yield from leaves(value, (*path, name))


def with_value(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = deepcopy(body)
    node = changed
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = value
    return changed
