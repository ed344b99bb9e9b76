"""`recover`: carrier events of an outage in which only the log was left to keep them."""

from __future__ import annotations

import argparse
import json
from typing import Any

from chalicelib.carriers import spool_bucket
from chalicelib.cli.console import read_file, show


def add(commands: Any) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "recover",
        help="take in carrier events that only the log kept",
        description="Read the log of receive_call, as `aws logs filter-log-events` or the console exports it, and take"
        " in the events that neither tables, queue nor bucket could keep. Doing it again is harmless.",
    )
    command.add_argument("file", metavar="FILE", help="the log, e.g. of the outage's hours")
    command.set_defaults(run=_run, needs_stack=True)


def _run(options: argparse.Namespace) -> bool:
    kept = spool_bucket.spooled_in_log(_lines(read_file(options.file, "FILE")))
    spool_bucket.put_back(kept)
    show({"recovered": len(kept)})
    return True


def _lines(raw: bytes) -> str:
    """Return the log's own lines: as they are, or the messages in the JSON of `aws logs filter-log-events`."""
    text = raw.decode("utf-8", "replace")
    try:
        events = json.loads(text)["events"]
        return "\n".join(event["message"] for event in events)
    except (ValueError, TypeError, KeyError):
        return text
