"""Callers' numbers in the deployed stack: who may open them there, and that nothing but the subject's key does."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls import callers, calls_table
from chalicelib.carriers import spool_bucket
from chalicelib.carriers.generic import webhook as generic
from chalicelib.core import clock
from chalicelib.core.tokens import random_id
from chalicelib.deals import deals_table
from chalicelib.registry import store as registry
from chalicelib.registry.types import Account, Destination, Site
from chalicelib.runtime.settings import settings
from chalicelib.runtime.stack_settings import use_stack
from tests.conftest import forget_caches
from tests.requests import CALLER, CRM, NOW, PBX, SITE, pbx_call, signed_request
from tests.waiting import until

FIRST, *_ = pbx_call()
CALL_ID = f"generic-{FIRST['call_id']}"


class Receiver(ThreadingHTTPServer):
    """Takes what the deployed function delivers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.taken: list[Any] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass(frozen=True)
class Deployed:
    """The stack, and a site of this test alone; its calls are delivered to the receiver."""

    stack: Any
    site: Site
    secret: str  # of a PBX's endpoint


@pytest.fixture
def deployed(stack: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    monkeypatch.setattr(os, "environ", os.environ | stack.environment())
    forget_caches()
    use_stack(stack.target.stack)
    own = random_id("")
    to_us = (Destination("webhook", {"url": receiver.url, "secret": "s"}),)
    site = replace(SITE, site_id=f"s-{own}", account_id=f"a-{own}", site_key=f"k-{own}", destinations=to_us)
    registry.create_account(Account(site.account_id, "Pallets Ltd", NOW))
    registry.create_site(site)
    secret = registry.create_endpoint(replace(PBX, endpoint_id=f"e-{own}", site_id=site.site_id))[1]
    yield Deployed(stack, site, secret)
    forget_caches()


def run(stack: Any, task: str, message: dict[str, Any]) -> None:
    record = {"messageId": "1", "body": json.dumps(message), "eventSource": "aws:sqs"}
    assert stack.invoke(task, {"Records": [record]}) == {"batchItemFailures": []}


def post(stack: Any, path: str, payload: dict[str, Any]) -> None:
    request = signed_request(payload, clock.utc_now())
    headers = {**request.headers, "Content-Type": "application/json"}
    asked = urllib.request.Request(f"{stack.base_url}{path}", request.body, headers)
    with urllib.request.urlopen(asked) as answer:
        assert answer.status == 200


def lying(stack: Any) -> str:
    """Everything in every table of the stack."""
    dynamodb = stack.client("dynamodb")
    tables = [name for name in stack.outputs if name.endswith("Table")]
    found = [dynamodb.get_paginator("scan").paginate(TableName=stack.outputs[name]) for name in tables]
    return json.dumps([item for pages in found for page in pages for item in page["Items"]], default=str)


def test_each_role_suffices_for_its_part_and_no_table_holds_a_number(deployed: Deployed, receiver: Receiver) -> None:
    stack, site_id = deployed.stack, deployed.site.site_id
    message = {"site_id": site_id, "call_id": CALL_ID}
    for payload in pbx_call():
        post(stack, f"/v1/carriers/generic/{deployed.secret}", payload)
    run(stack, "AttributeCall", message)
    call = calls_table.call(site_id, CALL_ID)
    assert call and call.call.caller_key and callers.open_caller(call.call) == CALLER
    assert CALLER[2:] not in lying(stack)

    run(stack, "Deliver", message)
    (delivered,) = receiver.taken
    assert delivered["call"]["caller"] == CALLER
    assert "caller_sealed" not in delivered["call"]

    key = registry.create_key(deployed.site.account_id, "tests", NOW)[1]
    url = f"{stack.base_url}/v1/manage/sites/{site_id}/calls/{CALL_ID}"
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})) as answer:
        shown = json.load(answer)
    assert (shown["caller"], shown["caller_masked"]) == (CALLER, "+791******01")
    assert {event["caller"] for event in shown["events"]} == {CALLER}


def test_an_outcome_finds_the_callers_subject_with_its_webhooks_role(deployed: Deployed) -> None:
    stack, site_id = deployed.stack, deployed.site.site_id
    secret = registry.create_endpoint(replace(CRM, endpoint_id=f"e-crm-{site_id}", site_id=site_id))[1]
    payload = {"external_id": "A-1", "outcome_at": clock.iso(NOW), "status": "won", "phone": "+79160000077"}
    post(stack, f"/v1/crm/generic/{secret}", payload)
    deal, subject = deals_table.deal(site_id, "generic", "A-1"), callers.find_caller(site_id, "+79160000077")
    assert deal and subject and deal.caller_key == subject.subject_id
    assert "9160000077" not in lying(stack)


def test_an_event_kept_in_the_bucket_is_taken_in_and_deleted_there(deployed: Deployed) -> None:
    os.environ["CALLPATH_KEPT_QUEUE"] = "http://127.0.0.1:9/closed"
    settings.cache_clear()
    request = signed_request(FIRST, NOW)
    spool_bucket.spool_event(
        spool_bucket.SpooledEvent("generic", deployed.secret, (), request),
        generic.SIGNED_HEADERS,
        ValueError("an outage"),
    )
    s3 = deployed.stack.client("s3")
    until(lambda: "Contents" not in s3.list_objects_v2(Bucket=settings().bucket, Prefix=spool_bucket.PREFIX))
    found = calls_table.item(deployed.site.site_id, CALL_ID)
    assert found and CALLER[2:] not in json.dumps(found)
