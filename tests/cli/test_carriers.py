"""`carriers simulate` and `carriers check` against an endpoint served over real HTTP by the real task."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls import call_item, calls_table
from chalicelib.calls.fold import fold
from chalicelib.calls.types import Direction
from chalicelib.carriers import CARRIERS
from chalicelib.carriers.receive_call import receive
from chalicelib.carriers.simulator.outgoing import OUTGOING
from chalicelib.carriers.simulator.transfers import TRANSFERS
from chalicelib.cli import carriers
from chalicelib.core import clock
from chalicelib.core.errors import BadInput, CallpathError
from chalicelib.registry import snapshot
from chalicelib.registry import store as registry
from chalicelib.registry.types import Campaign, NumberKind, TrackingNumber
from chalicelib.runtime.http import Request, error_answer, to_json
from chalicelib.runtime.settings import settings
from tests.carriers.carrier_examples import ENDPOINTS, SIGNING
from tests.requests import CALLER, SITE, STATIC, TARGET, open_site, secret_of


class Receiver(BaseHTTPRequestHandler):
    """What app.py and API Gateway do for a carrier's URL."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request("POST", self.path, {}, headers, body, "127.0.0.1", clock.utc_now())
        _, _, _, carrier, secret, *parts = self.path.split("/")
        try:
            answer = receive(request, carrier, secret, tuple(parts))
        except CallpathError as error:
            answer = error_answer(error)
        self.send_response(answer.status)
        self.end_headers()
        self.wfile.write((answer.body if isinstance(answer.body, str) else to_json(answer.body)).encode())

    def log_message(self, *arguments: Any) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def base(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("CALLPATH_PUBLIC_URL", url)
    settings.cache_clear()
    open_site()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: str) -> bool:
    root = argparse.ArgumentParser()
    carriers.add(root.add_subparsers(required=True))
    options = root.parse_args(["carriers", *arguments])
    done: bool = options.run(options)
    return done


def shown(capsys: Any) -> Any:
    """Return what the command printed, behind the log of the endpoint in the same process."""
    out = capsys.readouterr().out
    return json.loads(out[out.index("{\n") :])


def credentials(vendor: str) -> list[str]:
    return [part for name, value in SIGNING[vendor].items() for part in ("--credential", f"{name}={value}")]


def url_of(base: str, vendor: str) -> str:
    return f"{base}/v1/carriers/{vendor}/{secret_of(ENDPOINTS[vendor])}"


def simulate(base: str, vendor: str, *more: str) -> bool:
    url = url_of(base, vendor)
    return run("simulate", vendor, "--url", url, "--number", STATIC, "--caller", CALLER, *credentials(vendor), *more)


@pytest.mark.parametrize("vendor", CARRIERS)
@pytest.mark.parametrize("talk", [30, 0])
def test_a_simulated_call_arrives_whole(base: str, vendor: str, talk: int, capsys: Any) -> None:
    assert simulate(base, vendor, "--talk", str(talk), "--target", TARGET)
    printed = shown(capsys)
    assert {answer["status"] for answer in printed["answers"]} == {200}
    item = calls_table.item("s1", printed["call_id"])
    assert item is not None
    call = fold(call_item.record_of(item))
    assert (call.talk_seconds, call.answered, call.number) == (talk, talk > 0, STATIC)


@pytest.mark.parametrize("vendor", CARRIERS)
@pytest.mark.parametrize("outcome", ["missed", "busy", "abandoned", "failed", "transferred"])
def test_a_call_is_simulated_as_it_is_asked_for(base: str, vendor: str, outcome: str, capsys: Any) -> None:
    assert simulate(base, vendor, "--outcome", outcome, "--no-recording", "--talk", "30")
    printed = shown(capsys)
    call = folded(printed["call_id"])
    assert call.talk_seconds == (30 if outcome == "transferred" else 0)
    assert call.recording_url is None
    if vendor != "uis" and outcome != "transferred":
        assert call.status == outcome
    assert ("note" in printed) == (outcome == "transferred" and vendor not in TRANSFERS)


