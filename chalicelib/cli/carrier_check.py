"""What `carriers check` finds: from outside, by requests that store nothing; with a stack, from its registry, too."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from chalicelib.carriers import Hook, Route, carrier, receive_call
from chalicelib.carriers.simulator.calls import SimulatedCall
from chalicelib.carriers.simulator.requests import WRITERS, Signed, probe, requests_of
from chalicelib.cli.carrier_requests import sent
from chalicelib.registry import snapshot
from chalicelib.registry.endpoint_token import EndpointToken, open_endpoint
from chalicelib.registry.types import Endpoint
from chalicelib.runtime.http import Request
from chalicelib.runtime.settings import settings

UNSIGNED = ("exolve", "uis")
OWED_SECONDS = 2.0  # a caller hears nothing until the carrier has its answer
TRIES = 3  # the first meets a cold function
LOCAL = ("localhost", "127.0.0.1", "::1")
NUMBERLESS = "give --number to check where its calls go"
Found = dict[str, Any]

SIGNED = {
    403: "the credentials differ from those the endpoint was made with, the URL is not the public one, "
    "the clock is off, or the address is not on the endpoint's list",
    404: "there is no such endpoint: closed, of another vendor, or a URL that is not whole",
    405: "the URL is not an endpoint's",
    200: "storage is down: the event was kept, and calls are forwarded",
    0: "nothing answers there",
}
UNSIGNED_TAKEN = {
    200: "storage is down: nothing can be verified, calls are forwarded",
    404: "there is no such endpoint",
    0: "nothing answers there",
}


def registry_known() -> bool:
    """Whether the stack's tables and signing key are at hand."""
    return bool(os.environ.get("CALLPATH_DIRECTORY_TABLE"))


def checks(
    vendor: str, url: str, credentials: Mapping[str, str], number: str | None, expected: str | None, now: datetime
) -> list[Found]:
    """Every check with `ok` true, false, or null where it could not be made, and why. Raises BadInput."""
    token, endpoint = _registered(vendor, url, now) if registry_known() else (None, None)
    found = [_https(url)]
    if registry_known():
        found += _of_registry(vendor, url, token, endpoint, now)
    found += _from_outside(vendor, url, _signer(vendor, endpoint, credentials), now)
    if token:
        found += _of_number(vendor, url, token, number, expected, now)
    return found


def _https(url: str) -> Found:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.hostname or "") in LOCAL:
        return _ok("the URL is one a carrier may send callers' numbers to")
    return _bad("the URL is one a carrier may send callers' numbers to", "it is not https")


def _registered(vendor: str, url: str, now: datetime) -> tuple[EndpointToken | None, Endpoint | None]:
    token = open_endpoint(url.rstrip("/").rpartition("/")[2], settings().signing_key)
    if token is None or token.vendor != vendor:
        return None, None
    return token, snapshot.endpoint_by_id(token.endpoint_id, now)


def _of_registry(
    vendor: str, url: str, token: EndpointToken | None, endpoint: Endpoint | None, now: datetime
) -> Iterator[Found]:
    what = "the URL is an open endpoint of this stack"
    public = f"{settings().public_url}/v1/carriers/{vendor}/"
    if token is None:
        yield _bad(what, "this stack did not make it, or for another vendor")
        return
    if endpoint is None or endpoint.closed:
        yield _bad(what, "it was closed")
        return
    yield _ok(what)
    yield _checked("it is the public URL, which carriers sign", url.startswith(public), f"that begins with {public}")
    needed = getattr(carrier(vendor), "CREDENTIALS", ("secret",))
    missing = [name for name in needed if not endpoint.credentials.get(name)]
    yield _checked("its credentials are set", not missing, f"missing: {', '.join(missing)}")
    why = "calls could not be connected when storage fails: make the endpoint anew"
    yield _checked("it has a target number of its own", bool(token.target_number), why)


def _signer(vendor: str, endpoint: Endpoint | None, given: Mapping[str, str]) -> dict[str, str]:
    """Return what signs the requests: the credentials given, else the registry's."""
    kept = endpoint.credentials if endpoint else {}
    return {name: value for name in WRITERS[vendor].needs if (value := given.get(name) or kept.get(name))}


