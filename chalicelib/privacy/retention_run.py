"""Retention: redact, day by day, the calls older than a site's callers and visitors stay known.

A note by site says how far that is, and another names a day that gets a call afterwards. The calls themselves stay,
and their figures with them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib.calls import call_item, callers, calls_table, late_days_table
from chalicelib.calls.events_table import CALL_DAYS
from chalicelib.calls.late_days_table import LateDay
from chalicelib.calls.retention import last_day
from chalicelib.contacts import contacts_table
from chalicelib.core import tokens
from chalicelib.deals import deals_table
from chalicelib.privacy import erase_calls, erase_contacts, erasures_table
from chalicelib.privacy.types import Erasure, Person
from chalicelib.registry.types import Site

ONE_DAY = timedelta(days=1)
INDEX_LAG = timedelta(minutes=1)  # a day's calls are read through an index, which shows them a moment later
STEPS = 500  # calls and days of one site in one run: the next goes on


def go_through(site: Site, reached: date | None, now: datetime) -> int:
    """Redact the calls of the days after `reached` that are old enough, up to the limit of a run → calls redacted.

    Raises StorageUnavailable; what was redacted stays so, and the next run goes on from the last whole day.
    """
    oldest, last = now.date() - timedelta(days=CALL_DAYS + 1), last_day(site, now)
    day = max(oldest, reached + ONE_DAY if reached else oldest)
    run = _Run(site, last, _erasure(site, now))
    while day <= last and run.redact(day):
        erasures_table.set_retained(site.site_id, day)
        day += ONE_DAY
    return run.redacted


def go_through_again(site: Site, late: LateDay, now: datetime) -> int:
    """Redact what has come to a day since → calls redacted. Raises StorageUnavailable."""
    run = _Run(site, last_day(site, now), _erasure(site, now))
    if run.redact(late.day) and now - late.at > INDEX_LAG:
        late_days_table.forget_late(late)
    return run.redacted


@dataclass
class _Run:
    """One run over a site's days."""

    site: Site
    last: date
    erasure: Erasure
    redacted: int = 0
    steps: int = 0

    def redact(self, day: date) -> bool:
        """Redact a day's calls and contacts; False where the run reached its limit before the day's end."""
        self.steps += 1
        if not self._redact_all(calls_table.items_of_day(self.site.site_id, day), erase_calls.erase_person):
            return False
        for deal in deals_table.deals_of_day(self.site.site_id, day):
            erase_contacts.erase_visitor_of(deal, self.erasure)
        return self._redact_all(contacts_table.items_of_day(self.site.site_id, day), erase_contacts.erase_contact)

    def _redact_all(self, items: Iterable[call_item.Item], erase: Callable[[call_item.Item, Erasure], bool]) -> bool:
        for item in items:
            if self.steps >= STEPS:
                return False
            if erase(item, self.erasure):
                self.steps, self.redacted = self.steps + 1, self.redacted + 1
                self._forget_caller(item)
        return True

    def _forget_caller(self, item: call_item.Item) -> None:
        """Forget the caller where none of their calls and contacts is younger."""
        key = call_item.caller_key_of(item)
        if key is None:
            return
        theirs = (
            *calls_table.items_of_caller(self.site.site_id, key),
            *contacts_table.items_of_caller(self.site.site_id, key),
        )
        if all(self._is_old(each) for each in theirs):
            callers.forget(self.site.site_id, key)

    def _is_old(self, item: call_item.Item) -> bool:
        day = call_item.day_of(item)
        return day is not None and day <= self.last


def _erasure(site: Site, now: datetime) -> Erasure:
    return Erasure(Person(site.site_id), tokens.random_id("retention-"), secrets.token_hex(16), now)
