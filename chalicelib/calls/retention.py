"""How long a site keeps personal data, and which days to look at again."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from chalicelib.calls import late_days_table
from chalicelib.registry.types import Site


def last_day(site: Site, now: datetime) -> date:
    """Return the last day of the site's zone whose calls hold nothing personal any more."""
    return site.day_of(now) - timedelta(days=site.days_of_persons)


def look_again(site: Site, day: date, now: datetime) -> None:
    """Note that a day has got a call, where retention may have been there already. Raises StorageUnavailable."""
    if day <= last_day(site, now):
        late_days_table.put_late(site.site_id, day, now)
