"""Which slot to try: from the view where it is fresh enough, else from as few reads as find a free number.

Pure: the same code runs in production and in the simulator, which gives it a virtual clock and a seeded generator.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable

from chalicelib.pool.lending.address_quota import AddressQuota, over_before
from chalicelib.pool.lending.commands import Read, Steps
from chalicelib.pool.lending.lease_group import Group, Position, free_before
from chalicelib.pool.lending.pool_view import PoolView

FIRST_READ = 32  # groups read when a container meets a pool
READS = (3, 24, 64)  # groups of the reads that one request may spend, one after another
EXPLORE = 0.005  # share of requests that read although the view is fresh: finds numbers that no container knows of
RESTED = 0.5  # of the pool's pace: idle for so long, a number counts as rested


class Search:
    """One request's search for a number; it remembers what it has read and must not read again."""

    def __init__(self, view: PoolView, now: float, rng: random.Random, quota: AddressQuota | None = None) -> None:
        self.view, self.now, self.rng, self.quota = view, now, rng, quota
        self._free_before = free_before(now, view.policy.guard)
        self._full: set[int] = set()  # groups of which the visitor's address holds all it may
        self.asked: set[int] = set()  # groups whose state was received during this request
        self.refused: set[int] = set()  # groups that cannot serve this visitor
        self._reads = list(READS)
        self._explore = view.size > 1 and rng.random() < EXPLORE

    @property
    def all_read(self) -> bool:
        """Return whether every group of the pool was read during this request."""
        return len(self.asked) >= self.view.size

    @property
    def over_quota(self) -> bool:
        """Return whether a number is free that the visitor does not get because of what their address holds."""
        return bool(self._free(self._full, barred=frozenset()))

    def next(self) -> Steps[Position | None]:
        """Return the next slot to try, or None when no free number was found."""
        self._find_full()
        choice = None if self._explore else self._remembered() or self._among(self.asked)
        self._explore = False
        while choice is None and (groups := self._to_read()):
            states: dict[int, Group] = yield Read(groups)
            self.asked.update(groups)
            for group in groups:
                if group in states:
                    self.view.record(group, states[group], self.now)
                else:
                    self.view.forget(group)
            self._find_full()
            choice = self._among(groups)
        return choice

    def _remembered(self) -> Position | None:
        """Return a random rested slot of the group least likely to be out of date; past the cool-down if there is one.

        Others take rested slots at random, so a view with many of them may be older.
        """
        view, rested = self.view, self._rested()
        for rest in dict.fromkeys((max(rested, view.policy.cooldown), rested)):
            surest, chosen = view.trust, list[Position]()
            for group in view.candidates():
                slots = [choice for choice, idle in self._free((group,)) if idle >= rest]
                if slots and (doubt := view.age(group, self.now) / len(slots)) < surest:
                    surest, chosen = doubt, slots
            if chosen:
                return self.rng.choice(chosen)
        return None

    def _among(self, groups: Iterable[int]) -> Position | None:
        """Return a random slot of these groups past the cool-down, else a rested one, else the one idle longest."""
        free = self._free(groups)
        rested = self._rested()
        for rest in (max(rested, self.view.policy.cooldown), rested):
            slots = [choice for choice, idle in free if idle >= rest]
            if slots:
                return self.rng.choice(slots)
        return max(free, key=lambda found: found[1])[0] if free else None

    def _rested(self) -> float:
        return RESTED * (self.view.pace or 0.0)

    def _free(self, groups: Iterable[int], *, barred: Collection[int] | None = None) -> list[tuple[Position, float]]:
        """Return the free, lendable slots of these groups and how long each has been idle, in seconds."""
        barred = self.refused | self._full if barred is None else barred
        return [
            (Position(group, index), self.now - slot.until)
            for group in groups
            if group not in barred and (state := self.view.state(group)) is not None
            for index, slot in enumerate(state.slots)
            if slot.until < self._free_before and self.view.lendable(group, index)
        ]

    def _find_full(self) -> None:
        if self.quota is not None:
            quota, view, over = self.quota, self.view, over_before(self.now, self.view.policy.guard)
            held = view.held_by(quota, over)
            self._full = (
                set(range(view.size))
                if len(held) >= quota.most
                else {g for g, _ in held if quota.quota_token(g, view.state(g), None, over) is None}
            )

    def _to_read(self) -> tuple[int, ...]:
        """Return the groups of the next read; none when the request has read what it may."""
        if self.view.unseen and not self.asked:
            return tuple(self._sample(range(self.view.size), FIRST_READ))
        unread = [group for group in range(self.view.size) if group not in self.asked]
        if not self._reads or not unread:
            return ()
        self.view.had_to_read()
        count = self._reads.pop(0)
        likely = self.view.resting_longest(count - 1, skip=self.asked)
        never_seen = [group for group in self.view.unseen_groups() if group not in self.asked]
        others = [group for group in never_seen or unread if group not in likely]
        return tuple(dict.fromkeys([*likely, *self._sample(others, count - len(likely))]))

    def _sample(self, groups: Iterable[int], count: int) -> list[int]:
        pool = list(groups)
        return self.rng.sample(pool, min(count, len(pool)))
