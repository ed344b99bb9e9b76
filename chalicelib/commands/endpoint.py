"""`endpoint create`: a webhook URL for a carrier or a CRM."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.body import decode
from chalicelib.commands.output import read_file, show
from chalicelib.commands.sites import site_of
from chalicelib.errors import BadInput
from chalicelib.http import to_json
from chalicelib.manage.endpoints import NewEndpoint, open_endpoint, shown


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser("endpoint", help="make a webhook URL").add_subparsers(required=True, metavar="create")
    create = command.add_parser(
        "create",
        help="make a webhook URL for a carrier or a CRM",
        description="Prints the endpoint with its URL, which is not shown again: it goes to the carrier or the CRM.",
    )
    create.add_argument("--site", required=True, metavar="ID", help="site id")
    create.add_argument("--kind", required=True, choices=("carrier", "crm"))
    create.add_argument("--vendor", required=True, metavar="NAME", help="e.g. twilio, generic")
    help_text = "what its signatures are checked by: auth_token=… for twilio, secret=… else; NAME=@FILE reads a file"
    create.add_argument("--credential", action="append", default=[], metavar="NAME=VALUE", help=help_text)
    create.add_argument("--target-number", metavar="PHONE", help="carriers: where calls go when all else fails")
    create.add_argument("--record", action="store_true", help="carriers: record those calls")
    create.add_argument("--time-zone", metavar="ZONE", help="carriers that write local times: their zone")
    create.set_defaults(run=_run, needs_stack=True)


def _run(options: argparse.Namespace) -> bool:
    body = {
        "kind": options.kind,
        "vendor": options.vendor,
        "credentials": dict(credential(text) for text in options.credential),
        "target_number": options.target_number,
        "record": options.record,
        "time_zone": options.time_zone,
    }
    endpoint, url = open_endpoint(site_of(options.site), decode(to_json(body).encode(), NewEndpoint))
    show(shown(endpoint) | {"url": url})
    return True


def credential(text: str) -> tuple[str, str]:
    """`NAME=VALUE`, or `NAME=@FILE` for what must not stand in the shell's history, as a pair. Raises BadInput."""
    """NAME=VALUE, or NAME=@FILE for a value out of a file. Raises BadInput."""
    name, mark, value = text.partition("=")
    if not mark:
        raise BadInput("--credential", "not NAME=VALUE")
    if value.startswith("@"):
        return name, read_file(value[1:], "--credential").decode().strip()
    return name, value
