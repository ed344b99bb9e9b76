"""The task: finish erasures, and forget the callers whose retention at their site is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from chalicelib.calls import late_days_table
from chalicelib.privacy import erase_person, erasures_table, retention_run
from chalicelib.registry import store as registry
from chalicelib.registry.types import Site
from chalicelib.runtime import log

MOST_CALLS = 2000  # in one run of about three minutes; the sites that retention is furthest behind with come first


class ForgettingFailed(Exception):
    """Something is still to be forgotten; the next run tries again, and the alarm calls a person."""


def forget(now: datetime) -> dict[str, int]:
    """Finish erasures and redact old calls → {"calls": redacted, "erasures_left"}.

    A failure at one site does not stop the others; ForgettingFailed is raised at the end.
    """
    left, failed = erase_person.finish(now)
    redacted = 0
    for site, step in _steps(now):
        if redacted >= MOST_CALLS:
            break
        try:
            redacted += step()
        except Exception as error:  # noqa: BLE001 - any site's own trouble; the alarm sees the exception below
            failed += 1
            log.error("retention_failed", site_id=site.site_id, error=type(error).__name__)
    log.event("calls_forgotten", calls=redacted, erasures_left=left, failed=failed)
    if failed:
        raise ForgettingFailed(f"{failed} erasures or sites could not be gone through.")
    return {"calls": redacted, "erasures_left": left}


def _steps(now: datetime) -> list[tuple[Site, Callable[[], int]]]:
    """Return the steps of retention: every site's days that are too old now, and days that got a call since."""
    sites = {site.site_id: site for site in registry.all_sites()}
    reached = erasures_table.retained_until()
    ordered = sorted(sites.values(), key=lambda site: reached.get(site.site_id) or date.min)
    steps = [(site, _first_time(site, reached.get(site.site_id), now)) for site in ordered]
    late = [each for each in late_days_table.late_days() if each.site_id in sites]
    return steps + [(sites[each.site_id], _again(sites[each.site_id], each, now)) for each in late]


def _first_time(site: Site, reached: date | None, now: datetime) -> Callable[[], int]:
    return lambda: retention_run.go_through(site, reached, now)


def _again(site: Site, late: late_days_table.LateDay, now: datetime) -> Callable[[], int]:
    return lambda: retention_run.go_through_again(site, late, now)
