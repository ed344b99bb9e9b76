"""Which call a deal belongs to. Pure: the same deal and the same calls give the same answer, whichever came first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

SOON_AFTER = timedelta(hours=1)  # a manager may write the card while the caller is still being rung back


class Started(Protocol):
    """Anything that began at a moment."""

    @property
    def started_at(self) -> datetime: ...


C = TypeVar("C", bound=Started)


def call_of_caller(calls: Sequence[C], outcome_at: datetime) -> C | None:
    """The caller's latest call at or before the outcome, else his first within an hour after it, else None."""
    before = [call for call in calls if call.started_at <= outcome_at]
    if before:
        return max(before, key=lambda call: call.started_at)
    soon = [call for call in calls if call.started_at <= outcome_at + SOON_AFTER]
    return min(soon, key=lambda call: call.started_at, default=None)
