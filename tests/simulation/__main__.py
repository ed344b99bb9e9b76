"""Run the simulation, print its tables and write them into docs/measurements.md.

    python -m tests.simulation [--quick] [--attribution] [--floods] [--counting] [--long]

`--quick` prints only the targets, roughly. `--attribution` renews only the section on callers, `--floods` only that on
floods, `--counting` only that on the census. `--long` adds a million leases under bad conditions and their result.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace

from chalicelib.pool.lending.address_quota import numbers_for_one
from chalicelib.pool.statistics.sizing import accuracy
from tests.simulation import attribution, cells, counting, figures, late_calls, redials, report
from tests.simulation.flood import Flood
from tests.simulation.packed import PackedGroups
from tests.simulation.peers import Oracle, PoolLock
from tests.simulation.run import Cell, flooded, simulate
from tests.simulation.traffic import SHOP_DAY

INTRODUCTION = """\
`make simulate` writes this section. Virtual time; Poisson arrivals; log-normal stays (median 90 s, σ 1.1); hold 300 s,
renewed every 240 s; 60 % of browsers say good-bye (3 % of those messages are lost) and free the number 90 s later.
30 % of the visits are returns, a minute to three weeks after the last one (log-uniform), with the lease of then in
hand: every design lends the number of then again while nobody else got it, as a new lease. 10 % of the visitors call
while they look at the page, and 10 % after they left, exponential with a mean of 60 s: other delays have other
shares of right calls, see "Late calls, simulated" below.
Clocks ±20 ms; round trips log-normal around 5 ms; a third of eventually consistent reads lags by 20 ms in the mean, an
index by 50 ms; 1,000 write and 3,000 read units per second and key; a refused write costs its units.
Items are as large as from March 2027 on. Our rules are the production code. No constant was chosen on these seeds.
Figures are per lease begun; a visitor whose lease still ran renews it. "With history" adds what it costs to know later
who held a number: ours is part of the protocol, the others get one more write. Round trips include those that move
history while a visitor waits. Counting begins after five holds: by then rings move to the history at their steady pace.
"""
FLOODS_INTRODUCTION = """\
## Floods, simulated

