"""`carriers simulate` and `carriers check`: try an endpoint before a number is bought."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

from chalicelib.calls.types import CallStatus
from chalicelib.carriers import CARRIERS, our_call_id
from chalicelib.carriers.simulator.calls import SimulatedCall
from chalicelib.carriers.simulator.requests import requests_of
from chalicelib.carriers.simulator.transfers import TRANSFERS
from chalicelib.cli import carrier_check
from chalicelib.cli.carrier_requests import sent
from chalicelib.cli.console import show
from chalicelib.cli.endpoint import credential
from chalicelib.core import clock, tokens
from chalicelib.core.phone import parse_phone

TALKED = ("answered", "transferred")
OUTCOMES = (*TALKED, "missed", "busy", "abandoned", "failed")


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
    simulate.add_argument("--outcome", choices=OUTCOMES, default="answered", help="how it goes (answered)")
    simulate.add_argument("--outgoing", action="store_true", help="the business rings --caller from --number")
    simulate.add_argument("--no-recording", action="store_true", help="it is not recorded")
    simulate.add_argument("--time-zone", default="UTC", metavar="ZONE", help="of carriers that write local times (UTC)")
    simulate.set_defaults(run=_simulate, needs_stack=False)
    check = kinds.add_parser(
        "check",
        help="say whether an endpoint is configured right",
        description="Sends requests signed wrongly, and rightly but naming no call: nothing is stored. With --stack it "
        "also reads the registry: the endpoint's credentials, its number's site, where its calls go. Ends with 1 where "
        "something is wrong.",
    )
    _shared(check)
    check.add_argument(
        "--number", metavar="PHONE", help="with a stack: a tracking number whose calls it reports, E.164"
    )
    check.add_argument("--forwards-to", metavar="PHONE", help="with --number: where its calls are to go, E.164")
    check.set_defaults(run=_check, needs_stack=False)


def _shared(command: argparse.ArgumentParser) -> None:
    command.add_argument("vendor", choices=sorted(CARRIERS))
    command.add_argument("--url", required=True, metavar="URL", help="the endpoint's URL, as it was printed when made")
    text = "as given to the endpoint (telnyx: private_key=… instead, base64 of 32 bytes); NAME=@FILE reads a file"
    command.add_argument("--credential", action="append", default=[], metavar="NAME=VALUE", help=text)


def _simulate(options: argparse.Namespace) -> bool:
    """Whether every webhook was taken."""
    now = clock.utc_now()
    talk = options.talk if options.outcome in TALKED else 0
    lasted = timedelta(seconds=options.ring + talk)
    call = SimulatedCall(
        call_id=tokens.random_id("simulated-"),
        caller=parse_phone(options.caller, country="ZZ", field="--caller").e164,
        number=parse_phone(options.number, country="ZZ", field="--number").e164,
        target=parse_phone(options.target, country="ZZ", field="--target").e164,
        started_at=now - lasted,
        ring_seconds=options.ring,
        talk_seconds=talk,
        time_zone=options.time_zone,
        ending=CallStatus.MISSED if options.outcome in TALKED else CallStatus(options.outcome),
        recorded=not options.no_recording,
        passed_on=options.outcome == "transferred",
        outgoing=options.outgoing,
    )
    signed = requests_of(options.vendor, call, options.url, _credentials(options), now)
    answers = [{"path": "/".join(each.parts), **sent(each)} for each in signed]
    shown: dict[str, Any] = {"call_id": our_call_id(options.vendor, call.call_id), "answers": answers}
    if call.passed_on and options.vendor not in TRANSFERS:
        shown["note"] = f"{options.vendor} does not see what happens behind the target number: an answered call to it"
    show(shown)
    return all(answer["status"] == 200 for answer in answers)


def _check(options: argparse.Namespace) -> bool:
    """Whether nothing is wrong with the endpoint, as far as it could be checked."""
    number, expected = (_phone(text, name) for text, name in _numbers(options))
    found = carrier_check.checks(options.vendor, options.url, _credentials(options), number, expected, clock.utc_now())
    wrong = [each for each in found if each["ok"] is False]
    open_ = [each for each in found if each["ok"] is None]
    verdict = "not ready" if wrong else "ready as far as it was checked" if open_ else "ready"
    show({"vendor": options.vendor, "verdict": verdict, "checks": found})
    return not wrong


def _numbers(options: argparse.Namespace) -> tuple[tuple[str | None, str], tuple[str | None, str]]:
    return (options.number, "--number"), (options.forwards_to, "--forwards-to")


def _phone(text: str | None, name: str) -> str | None:
    return parse_phone(text, country="ZZ", field=name).e164 if text else None


def _credentials(options: argparse.Namespace) -> dict[str, str]:
    return dict(credential(text) for text in options.credential)
