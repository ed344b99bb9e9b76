"""An attacker who wants a pool's numbers, beside honest visitors, and asks far more often than all of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from chalicelib.pool.lending.lease_group import SLOTS
from chalicelib.pool.lending.rate_limit import address_key
from tests.simulation.design import Held
from tests.simulation.engine import Engine, Fleet, Spent
from tests.simulation.packed import PackedGroups
from tests.simulation.truth import Truth

RENEW_EVERY = 240.0
LOOK_EVERY = 1.0
NETWORK = "2a02:6b8:1:2"
MARK = 2  # in the fourth byte of the attacker's visitor ids; an honest visitor has 1 or 0 there


@dataclass(frozen=True, slots=True)
class Flood:
    """What the attacker does. `visitors`: ids they have, used in turn; None: a new one each time."""

    name: str
    rate: float = 4.0  # requests a second
    addresses: int = 1  # used in turn
    one_network: bool = False  # the addresses are of one IPv6 /64, however many
    visitors: int | None = None
    renews: bool = True  # each lease, for as long as the flood lasts
    releases: bool = False  # each lease at once

    def address(self, place: int) -> str:
        """The address of the attacker's request number `place`, as production writes it."""
        place %= self.addresses
        if self.one_network:
            return address_key(f"{NETWORK}:{place >> 48 & 0xFFFF:x}::{place & 0xFFFF:x}") or ""
        return address_key(f"93.{place >> 16 & 255}.{place >> 8 & 255}.{place & 255}") or ""

    def visitor(self, place: int) -> bytes:
        """The attacker's visitor id of request number `place`."""
        return (MARK << 64 | (place if self.visitors is None else place % self.visitors)).to_bytes(12, "big")


@dataclass(slots=True)
class Spoils:
    """What it brought the attacker and what it cost."""

    requests: int = 0
    leases: int = 0
    trips: int = 0
    writes: float = 0.0
    most_held: int = 0  # numbers at any moment, looked at once a second
    most_of_group: int = 0


@dataclass(slots=True)
class Flooding:
    """A flood under way."""

    flood: Flood
    design: PackedGroups
    engine: Engine
    fleet: Fleet
    truth: Truth
    rng: random.Random
    spoils: Spoils = field(default_factory=Spoils)
    _place: int = 0
    _end: float = 0.0
    _kept: set[tuple[bytes, int]] = field(default_factory=set)  # leases that the attacker will renew

    def begin(self, end: float) -> None:
        """Flood until then."""
        self._end = end
        self._ask()
        self._look()

    def _ask(self) -> None:
        if self.engine.now >= self._end:
            return
        self.engine.at(self.engine.now + self.rng.expovariate(self.flood.rate), self._ask)
        visitor, address = self.flood.visitor(self._place), self.flood.address(self._place)
        self._place += 1

        def heard(held: Held | None, spent: Spent) -> None:
            self._spend(spent)
            self.spoils.requests += 1
            if held is not None:
                self.spoils.leases += 1
                self._keep(visitor, held, address)

        self.fleet.ask(lambda container, now: self.design.lend(container.memory, visitor, now, address), heard)

    def _keep(self, visitor: bytes, held: Held, address: str) -> None:
        if self.flood.releases:
            self.engine.at(self.engine.now, self._release, visitor, held)
        elif self.flood.renews and (visitor, held.number) not in self._kept:
            self._kept.add((visitor, held.number))
            self.engine.at(self.engine.now + RENEW_EVERY, self._renew, visitor, held, address)

    def _renew(self, visitor: bytes, held: Held, address: str) -> None:
        def heard(renewed: Held | None, spent: Spent) -> None:
            self._spend(spent)
            self._kept.discard((visitor, held.number))
            if renewed is not None:
                self._keep(visitor, renewed, address)

        if self.engine.now < self._end:
            renew = self.design.renew
            self.fleet.ask(lambda container, now: renew(container.memory, visitor, held, now, address), heard)

    def _release(self, visitor: bytes, held: Held) -> None:
        release = self.design.release
        self.fleet.ask(
            lambda container, now: release(container.memory, visitor, held, now), lambda _, spent: self._spend(spent)
        )

    def _spend(self, spent: Spent) -> None:
        self.spoils.trips += spent.trips
        self.spoils.writes += spent.writes

    def _look(self) -> None:
        held = [number for number, visitor in self.truth.holders(self.engine.now) if not is_honest(visitor)]
        groups: dict[int, int] = {}
        for number in held:
            groups[number // SLOTS] = groups.get(number // SLOTS, 0) + 1
        self.spoils.most_held = max(self.spoils.most_held, len(held))
        self.spoils.most_of_group = max(self.spoils.most_of_group, *groups.values(), 0)
        if self.engine.now < self._end:
            self.engine.at(self.engine.now + LOOK_EVERY, self._look)


def is_honest(visitor: bytes) -> bool:
    """Whether a visitor is none of a flood's."""
    return visitor[3] != MARK
