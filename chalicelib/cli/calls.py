"""`calls import`: calls from a carrier's history, as a drop into the bucket would be taken in."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.api import validators
from chalicelib.carriers.history import HISTORIES
from chalicelib.cli.arguments import site_of
from chalicelib.cli.console import read_file, show_import
from chalicelib.core import clock


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser("calls", help="import calls").add_subparsers(required=True, metavar="import")
    read = command.add_parser(
        "import",
        help="read a carrier's history of calls into a site",
        description="Each call is matched to who held its number then. Rows that cannot be taken are reported with the "
        "reason; the others land, each once however often the file is imported, and beside their webhooks.",
    )
    read.add_argument("file", metavar="FILE", help="the carrier's export, CSV or JSON")
    read.add_argument("--site", required=True, metavar="ID", help="site id")
    read.add_argument("--vendor", required=True, choices=sorted(HISTORIES), help="whose export it is")
    read.add_argument("--time-zone", metavar="ZONE", help="of times that name none; the site's where it is not given")
    read.set_defaults(run=_run, needs_stack=True)


def _run(options: argparse.Namespace) -> bool:
    from chalicelib.carriers import import_calls

    site, raw = site_of(options.site), read_file(options.file, "FILE")
    zone = validators.time_zone(options.time_zone, "--time-zone") if options.time_zone else None
    return show_import(import_calls.import_rows(site.site_id, options.vendor, raw, clock.utc_now(), zone=zone))
