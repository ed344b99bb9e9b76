"""Erase a person: first the caller's key, so that nothing encrypted with it can be opened, then everything else.

The order is stored before anything is erased and has pseudonyms alone: if a pass dies half-way, the schedule goes on.
It also goes through everything once more later, for what was under way and what an index had not shown yet.
"""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.calls import callers, calls_table
from chalicelib.core import tokens
from chalicelib.privacy import erase_calls, erasures_table, stores
from chalicelib.privacy.types import Erasure, Person
from chalicelib.runtime import log

SECOND_LOOK = timedelta(hours=1)  # longer than anything that has read the person's data can still be writing it
MAX_CALLS = 400  # of one person in one pass, within an HTTP request's time; the schedule does the rest


@dataclass(frozen=True, slots=True)
class Erased:
    """How many things one pass removed, by store. `complete` is False where the schedule has to go on."""

    erasure_id: str | None
    removed: dict[str, int]
    complete: bool


def erase(person: Person, now: datetime) -> Erased:
    """Erase a person, if anything is known of them. To erase twice is harmless. Raises StorageUnavailable."""
    if not person.known:
        return Erased(None, {}, complete=True)
    erasure = Erasure(person, tokens.random_id("erase-"), secrets.token_hex(16), now)
    erasures_table.put_erasure(erasure)
    return go_on(erasure)


def go_on(erasure: Erasure) -> Erased:
    """Go through everything of the person once, from where an earlier pass stopped. Raises StorageUnavailable."""
    removed: Counter[str] = Counter()
    for subject_id in erasure.person.subject_ids:
        removed["numbers"] += callers.forget(erasure.site_id, subject_id)
    complete = _erase_calls(erasure, removed)
    if complete:
        for name, each in stores():
            removed[name] += each.erase(erasure)
        if not erasure.passed:
            erasures_table.put_erasure(erasure.after_one_pass())
    log.event("person_erased", site_id=erasure.site_id, erasure_id=erasure.erasure_id, complete=complete, **removed)
    return Erased(erasure.erasure_id, dict(removed), complete)


def finish(now: datetime) -> tuple[int, int]:
    """Go on with every order that is not done with; forget those that had their second look. → (left, failed)."""
    left = failed = 0
    for erasure in erasures_table.erasures():
        second_look = now - erasure.began_at >= SECOND_LOOK
        if erasure.passed and not second_look:
            left += 1
            continue
        try:
            done = go_on(erasure).complete and erasure.passed and second_look
        except Exception as error:  # noqa: BLE001 - one person's trouble must not keep the others; the task raises at its end
            failed += 1
            log.error("erasure_failed", erasure_id=erasure.erasure_id, error=type(error).__name__)
            continue
        if done:
            erasures_table.finish(erasure)
        left += not done
    return left, failed


def _erase_calls(erasure: Erasure, removed: Counter[str]) -> bool:
    for subject_id in erasure.person.subject_ids:
        for item in calls_table.items_of_caller(erasure.site_id, subject_id):
            if removed["calls"] == MAX_CALLS:
                return False
            removed["calls"] += erase_calls.erase_person(item, erasure)
    return True
