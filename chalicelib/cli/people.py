"""`erase` and `export`: a person's rights to be forgotten, and to learn what is kept of them."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import Any

from chalicelib.cli.arguments import site_of
from chalicelib.cli.console import show
from chalicelib.core import clock
from chalicelib.core.phone import parse_phone
from chalicelib.privacy.types import Person
from chalicelib.registry.types import Site


def add(commands: Any) -> None:
    """Declare both commands."""
    erase = commands.add_parser(
        "erase",
        help="forget a person; figures stay as they are",
        description="Take a person out of calls, recordings, leads and visits. What was counted stays counted.",
    )
    export = commands.add_parser(
        "export",
        help="print all that is known of a person",
        description="Print the calls, deals, leads and visits of a person as JSON.",
    )
    for command, run in ((erase, _erase), (export, _export)):
        command.add_argument("--site", required=True, metavar="SITE", help="the site's id")
        who = command.add_mutually_exclusive_group(required=True)
        who.add_argument("--phone", metavar="PHONE", help="the person's number; - reads it from standard input")
        who.add_argument("--visitor", metavar="ID", help="the browser's visitor_id")
        command.set_defaults(run=run, needs_stack=True)


def _erase(options: argparse.Namespace) -> bool:
    from chalicelib.privacy.erase_person import erase

    done = erase(_person(site_of(options.site), options), clock.utc_now())
    show(asdict(done))
    return True


def _export(options: argparse.Namespace) -> bool:
    from chalicelib.privacy.export_person import export

    show(export(_person(site_of(options.site), options)))
    return True


def _person(site: Site, options: argparse.Namespace) -> Person:
    from chalicelib.privacy import find_person

    if options.visitor:
        return find_person.by_visitor(site.site_id, options.visitor)
    text = sys.stdin.readline() if options.phone == "-" else options.phone
    return find_person.by_phone(site.site_id, parse_phone(text, country=site.country, field="--phone").e164)
