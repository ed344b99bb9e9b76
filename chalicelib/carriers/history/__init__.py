"""Exports of past calls: one table of words for each carrier. A new one is one `history.py` and one row. Pure.

Each module is its `FORMAT`: what its headings and words mean. The rows of all of them are read in csv_rows.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.core.errors import BadInput

HISTORIES = {  # vendor → module, imported when first asked for
    "exolve": "chalicelib.carriers.exolve.history",
    "generic": "chalicelib.carriers.generic.history",
    "mango": "chalicelib.carriers.mango.history",
    "plivo": "chalicelib.carriers.plivo.history",
    "telnyx": "chalicelib.carriers.telnyx.history",
    "twilio": "chalicelib.carriers.twilio.history",
    "uis": "chalicelib.carriers.uis.history",
    "vonage": "chalicelib.carriers.vonage.history",
    "zadarma": "chalicelib.carriers.zadarma.history",
}

# What a heading may mean. From and to are as dialled; caller is the customer and number ours, in either direction.
FIELDS = frozenset(
    {
        *("call_id", "leg_of", "direction", "from", "to", "caller", "number", "from_extension", "to_extension"),
        *("started_at", "answered_at", "ended_at", "talk", "line", "total", "status", "lost"),
        *("answered_by", "hangup_cause", "recording_url", "recording_id"),
        *("gclid", "yclid", "ym_client_id", "ua_client_id"),
    }
)


@dataclass(frozen=True, slots=True)
class Format:
    """How one carrier's export is read. Words are in lower case."""

    headings: Mapping[str, str]  # field → its headings, separated by |; the first that is filled counts
    statuses: Mapping[str, CallStatus] = field(default_factory=dict)  # how calls without a talk ended
    talked: frozenset[str] = frozenset()  # statuses of calls that were answered, or whose length alone says whether
    unfinished: frozenset[str] = frozenset()  # statuses of calls that still go on
    directions: Mapping[str, Direction] = field(default_factory=dict)
    id_directions: Mapping[str, Direction] = field(default_factory=dict)  # how a call's id begins, where no column says
    columns: tuple[str, ...] = ()  # the headings of a file that comes without them, in its order
    nobody: frozenset[str] = frozenset()  # what is written for a withheld number
    zone: str | None = None  # of times without one; None: the site's
    per_second: int = 1  # in what durations are counted: 1000 for milliseconds
    in_full: bool = False  # numbers are written in full without a plus

    def row(self, cells: Mapping[str, str]) -> dict[str, str]:
        """Return cells by field of cells by heading; a field without any of its columns is left out."""
        found = {
            name: [cells[each] for each in columns.split("|") if each in cells]
            for name, columns in self.headings.items()
        }
        return {name: next(filter(None, values), "") for name, values in found.items() if values}


def format_of(vendor: str) -> Format:
    """Return the carrier's format. Raises BadInput naming `vendor`."""
    if vendor not in HISTORIES:
        raise BadInput("vendor", f"not one of {', '.join(HISTORIES)}")
    found: Format = import_module(HISTORIES[vendor]).FORMAT
    return found
