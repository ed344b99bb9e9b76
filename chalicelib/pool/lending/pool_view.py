"""What one container knows of one pool: the groups' states as last received, and how far to trust them."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from chalicelib.pool.lending.address_quota import AddressQuota
from chalicelib.pool.lending.lease_group import GUARD, Group, idle_time

FIRST_TRUST, LEAST_TRUST, MOST_TRUST = 1.0, 0.02, 3600.0  # seconds of age per rested slot that a view shows
TRUST_GAIN, TRUST_LOSS = 1.05, 0.66  # eight or nine reads or successes on old views outweigh one conflict
PACE_WEIGHT = 0.1  # of one state in the moving average of idle time
FEW_GROUPS = 16  # up to here all groups are candidates
NEGATIVE_SECONDS = 1.0
OVER_QUOTA_SECONDS, OVER_QUOTA_MOST = 5.0, 1024  # how long an address stays refused, and how many such are remembered


@dataclass(frozen=True, slots=True)
class Policy:
    """How a pool lends. Seconds."""

    hold: float
    cooldown: float = 90
    guard: int = GUARD


@dataclass(slots=True)
class Seen:
    """A state and when it was received."""

    state: Group
    at: float


class PoolView:
    """One container's view of one pool. `numbers` is groups → numbers by slot, "" where a slot is not to be lent.

    `count` is how many may be lent.
    """

    def __init__(self, numbers: Sequence[Sequence[str]], policy: Policy, rng: random.Random) -> None:
        self.numbers = numbers
        self.count = _count(numbers)
        self.policy = policy
        self.trust = FIRST_TRUST  # views older than this per rested slot are not acted upon; adapts to conflicts
        self.pace: float | None = None  # seconds a number rests between leases, by the states received
        self._rng = rng
        self._seen: dict[int, Seen] = {}  # in the order of refreshing
        self._where: dict[bytes, tuple[int, int]] = {}
        self._tagged: dict[bytes, set[tuple[int, int]]] = {}  # an address's tag → slots that have it
        self._over_quota: dict[int, float] = {}  # an address's mark → until when it is refused
        self._by_end: list[tuple[float, int, float]] = []  # heap of (jittered oldest end, group, seen at)
        self._closed_until = 0.0

    @property
    def size(self) -> int:
        """Return the number of groups."""
        return len(self.numbers)

    @property
    def unseen(self) -> bool:
        """Whether nothing is known yet."""
        return not self._seen

    def configure(self, numbers: Sequence[Sequence[str]], policy: Policy) -> None:
        """Replace numbers and policy by the registry's present ones. New numbers end an exhaustion noted before."""
        if numbers is not self.numbers and numbers != self.numbers:
            self._closed_until = 0.0
            self.count = _count(numbers)
        self.numbers, self.policy = numbers, policy

    def lendable(self, group: int, slot: int) -> bool:
        """Return whether the registry has a number there that may be lent."""
        return group < self.size and slot < len(self.numbers[group]) and self.numbers[group][slot] != ""

    def record(self, group: int, state: Group, now: float, *, paced: bool = True) -> None:
        """Store a state that was just received. `paced`: learn the pace from it, as its group was chosen at random."""
        self.forget(group)
        self._seen[group] = Seen(state, now)
        for index, slot in enumerate(state.slots):
            if slot.visitor is not None:
                self._where[slot.visitor] = (group, index)
            if slot.tag is not None:
                self._tagged.setdefault(slot.tag, set()).add((group, index))
        if paced:
            self._learn_pace(state, now)
        jitter = self._rng.uniform(0, 0.1 * (self.pace or 0))
        heapq.heappush(self._by_end, (state.oldest_end() + jitter, group, now))
        if len(self._by_end) > 4 * len(self._seen) + 64:
            self._by_end = [entry for entry in self._by_end if self._is_current(entry)]
            heapq.heapify(self._by_end)

    def forget(self, group: int) -> None:
        """Drop what is known of a group."""
        seen = self._seen.pop(group, None)
        for index, slot in enumerate(seen.state.slots if seen else ()):
            if slot.visitor is not None and self._where.get(slot.visitor, (None,))[0] == group:
                del self._where[slot.visitor]
            if slot.tag is not None and (positions := self._tagged.get(slot.tag)) is not None:
                positions.discard((group, index))
                if not positions:
                    del self._tagged[slot.tag]

    def state(self, group: int) -> Group | None:
        """Return the last state of a group, or None."""
        seen = self._seen.get(group)
        return seen.state if seen else None

    def age(self, group: int, now: float) -> float:
        """Return the seconds since the group's state was received; infinite where there is none."""
        seen = self._seen.get(group)
        return max(now - seen.at, 0.0) if seen else math.inf

    def position_of(self, visitor: bytes) -> tuple[int, int] | None:
        """Return the group and slot where the visitor was last seen, if its number may be lent."""
        position = self._where.get(visitor)
        return position if position and self.lendable(*position) else None

    def held_by(self, quota: AddressQuota, over: int) -> list[tuple[int, int]]:
        """Return the groups and slots of an address's leases that end at `over` or later, as far as they are known."""
        positions = (position for tag in quota.tags for position in self._tagged.get(tag, ()))
        return [(group, slot) for group, slot in positions if self._seen[group].state.slots[slot].until >= over]

    def candidates(self) -> Iterable[int]:
        """Return groups to search: all of a small pool; of a large one the freshest and those that rest longest."""
        if self.size <= FEW_GROUPS:
            return list(self._seen)
        freshest = list(islice(reversed(self._seen), FEW_GROUPS))
        return [*freshest, *(group for group in self.resting_longest(3) if group not in freshest)]

    def resting_longest(self, count: int, skip: Iterable[int] = ()) -> list[int]:
        """Return the `count` groups predicted to hold the numbers that have been idle longest."""
        skipped = set(skip)
        found: list[int] = []
        kept: list[tuple[float, int, float]] = []
        while self._by_end and len(found) < count:
            entry = heapq.heappop(self._by_end)
            if self._is_current(entry):
                kept.append(entry)
                if entry[1] not in skipped:
                    found.append(entry[1])
        for entry in kept:
            heapq.heappush(self._by_end, entry)
        return found

    def unseen_groups(self) -> Iterator[int]:
        """Return the groups never read by this container."""
        return (group for group in range(self.size) if group not in self._seen)

    def believe_more(self, age: float) -> None:
        """Trust older views: a lease by a view of this age succeeded."""
        if age > self.trust / 4:
            self.trust = min(self.trust * TRUST_GAIN, MOST_TRUST)

    def believe_less(self) -> None:
        """Trust older views less: a lease by one met a conflict."""
        self.trust = max(self.trust * TRUST_LOSS, LEAST_TRUST)

    def had_to_read(self) -> None:
        """Trust older views a little more: none was fresh enough."""
        self.trust = min(self.trust * TRUST_GAIN, MOST_TRUST)

    def exhausted(self, now: float) -> bool:
        """Return whether the pool was found without a free number just now; not where the clock was set back since."""
        return self._closed_until - NEGATIVE_SECONDS <= now < self._closed_until

    def note_exhausted(self, now: float, *, all_read: bool) -> None:
        """Read nothing for a moment: until a lease can end, at most a second; a tenth if not all was read."""
        ends = (seen.state.oldest_end() for seen in self._seen.values())
        first_end = min(ends, default=0) + self.policy.guard + 1  # free from then on: `until` < now - guard
        self._closed_until = min(now + NEGATIVE_SECONDS, max(first_end, now)) if all_read else now + 0.1

    def over_quota(self, quota: AddressQuota, now: float) -> bool:
        """Return whether the address was refused just now because it holds what it may."""
        until = self._over_quota.get(quota.mark, 0.0)
        return until - OVER_QUOTA_SECONDS <= now < until

    def note_over_quota(self, quota: AddressQuota, now: float) -> None:
        """Refuse the address without a read for a moment; other visitors of the pool are not affected."""
        if len(self._over_quota) >= OVER_QUOTA_MOST:
            self._over_quota = {mark: until for mark, until in self._over_quota.items() if until > now}
        if len(self._over_quota) < OVER_QUOTA_MOST:
            self._over_quota[quota.mark] = now + OVER_QUOTA_SECONDS

    def _learn_pace(self, state: Group, now: float) -> None:
        idle = idle_time(state, now, self.policy.guard)
        if idle is not None:
            self.pace = idle if self.pace is None else self.pace + PACE_WEIGHT * (idle - self.pace)

    def _is_current(self, entry: tuple[float, int, float]) -> bool:
        seen = self._seen.get(entry[1])
        return seen is not None and seen.at == entry[2]


def _count(numbers: Sequence[Sequence[str]]) -> int:
    return sum(1 for group in numbers for number in group if number)
