"""Whom a call is given to that comes some minutes after the last request of a page, by how full the pool is."""

from __future__ import annotations

from collections import defaultdict
from itertools import chain

from tests.simulation import report
from tests.simulation.attribution import SEEDS
from tests.simulation.callers import MINUTES, Shop, watch

LOOKED_AT = 0.15  # share of leases
NUMBERS = 48
LOADS = (0.51, 0.81, 1.5)  # erlangs offered per number: half, four fifths and 95 % of the numbers are lent
SHOPS = tuple(Shop(f"{100 * load:.0f} % of {NUMBERS} numbers", NUMBERS, load) for load in LOADS)


def row(shop: Shop, seeds: tuple[int, ...] = SEEDS) -> list[str]:
    """A row of the table."""
    right: dict[int, list[bool]] = defaultdict(list)
    uses = []
    for seed in seeds:
        seen = watch(shop, seed, 1, LOOKED_AT)
        uses.append(seen.use)
        for late in seen.late:
            right[late.minute].append(late.right)
    use, by_minute = report.percent(sum(uses) / len(uses)), [right[minute] for minute in range(MINUTES)]
    return [shop.name, use, f"{len(right[0]):,}", *map(_right, (*by_minute, list(chain(*by_minute))))]


def _right(calls: list[bool]) -> str:
    return f"{100 * sum(calls) / len(calls):.0f} %"


def section() -> str:
    """The section of docs/measurements.md."""
    return "\n".join((INTRODUCTION, report.table(HEAD, map(row, SHOPS))))


_MINUTES = (f"{minute}–{minute + 1} min" for minute in range(MINUTES))
HEAD = ("offered load", "in use", "leases", *_MINUTES, f"0–{MINUTES} min")
INTRODUCTION = f"""\
## Late calls, simulated

`make simulate` writes this section. Right for a call that comes so many minutes after the last request of its visitor's
page (the first showing of the number, or the last renewal), at any moment of that minute with the same chance. Hold
300 s, renewed every 240 s; 60 % of browsers say good-bye and free the number 90 s later. It is looked whose the call
would be, of {100 * LOOKED_AT:.0f} % of the leases, whether or not their visitors call. One day, three seeds together.
The figures of late calls in the tables above are means over calls that come after the visitor has left the page,
at exponential delays with a mean of 60 s: other delays have other shares, and this table has them.
"""
