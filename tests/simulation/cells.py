"""What is simulated: pools, loads, storms, and which designs go through them."""

from __future__ import annotations

from dataclasses import replace

from tests.simulation.engine import Network
from tests.simulation.flood import Flood
from tests.simulation.packed import PackedGroups
from tests.simulation.peers import CachedList, IndexQuery, Oracle, PoolLock, RandomFree, RingCursor, StealOldest
from tests.simulation.run import Cell, Make
from tests.simulation.traffic import Phase, Visits, day

TUNING_SEEDS = (1, 2, 3)  # constants may be chosen on these
HELD_OUT_SEEDS = (201, 202, 203)  # what is published comes from these

DESIGNS: tuple[Make, ...] = (
    Oracle,
    PackedGroups,
    CachedList,
    IndexQuery,
    StealOldest,
    RandomFree,
    RingCursor,
    PoolLock,
)
LOCK_AT_MOST = 500  # numbers: beyond, one item takes so many units that nobody gets through

USE_50 = Cell("500 numbers, 50 % in use", 500, 0.5)
USE_80 = Cell("500 numbers, 80 % in use", 500, 0.8)
USE_90 = Cell("500 numbers, 90 % in use", 500, 0.9)
USE_95 = Cell("500 numbers, 95 % in use", 500, 0.95)
SMALL = (
    Cell("5 numbers, 50 % in use", 5, 0.5, leases=6_000),
    Cell("5 numbers, 70 % in use", 5, 0.7, leases=6_000),
    Cell("50 numbers, 50 % in use", 50, 0.5),
    Cell("50 numbers, 70 % in use", 50, 0.7),
)
HUGE = Cell("10,000 numbers, 80 % in use", 10_000, 0.8, warm_up=900, rested=True)
GRID = (USE_50, USE_80, USE_90, USE_95, *SMALL, HUGE)

FLASH = Cell(
    "flash crowd: 3,000 visitors/s for 3 s, 10,000 free numbers, 100 cold containers",
    10_000,
    0.0,
    containers=100,
    warm_up=0.0,
    rested=True,
    phases=(Phase(3, 3000),),
)
STORM = Cell(
    "overflow storm: 2,000 visitors/s for 10 s on 50 numbers, all lent",
    50,
    2.0,
    containers=20,
    warm_up=900,
    phases=(Phase(10, 2000),),
)
BURST_DESIGNS: tuple[Make, ...] = (PackedGroups, CachedList, IndexQuery, RandomFree, RingCursor)

FLOODED = (
    Cell("50 numbers, 50 % in use", 50, 0.5, leases=800),
    Cell("500 numbers, 50 % in use", 500, 0.5, leases=1_000),
)
NEW_EACH_TIME = Flood("one address, a new visitor each time")
FLOODS = (  # on sixteen containers
    Flood("one address, 2,000 visitors who come back", visitors=2_000, renews=False),
    Flood("one address, lease and release", releases=True),
    Flood("one visitor, without his token", visitors=1),
    Flood("one visitor, lease and release", visitors=1, releases=True),
    Flood("one visitor, from a new address each time", visitors=1, addresses=1 << 24),
    Flood("a /64, a new address and visitor each time", addresses=1 << 24, one_network=True),
    Flood("five addresses, a new visitor each time", addresses=5),
)
FLOODED_CONTAINERS = (1, 4, 16, 40)  # under a new visitor each time

NO_GUARD = Cell("clocks ±1.5 s, no guard", 50, 0.95, leases=4_000, clock_error=1.5, guard=0)
GUARDED = replace(NO_GUARD, name="clocks ±1 s, guard 2 s", clock_error=1.0, guard=2)

_ROUGH = Network(lost_answers=0.001)
_RUDE = Visits(beacons_lost=0.1, beacon_delay=2.0)
LONG = (  # a million leases with bad clocks, lost answers and late good-byes
    Cell("500 numbers, 80 %", 500, 0.8, 600_000, clock_error=1.0, network=_ROUGH, visits=_RUDE),
    Cell("50 numbers, 90 %", 50, 0.9, 200_000, clock_error=1.0, network=_ROUGH, visits=_RUDE),
    Cell("5 numbers, 90 %", 5, 0.9, 330_000, clock_error=1.0, network=_ROUGH, visits=_RUDE),
)


def shop_day(visits: float, numbers: int) -> Cell:
    """A shop's day on a pool of this size, from the hour when it is emptiest."""
    phases = day(visits)
    return Cell(f"a shop's day, {visits:,.0f} visits", numbers, 0.0, warm_up=0.0, phases=(*phases[4:], *phases[:4]))
