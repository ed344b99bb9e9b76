"""`carriers simulate` and `carriers check`: try an endpoint before a number is bought."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from chalicelib import clock, tokens
from chalicelib.attribution.carriers import CARRIERS
from chalicelib.attribution.carriers.simulate import Signed, probe, requests_of
from chalicelib.attribution.carriers.simulated_calls import SimulatedCall
from chalicelib.commands.endpoint import credential
from chalicelib.commands.output import show
from chalicelib.errors import BadInput
from chalicelib.phone import parse_phone

TIMEOUT_SECONDS = 15
UNSIGNED = ("exolve", "uis")


def add(commands: Any) -> None:
    """Declare the commands."""
    parent = commands.add_parser("carriers", help="try a carrier's endpoint")
    kinds = parent.add_subparsers(required=True, metavar="simulate|check")
    simulate = kinds.add_parser(
        "simulate",
        help="send the signed webhooks of one call",
        description="Sends what the carrier would send for one call and prints the answers; the first forwards it.",
    )
    _shared(simulate)
    simulate.add_argument("--number", required=True, metavar="PHONE", help="the tracking number that is called, E.164")
    simulate.add_argument("--caller", required=True, metavar="PHONE", help="who calls, E.164")
    simulate.add_argument("--target", default="+10000000000", metavar="PHONE", help="the forwarded leg's number, E.164")
    simulate.add_argument("--ring", type=int, default=5, metavar="SECONDS", help="ringing (5)")
    simulate.add_argument("--talk", type=int, default=45, metavar="SECONDS", help="talk (45); 0: nobody answers")
    simulate.add_argument("--time-zone", default="UTC", metavar="ZONE", help="of carriers that write local times (UTC)")
    simulate.set_defaults(run=_simulate, needs_stack=False)
    check = kinds.add_parser(
        "check",
        help="say whether an endpoint is configured right",
        description="Sends one request signed wrongly and one signed rightly that names no call: nothing is stored.",
    )
    _shared(check)
    check.set_defaults(run=_check, needs_stack=False)


def _shared(command: argparse.ArgumentParser) -> None:
    command.add_argument("vendor", choices=sorted(CARRIERS))
    command.add_argument("--url", required=True, metavar="URL", help="the endpoint's URL, as it was printed when made")
    text = "as given to the endpoint (telnyx: private_key=… instead, base64 of 32 bytes); NAME=@FILE reads a file"
    command.add_argument("--credential", action="append", default=[], metavar="NAME=VALUE", help=text)


def _simulate(options: argparse.Namespace) -> bool:
    """Whether every webhook was taken."""
    now = clock.utc_now()
    lasted = timedelta(seconds=options.ring + options.talk)
    call = SimulatedCall(
        call_id=tokens.random_id("simulated-"),
        caller=parse_phone(options.caller, country="ZZ", field="--caller").e164,
        number=parse_phone(options.number, country="ZZ", field="--number").e164,
        target=parse_phone(options.target, country="ZZ", field="--target").e164,
        started_at=now - lasted,
        ring_seconds=options.ring,
        talk_seconds=options.talk,
        time_zone=options.time_zone,
    )
    signed = requests_of(options.vendor, call, options.url, _credentials(options), now)
    answers = [{"path": "/".join(each.parts), **_sent(each)} for each in signed]
    show({"call_id": call.call_id, "answers": answers})
    return all(answer["status"] == 200 for answer in answers)


def _check(options: argparse.Namespace) -> bool:
    """Whether the endpoint refuses what is not signed and takes what is."""
    good = probe(options.vendor, options.url, _credentials(options), clock.utc_now())
    found = [_found("the endpoint takes what the carrier signs", _sent(good), good=400, meaning=SIGNED)]
    if options.vendor not in UNSIGNED:
        bare = {"Content-Type": good.headers["Content-Type"]}
        spoiled = Signed(good.parts, good.url, bare, good.body.replace(b"sign=", b"sign=0"))  # Mango signs in the form
        found.append(_found("it refuses what nobody signed", _sent(spoiled), good=403, meaning=UNSIGNED_TAKEN))
    show({"vendor": options.vendor, "checks": found})
    return all(each["ok"] for each in found)


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


def _found(what: str, answer: Mapping[str, Any], *, good: int, meaning: Mapping[int, str]) -> dict[str, Any]:
    status = answer["status"]
    found = {"check": what, "ok": status == good, "status": status}
    return found if status == good else found | {"why": meaning.get(status, "not an answer of callpath's")}


def _credentials(options: argparse.Namespace) -> dict[str, str]:
    return dict(credential(text) for text in options.credential)


class _NoRedirect(HTTPRedirectHandler):
    """Signed requests go where they were signed for, and nowhere else."""

    def redirect_request(self, *arguments: Any, **named: Any) -> None:
        return None


def _sent(signed: Signed) -> dict[str, Any]:
    """Status and body of the answer; status 0 where nothing answered. Raises BadInput for a URL that is none."""
    if not signed.url.startswith(("https://", "http://")):
        raise BadInput("--url", "is not an http or https URL")
    request = Request(signed.url, data=signed.body, headers=signed.headers, method="POST")  # noqa: S310 - checked above
    try:
        with build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS) as answer:
            return {"status": answer.status, "answer": answer.read().decode()}
    except HTTPError as refusal:
        return {"status": refusal.code, "answer": refusal.read().decode()}
    except (URLError, TimeoutError) as failure:
        return {"status": 0, "answer": str(getattr(failure, "reason", failure))}
