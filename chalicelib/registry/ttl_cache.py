"""What a container caches between requests, so that a hot function seldom reads the registry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")

TTL = timedelta(seconds=60)
ABSENCE_TTL = timedelta(seconds=3)  # a site or number just created must soon be seen
LIMIT = 2000  # entries; made-up keys must not fill a container's memory


class Cache(Generic[V]):
    """Answers by key, each with the moment it was read. A simulated clock may also run backwards."""

    def __init__(self, *, ttl: timedelta = TTL, absence_ttl: timedelta = ABSENCE_TTL, limit: int = LIMIT) -> None:
        self._ttl = ttl
        self._absence_ttl = absence_ttl
        self._limit = limit
        self._entries: dict[str, tuple[datetime, V | None]] = {}
        self._lock = Lock()

    def get(self, key: str, now: datetime, read: Callable[[], V | None], *, since: datetime | None = None) -> V | None:
        """Return the value of `key`, cached or by `read`. What `read` raises is not cached.

        What was read before `since` is read again.
        """
        entry = self._entries.get(key)
        if entry is not None and self._fresh(entry, now) and (since is None or entry[0] >= since):
            return entry[1]
        value = read()
        with self._lock:
            self._entries.pop(key, None)  # re-inserted last: the front of the dict is what was read longest ago
            self._entries[key] = (now, value)
            while len(self._entries) > self._limit:
                del self._entries[next(iter(self._entries))]
        return value

    def cache_clear(self) -> None:
        """Forget everything. Named as functools names it."""
        self._entries.clear()

    def _fresh(self, entry: tuple[datetime, V | None], now: datetime) -> bool:
        read_at, value = entry
        return read_at <= now < read_at + (self._absence_ttl if value is None else self._ttl)
