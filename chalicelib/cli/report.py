"""`report`: report files from plain files of calls, deals and spend. No AWS."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from chalicelib.cli.channel_rules import rules_of_file
from chalicelib.cli.console import show


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "report",
        help="make report files from plain files, without AWS",
        description="Join calls, deals and spend, and write the report in every format into a folder.",
    )
    command.add_argument("--calls", type=Path, required=True, metavar="FILE", help="JSON lines")
    command.add_argument("--deals", type=Path, metavar="FILE", help="CSV")
    command.add_argument("--spend", type=Path, metavar="FILE", help="CSV")
    command.add_argument("--by", default="channel", metavar="GROUPING", help="channel, campaign, keyword, … (channel)")
    command.add_argument(
        "--model",
        default="last_non_direct",
        metavar="MODEL",
        help="attribution model, e.g. linear, time_decay:7d, position_based:40/20/40 (last_non_direct)",
    )
    command.add_argument(
        "--out", type=Path, default=Path("report"), metavar="DIR", help="folder for the files (report)"
    )
    command.add_argument("--time-zone", default="UTC", metavar="ZONE", help="IANA zone of days and hours (UTC)")
    command.add_argument(
        "--currency", metavar="CODE", help="ISO 4217 of amounts that name none; else the files name it"
    )
    command.add_argument(
        "--country", default="RU", metavar="CODE", help="assumed for phone numbers without a prefix (RU)"
    )
    command.add_argument("--rules", metavar="FILE", help="JSON: channel rules, as docs/campaigns.md shows")
    command.set_defaults(run=_run, needs_stack=False)


def _run(options: argparse.Namespace) -> bool:
    from chalicelib.reports.plain import run  # the report layer's packages: only this command needs them

    answer = run.run(
        options.calls,
        options.deals,
        options.spend,
        by=options.by,
        model=options.model,
        out=options.out,
        time_zone=options.time_zone,
        currency=options.currency,
        country=options.country,
        rules=rules_of_file(options.rules) if options.rules else (),
    )
    show(answer)
    return True
