"""One minute of a pool as the census counted it. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


class Minute(NamedTuple):
    """A census row; census_table.py describes its attributes. `live` None: the census did not count this minute."""

    at: datetime  # its beginning
    live: int | None = None
    numbers: int = 0
    leases: int = 0
    overflow: int = 0
    refused: int = 0
    calls: int = 0
    overflow_calls: int = 0
    ended: int = 0
    stay: int = 0
    lapsed: int = 0
    renewals: int = 0
    doubt: int = 0


COUNTS = tuple(name for name in Minute._fields if name != "at")
