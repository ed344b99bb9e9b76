"""One module per source of spend, each with `read(raw, currency)`: its rows, as ours.

A second source is a module here and a line in SPEND_SOURCES.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from chalicelib.core.errors import BadInput

if TYPE_CHECKING:
    from chalicelib.reports.spend.row import Read

SPEND_SOURCES = {"generic": "chalicelib.reports.spend.generic_csv"}


class SpendSource(Protocol):
    """What a module of this package offers."""

    def read(self, raw: bytes, currency: str) -> Read:
        """Line → row, or what is wrong with it. Raises BadInput for a file that cannot be read at all."""
        ...


def spend_source(name: str) -> SpendSource:
    """Return the module of one source, imported when it is needed. Raises BadInput for a name not in SPEND_SOURCES."""
    if name not in SPEND_SOURCES:
        raise BadInput("source", f"not one of {', '.join(sorted(SPEND_SOURCES))}")
    return cast("SpendSource", import_module(SPEND_SOURCES[name]))
