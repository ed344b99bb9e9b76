"""Which periods of a site are reported on a schedule. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


class Period(NamedTuple):
    """Days of the site's zone, both included."""

    first_day: date
    last_day: date

    @property
    def name(self) -> str:
        """Return `2026-11-01_2026-11-30`, as keys have it."""
        return f"{self.first_day}_{self.last_day}"


def due_periods(now: datetime, time_zone: str) -> list[Period]:
    """Yesterday, the last whole ISO week, the last whole month and the month so far."""
    today = now.astimezone(ZoneInfo(time_zone)).date()
    monday = today - today.weekday() * DAY
    month = today.replace(day=1)
    return [
        Period(today - DAY, today - DAY),
        Period(monday - 7 * DAY, monday - DAY),
        Period((month - DAY).replace(day=1), month - DAY),
        Period(month, today),
    ]


def parse_period_name(name: str) -> Period | None:
    """Return the period of a part of a key, or None for anything else."""
    first, mark, last = name.partition("_")
    try:
        return Period(date.fromisoformat(first), date.fromisoformat(last)) if mark else None
    except ValueError:
        return None
