"""`endpoint create`, `endpoint credentials`: a webhook URL for a carrier or a CRM, and its secrets."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.api.endpoints import NewEndpoint, open_endpoint, renew_credentials, shown
from chalicelib.cli.arguments import site_of
from chalicelib.cli.console import read_file, show
from chalicelib.core.errors import BadInput
from chalicelib.core.json_body import decode
from chalicelib.registry.types import ShownNumber
from chalicelib.runtime.http import to_json

CREDENTIAL: dict[str, Any] = {"action": "append", "metavar": "NAME=VALUE"}


def add(commands: Any) -> None:
    """Declare the commands."""
    endpoint = commands.add_parser("endpoint", help="make a webhook URL, renew its credentials")
    command = endpoint.add_subparsers(required=True, metavar="create|credentials")
    _add_credentials(command)
    create = command.add_parser(
        "create",
        help="make a webhook URL for a carrier or a CRM",
        description="Prints the endpoint with its URL, which is not shown again: it goes to the carrier or the CRM.",
    )
    create.add_argument("--site", required=True, metavar="ID", help="site id")
    create.add_argument("--kind", required=True, choices=("carrier", "crm"))
    create.add_argument("--vendor", required=True, metavar="NAME", help="e.g. twilio, generic")
    help_text = "what its signatures are checked by: auth_token=… for twilio, secret=… else; NAME=@FILE reads a file"
    create.add_argument("--credential", default=[], help=help_text, **CREDENTIAL)
    create.add_argument("--target-number", metavar="PHONE", help="carriers: where calls go when all else fails")
    create.add_argument("--record", action="store_true", help="carriers: record those calls")
    create.add_argument("--time-zone", metavar="ZONE", help="carriers that write local times: their zone")
    add_answering(create)
    create.set_defaults(run=_run, needs_stack=True)


def _add_credentials(command: Any) -> None:
    credentials = command.add_parser(
        "credentials",
        help="renew an endpoint's credentials",
        description="Changes what an endpoint's signatures are checked by. Its URL stays.",
    )
    credentials.add_argument("--site", required=True, metavar="ID", help="site id")
    credentials.add_argument("--endpoint", required=True, metavar="ID", help="endpoint id")
    help_text = "one to change; NAME=@FILE reads a file, NAME= takes one away that is not needed"
    credentials.add_argument("--credential", required=True, help=help_text, **CREDENTIAL)
    credentials.set_defaults(run=_renew, needs_stack=True)


def _renew(options: argparse.Namespace) -> bool:
    given = dict(credential(text) for text in options.credential)
    show(shown(renew_credentials(site_of(options.site).site_id, options.endpoint, given)))
    return True


def _run(options: argparse.Namespace) -> bool:
    body = {
        "kind": options.kind,
        "vendor": options.vendor,
        "credentials": dict(credential(text) for text in options.credential),
        "target_number": options.target_number,
        "record": options.record,
        "time_zone": options.time_zone,
        "answering": answering_of(options),
    }
    endpoint, url = open_endpoint(site_of(options.site), decode(to_json(body).encode(), NewEndpoint))
    show(shown(endpoint) | {"url": url})
    return True


def add_answering(command: argparse.ArgumentParser) -> None:
    """Declare how calls are put through; docs/carriers.md says which carrier can do what."""
    command.add_argument("--ring-seconds", type=int, metavar="N", help="how long the business's telephone rings (30)")
    command.add_argument("--show", choices=[*ShownNumber], help="which number that telephone shows (caller)")
    text = "text or https URL of a sound"
    command.add_argument("--announcement", metavar="TEXT", help=f"{text}: the caller hears it first")
    command.add_argument("--whisper", metavar="TEXT", help=f"{text}: who answers hears it before being connected")
    command.add_argument("--language", metavar="CODE", help="of those texts, e.g. ru-RU")


def answering_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was given of it, as the manage API takes it."""
    names = ("ring_seconds", "show", "announcement", "whisper", "language")
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def credential(text: str) -> tuple[str, str]:
    """Return NAME=VALUE, or NAME=@FILE for what must not be in the shell's history, as a pair. Raises BadInput."""
    name, mark, value = text.partition("=")
    if not mark:
        raise BadInput("--credential", "not NAME=VALUE")
    if value.startswith("@"):
        return name, read_file(value[1:], "--credential").decode().strip()
    return name, value
