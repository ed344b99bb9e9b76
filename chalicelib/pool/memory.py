"""What a container that lends remembers between requests."""

from __future__ import annotations

from functools import lru_cache

from chalicelib.chance import chance
from chalicelib.pool.crowd import Crowd
from chalicelib.pool.view import Policy, PoolView
from chalicelib.registry.types import Pool, SiteSnapshot

POOLS = 512


class Memory:
    """Views of pools, and how often addresses came. Nothing is lost with it but speed and strictness."""

    def __init__(self) -> None:
        self.rng = chance()
        self.crowd = Crowd()
        self._view = lru_cache(maxsize=POOLS)(self._new_view)

    def view(self, found: SiteSnapshot, pool: Pool) -> PoolView:
        """What is known of a pool, as its site's snapshot configures it."""
        view = self._view(pool.pool_id)
        view.configure(found.slots.get(pool.pool_id, ()), Policy(pool.hold_seconds, pool.cooldown_seconds))
        return view

    def _new_view(self, _pool_id: str) -> PoolView:
        return PoolView((), Policy(0), self.rng)


@lru_cache(maxsize=1)
def this_container() -> Memory:
    """This container's memory."""
    return Memory()