def _from_outside(vendor: str, url: str, signer: Mapping[str, str], now: datetime) -> Iterator[Found]:
    """Check as a carrier would.

    Raises BadInput for a credential that is not at hand, unless it never can be: Telnyx keeps its private key.
    """
    unsigned = vendor == "telnyx" and not signer and registry_known()
    good = probe(vendor, url, {"private_key": _placeholder()} if unsigned else signer, now)
    answers = [_timed(good) for _ in range(TRIES)]
    seconds = min(took for _, took in answers)
    status = answers[-1][0]["status"]
    times = {"seconds": round(seconds, 3), "seconds_first": round(answers[0][1], 3)}
    quick = status != 0 and seconds < OWED_SECONDS
    why = SIGNED[0] if status == 0 else f"a caller is owed an answer within {OWED_SECONDS:.0f} s"
    yield _checked("it answers in time", quick, why) | times
    what = "the endpoint takes what the carrier signs"
    if unsigned:
        yield {"check": what, "ok": None, "why": "only Telnyx has its private key: make a pair to try it, or call"}
    else:
        yield _by_status(what, status, good=400, meaning=SIGNED)
    if vendor not in UNSIGNED:
        bare = {"Content-Type": good.headers["Content-Type"]}
        spoiled = Signed(good.parts, good.url, bare, good.body.replace(b"sign=", b"sign=0"))  # Mango signs in the form
        yield _by_status("it refuses what nobody signed", sent(spoiled)["status"], good=403, meaning=UNSIGNED_TAKEN)


def _of_number(
    vendor: str, url: str, token: EndpointToken, number: str | None, expected: str | None, now: datetime
) -> Iterator[Found]:
    """Where calls to the number go, by the registry and in the words of the carrier's reply."""
    if number is None:
        yield {"check": "the number is one of the endpoint's site", "ok": None, "why": NUMBERLESS}
        return
    owner = snapshot.owner_of(number, now)
    ours = owner is not None and owner.site_id == token.site_id
    why = "another site's" if owner else "not imported: `numbers import`"
    yield _checked("the number is one of the endpoint's site", ours, why)
    route = receive_call.where_to(token, number, now)
    right = route.target_number is not None and expected in (None, route.target_number)
    why = f"not to {expected}" if route.target_number else "neither the pool, the number nor the endpoint says where to"
    yield _checked("its calls go to the right number", right, why) | {"forwards_to": route.target_number}
    yield _reply(vendor, url, number, route, now)


def _reply(vendor: str, url: str, number: str, route: Route, now: datetime) -> Found:
    what = "the answer to a call forwards it there"
    module = carrier(vendor)
    target = route.target_number or ""
    call = SimulatedCall("check", number, number, target or number, now)
    first = next(requests_of(vendor, call, url, {name: _placeholder() for name in WRITERS[vendor].needs}, now))
    request = Request("POST", urlsplit(first.url).path, {}, _lower(first.headers), first.body, "", now)
    if module is None or not target:
        return _bad(what, "there is no number to forward to")
    answer = str(module.reply(Hook(request, first.parts, url), (), lambda: route).body)
    if target.lstrip("+") in answer:
        return _ok(what)
    return {"check": what, "ok": None, "why": f"{vendor} forwards calls by its own settings: set {target} there"}


def _timed(signed: Signed) -> tuple[Found, float]:
    began = time.monotonic()
    answer = sent(signed)
    return answer, time.monotonic() - began


def _placeholder() -> str:
    """Return a stand-in for a credential that is not at hand: what it signs is refused, or never sent."""
    return base64.b64encode(bytes(range(32))).decode()


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _by_status(what: str, status: int, *, good: int, meaning: Mapping[int, str]) -> Found:
    found = _checked(what, status == good, meaning.get(status, "not an answer of callpath's"))
    return found | {"status": status}


def _checked(what: str, ok: bool, why: str) -> Found:
    return _ok(what) if ok else _bad(what, why)


def _ok(what: str) -> Found:
    return {"check": what, "ok": True}


def _bad(what: str, why: str) -> Found:
    return {"check": what, "ok": False, "why": why}