@pytest.mark.parametrize("vendor", OUTGOING)
def test_the_business_ringing_a_customer_is_simulated(base: str, vendor: str, capsys: Any) -> None:
    assert simulate(base, vendor, "--outgoing", "--talk", "30")
    call = folded(shown(capsys)["call_id"])
    assert (call.direction, call.number, call.talk_seconds) == (Direction.OUT, STATIC, 30)


def test_exolve_reports_no_outgoing_calls(base: str) -> None:
    with pytest.raises(BadInput, match="exolve"):
        simulate(base, "exolve", "--outgoing")


def folded(call_id: str) -> Any:
    item = calls_table.item("s1", call_id)
    assert item is not None
    return fold(call_item.record_of(item))


def by_name(capsys: Any) -> dict[str, Any]:
    """Return what `check` printed: its verdict, and each check by a word of its name."""
    printed = shown(capsys)
    words = {
        "https": "may send", "open": "open endpoint", "public": "public URL", "credentials": "credentials are set",
        "target": "target number", "time": "in time", "signed": "carrier signs", "unsigned": "nobody signed",
        "number": "endpoint's site", "goes": "right number", "answer": "forwards it there",
    }  # fmt: skip
    found = {key: each for each in printed["checks"] for key, word in words.items() if word in each["check"]}
    assert len(found) == len(printed["checks"])
    return {"verdict": printed["verdict"], **found}


@pytest.mark.parametrize("vendor", CARRIERS)
def test_a_good_endpoint_passes_the_check_and_keeps_nothing_of_it(
    base: str, vendor: str, aws: Any, capsys: Any
) -> None:
    numbers = ("--number", STATIC, "--forwards-to", "+74953333333")
    assert run("check", vendor, "--url", url_of(base, vendor), *credentials(vendor), *numbers)
    found = by_name(capsys)
    assert ("unsigned" in found) == (vendor not in ("uis", "exolve"))
    assert found["goes"]["forwards_to"] == "+74953333333"
    own = vendor in ("uis", "mango")  # they forward by their own settings
    assert found["answer"]["ok"] is (None if own else True)
    assert found["verdict"] == ("ready as far as it was checked" if own else "ready")
    assert aws.client("dynamodb").scan(TableName=settings().calls_table)["Count"] == 0


