"""`provision`: an account with a site and a pool, or the operator's key; what exists by its name is left as it is."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.api.provision import Plan, operator_key, provision
from chalicelib.cli.console import read_file, show
from chalicelib.core import clock
from chalicelib.core.errors import BadInput
from chalicelib.core.json_body import decode
from chalicelib.runtime.http import to_json

SITE = {
    "site": "name",
    "origin": "allowed_origins",
    "swap": "swap",
    "time_zone": "time_zone",
    "currency": "currency",
    "country": "country",
}
POOL = {"pool": "name", "target_number": "target_number", "overflow_number": "overflow_number", "hold": "hold_seconds"}


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "provision",
        help="create an account with a site and a pool, or the operator's API key",
        description="Create what is missing and print ids, the site key, the snippet, what it replaces, what is still "
        "missing and, once, the API key. What exists by its name is left as it is.",
    )
    command.add_argument(
        "--operator-key", action="store_true", help="make an API key that may do everything; nothing else"
    )
    command.add_argument(
        "--file", metavar="PLAN", help='JSON: {"account": NAME, "site": {…}, "pool": {…}}, fields as in the manage API'
    )
    command.add_argument("--account", metavar="NAME", help="name of the customer")
    command.add_argument("--site", metavar="NAME", help="name of the website")
    command.add_argument(
        "--origin", action="append", metavar="URL", help="origin that may ask for numbers; repeat for more"
    )
    command.add_argument(
        "--swap",
        action="append",
        metavar="WHAT",
        help="what the snippet replaces: a phone number as it is on the page, or a CSS selector; repeat for more "
        "(the pool's target number)",
    )
    command.add_argument("--time-zone", metavar="ZONE", help="IANA name, e.g. Europe/Moscow")
    command.add_argument("--currency", metavar="CODE", help="ISO 4217, e.g. RUB")
    command.add_argument("--country", metavar="CODE", help="ISO 3166, e.g. RU: assumed for numbers without a prefix")
    command.add_argument("--pool", metavar="NAME", help="name of the pool")
    command.add_argument("--target-number", metavar="PHONE", help="where calls go")
    command.add_argument("--overflow-number", metavar="PHONE", help="shown when no dynamic number is free")
    command.add_argument("--hold", type=int, metavar="SECONDS", help="length of a lease")
    command.set_defaults(run=_run, needs_stack=True)


def _run(options: argparse.Namespace) -> bool:
    now = clock.utc_now()
    show(operator_key("operator", now) if options.operator_key else provision(_plan(options), now))
    return True


def _plan(options: argparse.Namespace) -> Plan:
    if options.file:
        return decode(read_file(options.file, "--file"), Plan)
    if not options.account or not options.site:
        raise BadInput("--account and --site", "both are needed, or --file, or --operator-key")
    given = vars(options) | {"swap": options.swap and [_swap_rule(text) for text in options.swap]}
    site = {field: given[option] for option, field in SITE.items() if given[option] is not None}
    pool = {field: given[option] for option, field in POOL.items() if given[option] is not None}
    plan: dict[str, Any] = {"account": options.account, "site": site} | ({"pool": pool} if pool else {})
    return decode(to_json(plan).encode(), Plan)  # checked as a file would be


def _swap_rule(text: str) -> dict[str, str]:
    """Distinguish a telephone number from a selector: it starts with what no CSS selector can start with."""
    return {"number" if text.lstrip()[:1] in tuple("+(0123456789") else "selector": text}