`make simulate` writes this section. The same traffic at half use, and somebody who asks four times a second for as long
as honest visitors are counted and renews what they get, unless it says that they give it back at once. The limit of new
pages a minute is left out: it would stop them sooner. What they held is looked at once a second; the other figures are
of the honest visitors alone, the same ones in every row.
No constant was chosen on this seed.
"""


def main(arguments: list[str]) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Simulate the number pool.")
    parser.add_argument("--quick", action="store_true", help="only the targets, on fewer leases; writes nothing")
    parser.add_argument("--long", action="store_true", help="also a million leases under bad conditions")
    parser.add_argument("--attribution", action="store_true", help="only whether calls are given to their callers")
    parser.add_argument("--floods", action="store_true", help="only what floods can hold")
    parser.add_argument("--counting", action="store_true", help="only whether the census counts what happened")
    options = parser.parse_args(arguments)
    if options.attribution:
        _attribution()
        return
    if options.floods:
        _floods()
        return
    if options.counting:
        _counting()
        return
    if options.quick:
        print(_targets(quick=True))
        return
    parts = [INTRODUCTION, _targets(quick=False), _controls(), _grid(), _bursts(), _days()]
    report.write_section("simulation", "\n".join(parts))
    _floods()
    _counting()
    _attribution()
    if options.long:
        report.write_section("simulation-long", _long())


def _targets(*, quick: bool) -> str:
    rows = report.target_rows(figures.targets(quick))
    return _shown("### Targets", report.table(("figure", "measured", "target", ""), rows))


def _controls() -> str:
    rows = []
    for cell in (cells.NO_GUARD, cells.GUARDED):
        found = [simulate(cell, PackedGroups, seed) for seed in cells.HELD_OUT_SEEDS]
        doubles = sum(tally.truth.doubles for tally in found)
        rows.append((cell.name, f"{sum(tally.leases for tally in found):,}", str(doubles)))
    title = "### The check itself: without the guard it must find double leases"
    return _shown(title, report.table(("clocks", "leases", "double leases"), rows))


def _grid() -> str:
    parts = []
    for cell in cells.GRID:
        rows = []
        for make in cells.DESIGNS:
            if make is PoolLock and cell.numbers > cells.LOCK_AT_MOST:
                continue
            tally = simulate(cell, make, cells.HELD_OUT_SEEDS[0])
            rows.append(report.grid_row(_name(make), tally))
        parts.append(_shown(f"### {cell.name}", report.table(report.GRID_HEAD, rows)))
    return "\n".join(parts)


def _bursts() -> str:
    parts = []
    for cell in (cells.FLASH, cells.STORM):
        rows = [
            report.burst_row(_name(make), simulate(cell, make, cells.HELD_OUT_SEEDS[0])) for make in cells.BURST_DESIGNS
        ]
        parts.append(_shown(f"### {cell.name.capitalize()}", report.table(report.BURST_HEAD, rows)))
    return "\n".join(parts)


def _days() -> str:
    """The sizing formula against simulated days."""
    rows = []
    for visits, numbers in ((300, 4), (1_000, 9), (1_000, 7), (10_000, 50)):
        cell = cells.shop_day(visits, numbers)
        days = [simulate(cell, Oracle, seed) for seed in range(cells.HELD_OUT_SEEDS[0], cells.HELD_OUT_SEEDS[0] + 20)]
        asked = sum(tally.requests for tally in days)
        measured = 1 - sum(tally.overflows for tally in days) / asked
        blocked = cell.visits.reservation() + cell.guard + 1  # the number rests for the guard, too
        computed = accuracy([visits * share / sum(SHOP_DAY) for share in SHOP_DAY], blocked, numbers)
        rows.append((f"{visits:,}", str(numbers), report.percent(measured), report.percent(computed)))
    title = "### A shop's day: share of visitors who got a number, 20 days simulated and by formula"
    return _shown(title, report.table(("visits a day", "numbers", "simulated", "Erlang B over the hours"), rows))


def _attribution() -> None:
    for name, section in (
        ("attribution", attribution.section),
        ("redials", redials.section),
        ("late-calls", late_calls.section),
    ):
        text = section()
        print(text, flush=True)
        report.write_section(name, text)


def _counting() -> None:
    text = counting.section()
    print(text, flush=True)
    report.write_section("counting", text)


def _floods() -> None:
    """What floods get of a pool, and how honest visitors fare beside them."""
    parts = [FLOODS_INTRODUCTION]
    for cell in cells.FLOODED:
        rows = []
        for containers in cells.FLOODED_CONTAINERS:
            for flood, percent in ((None, 10), (cells.NEW_EACH_TIME, 10), (cells.NEW_EACH_TIME, 100)):
                rows.append(_flood_row(replace(cell, containers=containers), flood, percent))
        rows += [_flood_row(replace(cell, containers=16), flood, 10) for flood in cells.FLOODS]
        parts.append(_shown(f"### {cell.name.capitalize()}", report.table(report.FLOOD_HEAD, rows)))
    report.write_section("floods", "\n".join(parts))


def _flood_row(cell: Cell, flood: Flood | None, percent: int) -> tuple[str, ...]:
    tally, spoils = flooded(cell, flood, cells.HELD_OUT_SEEDS[0], percent)
    name = "none" if flood is None else flood.name + (", without the limit" if percent == 100 else "")
    return report.flood_row(name, cell.containers, numbers_for_one(cell.numbers, percent), tally, spoils)


def _long() -> str:
    rows = []
    for cell in cells.LONG:
        began = time.process_time()
        tally = simulate(cell, PackedGroups, cells.HELD_OUT_SEEDS[0])
        wrong = tally.calls.wrong / max(tally.calls.right + tally.calls.wrong + tally.calls.unknown, 1)
        spent = f"{time.process_time() - began:.0f} s"
        rows.append((cell.name, f"{tally.leases:,}", str(tally.truth.doubles), report.percent(wrong), spent))
    title = (
        "### A million leases under bad conditions\n\nClocks ±1 s with a guard of 2 s, 0.1 % of answers lost and the"
        " write repeated, 10 % of good-byes lost, the others 2 s late."
    )
    head = ("pool", "leases", "double leases", "calls given to the wrong visitor", "CPU")
    return _shown(title, report.table(head, rows))


def _name(make: object) -> str:
    return str(getattr(make, "name", make))


def _shown(title: str, text: str) -> str:
    """A titled part, printed as soon as it is there."""
    part = f"{title}\n\n{text}"
    print(part, flush=True)
    return part


if __name__ == "__main__":
    main(sys.argv[1:])