@pytest.mark.parametrize("vendor", [vendor for vendor, needed in SIGNING.items() if needed])
def test_other_credentials_are_noticed(base: str, vendor: str, capsys: Any) -> None:
    other = {"telnyx": {"private_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}}.get(
        vendor, dict.fromkeys(SIGNING[vendor], "other")
    )
    wrong = [part for name, value in other.items() for part in ("--credential", f"{name}={value}")]
    assert not run("check", vendor, "--url", url_of(base, vendor), *wrong)
    found = by_name(capsys)
    assert (found["signed"]["ok"], found["signed"]["status"], found["unsigned"]["ok"]) == (False, 403, True)
    assert "credentials" in found["signed"]["why"]
    assert found["verdict"] == "not ready"
    assert not any(value in json.dumps(found) for value in SIGNING[vendor].values())


@pytest.mark.parametrize("vendor", CARRIERS)
def test_with_the_registry_no_credential_need_be_given(base: str, vendor: str, capsys: Any) -> None:
    assert run("check", vendor, "--url", url_of(base, vendor))
    found = by_name(capsys)
    assert found["signed"]["ok"] is (None if vendor == "telnyx" else True)
    assert (found["credentials"]["ok"], found["target"]["ok"], found["number"]["ok"]) == (True, True, None)


@pytest.mark.parametrize(
    ("number", "forwards_to", "check", "why"),
    [
        ("+74990009999", None, "number", "not imported"),
        (STATIC, "+74950000000", "goes", "not to +74950000000"),
    ],
)
def test_a_number_that_is_not_ours_or_goes_elsewhere_is_noticed(
    base: str, number: str, forwards_to: str | None, check: str, why: str, capsys: Any
) -> None:
    numbers = ["--number", number] + (["--forwards-to", forwards_to] if forwards_to else [])
    assert not run("check", "twilio", "--url", url_of(base, "twilio"), *numbers)
    found = by_name(capsys)
    assert (found[check]["ok"], why in found[check]["why"]) == (False, True)


def test_another_sites_number_is_noticed(base: str, capsys: Any) -> None:
    registry.create_site(replace(SITE, site_id="s2", site_key="sk2"))
    registry.create_campaign(Campaign("c2", "s2", "x"))
    registry.put_numbers("s2", [TrackingNumber("+74990000009", "s2", NumberKind.STATIC, campaign_id="c2")])
    assert not run("check", "twilio", "--url", url_of(base, "twilio"), "--number", "+74990000009")
    found = by_name(capsys)
    assert found["number"]["why"] == "another site's"
    assert found["goes"]["forwards_to"] == TARGET  # the endpoint's own: its caller is connected all the same


def test_an_endpoint_without_credentials_or_target_is_noticed(base: str, capsys: Any) -> None:
    bare = replace(ENDPOINTS["generic"], credentials={}, target_number=None)
    url = f"{base}/v1/carriers/generic/{secret_of(bare)}"
    assert not run("check", "generic", "--url", url, "--credential", "secret=s")
    found = by_name(capsys)
    assert (found["credentials"]["ok"], found["credentials"]["why"]) == (False, "missing: secret")
    assert found["target"]["ok"] is False


def test_a_closed_endpoint_another_address_and_a_silent_one_are_noticed(
    base: str, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not run("check", "uis", "--url", f"{base}/v1/carriers/uis/gone")
    found = by_name(capsys)
    assert (found["signed"]["status"], found["open"]["ok"]) == (404, False)
    url = url_of(base, "uis")
    registry.close_endpoint("s1", ENDPOINTS["uis"].endpoint_id)
    snapshot.forget()
    assert not run("check", "uis", "--url", url)
    assert by_name(capsys)["open"]["why"] == "it was closed"
    assert not run("check", "uis", "--url", "http://127.0.0.1:9/v1/carriers/uis/gone")
    found = by_name(capsys)
    assert "nothing answers" in found["time"]["why"] and "nothing answers" in found["signed"]["why"]
    monkeypatch.setenv("CALLPATH_PUBLIC_URL", "https://calls.example.com/api")
    settings.cache_clear()
    assert not run("check", "twilio", "--url", url_of(base, "twilio"))
    assert by_name(capsys)["public"]["ok"] is False


def test_numbers_of_callers_travel_over_https_only(base: str, capsys: Any) -> None:
    assert not run("check", "uis", "--url", "http://calls.invalid/v1/carriers/uis/gone")
    assert by_name(capsys)["https"]["why"] == "it is not https"


def test_from_outside_it_needs_no_aws_and_says_what_it_can(base: str) -> None:
    arguments = ["carriers", "check", "plivo", "--url", url_of(base, "plivo")]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CALLPATH_"))}

    def ran(*more: str) -> Any:
        command = [sys.executable, "-m", "chalicelib", *arguments, *more]
        return subprocess.run(command, env=clean, capture_output=True, text=True, check=False)

    good = ran(*credentials("plivo"))
    printed = json.loads(good.stdout)
    assert (good.returncode, printed["verdict"], len(printed["checks"])) == (0, "ready", 4)
    wrong = ran("--credential", "auth_token=other")
    assert (wrong.returncode, json.loads(wrong.stdout)["verdict"]) == (1, "not ready")
    assert ran().returncode == 2


def test_what_is_no_web_address_or_lacks_a_number_is_named(base: str) -> None:
    for arguments, field in (
        (("check", "uis", "--url", "file:///etc/passwd"), "--url"),
        (("check", "uis", "--url", base, "--number", "7"), "--number"),
        (("simulate", "uis", "--url", base, "--number", "7", "--caller", CALLER), "--number"),
    ):
        with pytest.raises(BadInput) as refused:
            run(*arguments)
        assert refused.value.field == field
