"""What a container that lends caches between requests."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import local

from chalicelib.pool.lending.pool_view import Policy, PoolView
from chalicelib.pool.lending.rate_limit import RateLimit
from chalicelib.registry.types import Pool, SiteSnapshot
from chalicelib.runtime.chance import chance

POOLS = 512


class _Views(local):
    """One thread's views by pool. `new` makes one that knows nothing yet."""

    def __init__(self, new: Callable[[str], PoolView]) -> None:
        self.of = lru_cache(maxsize=POOLS)(new)


class ContainerCache:
    """Views of pools, and how often addresses came. Losing it costs only speed and strictness.

    Threads may share it. Each has views of its own, as each container has: a view changes between a request's steps.
    """

    def __init__(self) -> None:
        self.rng = chance()
        self.rate_limit = RateLimit()
        self._views = _Views(self._new_view)

    def view(self, found: SiteSnapshot, pool: Pool) -> PoolView:
        """Return what this thread knows of a pool, as its site's snapshot configures it."""
        view = self._views.of(pool.pool_id)
        view.configure(found.slots.get(pool.pool_id, ()), Policy(pool.hold_seconds, pool.cooldown_seconds))
        return view

    def _new_view(self, _pool_id: str) -> PoolView:
        return PoolView((), Policy(0), self.rng)


@lru_cache(maxsize=1)
def this_container() -> ContainerCache:
    """Return this container's cache."""
    return ContainerCache()
