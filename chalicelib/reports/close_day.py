"""The task: rebuild the facts of every day that changed.

Each change to a day marks it. The mark is taken away only after its facts are written, only when nobody marked
it again meanwhile (the token), and only when it is older than an index can lag behind: a change is never lost, at
worst a day is built twice.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.attribution.load_rulebook import load_rulebook
from chalicelib.audit import chain_table
from chalicelib.calls import changed_days_table
from chalicelib.calls.events_table import CALL_DAYS
from chalicelib.core.errors import NotFound
from chalicelib.registry import snapshot
from chalicelib.reports.facts import facts_bucket, read_day
from chalicelib.runtime import log

if TYPE_CHECKING:
    from chalicelib.calls.changed_days_table import ChangedDay

INDEX_LAG = timedelta(seconds=2)  # calls and deals of a day are read through indexes, which are eventually consistent


class DaysFailed(Exception):
    """Some days could not be rebuilt; their marks stand, so the next run tries again."""


def close(now: datetime) -> dict[str, int]:
    """Rebuild what changed, the latest days first: who changed a rule and so a year waits, today's report does not.

    One day that fails does not stop the others; DaysFailed is raised at the end.
    """
    rebuilt = failed = 0
    marked = sorted(changed_days_table.changed_days(), key=lambda changed: (changed.day, changed.site_id), reverse=True)
    snapshot.forget()  # a rule or campaign changed in the last minute is why some of these days are marked
    for changed in marked:
        try:
            rebuild(changed.site_id, changed.day, now)
            forget_if_settled(changed, now)
            rebuilt += 1
        except Exception as error:  # noqa: BLE001 - any day's own trouble; the alarm sees the exception below
            failed += 1
            log.error("day_failed", site_id=changed.site_id, day=changed.day, error=type(error).__name__)
    log.event("days_closed", rebuilt=rebuilt, failed=failed)
    if failed:
        raise DaysFailed(f"{failed} of {failed + rebuilt} changed days could not be rebuilt")
    return {"rebuilt": rebuilt}


def rebuild(site_id: str, day: date, now: datetime) -> None:
    """Write the facts of one day from what the tables hold, and chain what they rest on.

    Raises NotFound for a site that is not registered.
    """
    site = snapshot.site_by_id(site_id, now)
    if site is None:
        raise NotFound(f"site {site_id} is not registered")
    if now.date() - day > timedelta(days=CALL_DAYS):
        log.event("day_kept", site_id=site_id, day=day)  # its calls have expired: rebuilding would empty it
        return
    evidence = read_day.read(site_id, day)
    facts_bucket.write_day(site_id, day, read_day.facts_of(evidence, site, load_rulebook(site, now)))
    chained = chain_table.append(site_id, day, read_day.leaves_of(evidence), now)
    if chained:
        log.event("day_proved", site_id=site_id, day=day, sequence=chained.sequence, root=chained.root)


def forget_if_settled(changed: ChangedDay, now: datetime) -> None:
    """Take the mark away if it is older than the indexes lag, and the day has not changed since it was read."""
    if now - changed.changed_at > INDEX_LAG:
        changed_days_table.forget(changed)
