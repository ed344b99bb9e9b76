"""`carriers simulate` and `carriers check` against an endpoint served over real HTTP by the real task."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.attribution import store, stored
from chalicelib.attribution.carriers import CARRIERS
from chalicelib.attribution.merge import fold
from chalicelib.attribution.receive import receive
from chalicelib.commands import carriers
from chalicelib.errors import BadInput, CallpathError
from chalicelib.http import Request, error_answer, to_json
from chalicelib.settings import settings
from tests.attribution.carrier_examples import ENDPOINTS, SIGNING
from tests.attribution.examples import CALLER, STATIC, TARGET, open_site, secret_of


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

    def log_message(self, *told: Any) -> None:
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
    """What the command printed, behind the log of the endpoint in the same process."""
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
    told = shown(capsys)
    assert {answer["status"] for answer in told["answers"]} == {200}
    item = store.item("s1", f"{vendor}-{told['call_id']}")
    assert item is not None
    call = fold(stored.record_of(item))
    assert (call.talk_seconds, call.answered, call.number) == (talk, talk > 0, STATIC)


@pytest.mark.parametrize("vendor", CARRIERS)
def test_a_good_endpoint_passes_the_check_and_keeps_nothing_of_it(
    base: str, vendor: str, aws: Any, capsys: Any
) -> None:
    assert run("check", vendor, "--url", url_of(base, vendor), *credentials(vendor))
    checks = shown(capsys)["checks"]
    assert len(checks) == (1 if vendor in ("uis", "exolve") else 2)
    assert aws.client("dynamodb").scan(TableName=settings().calls_table)["Count"] == 0


@pytest.mark.parametrize("vendor", [vendor for vendor, needed in SIGNING.items() if needed])
def test_other_credentials_are_told(base: str, vendor: str, capsys: Any) -> None:
    other = {"telnyx": {"private_key": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}}.get(
        vendor, dict.fromkeys(SIGNING[vendor], "other")
    )
    wrong = [part for name, value in other.items() for part in ("--credential", f"{name}={value}")]
    assert not run("check", vendor, "--url", url_of(base, vendor), *wrong)
    first, second = shown(capsys)["checks"]
    assert (first["ok"], first["status"], second["ok"]) == (False, 403, True)
    assert "credentials" in first["why"]
    assert not any(value in json.dumps([first, second]) for value in SIGNING[vendor].values())


def test_a_closed_endpoint_and_a_silent_address_are_told(base: str, capsys: Any) -> None:
    assert not run("check", "uis", "--url", f"{base}/v1/carriers/uis/gone")
    assert shown(capsys)["checks"][0]["status"] == 404
    assert not run("check", "uis", "--url", "http://127.0.0.1:9/v1/carriers/uis/gone")
    assert "nothing answers" in shown(capsys)["checks"][0]["why"]


def test_what_is_no_web_address_or_lacks_a_credential_is_named(base: str) -> None:
    for arguments, field in (
        (("check", "uis", "--url", "file:///etc/passwd"), "--url"),
        (("check", "plivo", "--url", base), "credentials.auth_token"),
        (("simulate", "uis", "--url", base, "--number", "7", "--caller", CALLER), "--number"),
    ):
        with pytest.raises(BadInput) as refused:
            run(*arguments)
        assert refused.value.field == field
