"""`numbers import`: tracking numbers from a CSV file into a site."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.api import numbers
from chalicelib.cli.arguments import site_of
from chalicelib.cli.console import read_file, show_import
from chalicelib.core import clock
from chalicelib.pool.lending.number_csv import KINDS


def add(commands: Any) -> None:
    """Declare the command."""
    parent = commands.add_parser("numbers", help="import tracking numbers")
    importer = parent.add_subparsers(required=True, metavar="import").add_parser(
        "import",
        help="read a CSV of numbers into a site",
        description="Columns: number; where they differ from the options kind, pool, campaign, target_number, label. "
        "Lines that cannot be taken are reported; the others land.",
    )
    importer.add_argument("file", metavar="FILE", help="CSV; any usual encoding and delimiter")
    importer.add_argument("--site", required=True, metavar="ID", help="site id")
    importer.add_argument("--pool", metavar="ID", help="pool of the numbers that name none")
    importer.add_argument("--kind", choices=KINDS, help="kind of the numbers that name none (dynamic)")
    importer.set_defaults(run=_run, needs_stack=True)


def _run(options: argparse.Namespace) -> bool:
    site = site_of(options.site)
    raw = read_file(options.file, "FILE")
    defaults = {"pool_id": options.pool or "", "kind": options.kind or ""}
    return show_import(numbers.import_table(site, raw, defaults, clock.utc_now()))
