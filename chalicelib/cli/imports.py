"""`import-spend` and `import-deals`: files of spend and deals, taken in as a drop into the bucket would be."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.cli.arguments import site_of
from chalicelib.cli.console import read_file, show_import
from chalicelib.core import clock


def add(commands: Any) -> None:
    """Declare the commands."""
    for name, run, source in (("spend", _spend, "generic"), ("deals", _deals, "csv")):
        command = commands.add_parser(
            f"import-{name}",
            help=f"read a file of {name} into a site",
            description="Lines that cannot be taken are reported with the reason; the others land, each once "
            "however often the file is imported.",
        )
        command.add_argument("file", metavar="FILE", help="CSV; any usual encoding and delimiter")
        command.add_argument("--site", required=True, metavar="ID", help="site id")
        command.add_argument("--source", default=source, metavar="NAME", help=f"where the file is from ({source})")
        command.set_defaults(run=run, needs_stack=True)


def _spend(options: argparse.Namespace) -> bool:
    from chalicelib.reports.spend import import_spend

    site, raw = site_of(options.site), read_file(options.file, "FILE")
    return show_import(import_spend.import_rows(site.site_id, options.source, raw, clock.utc_now()))


def _deals(options: argparse.Namespace) -> bool:
    from chalicelib.deals import import_deals

    site, raw = site_of(options.site), read_file(options.file, "FILE")
    return show_import(import_deals.import_rows(site.site_id, options.source, raw, clock.utc_now()))
