"""Does the census count what happened? A pool over weeks, counted each minute as in production, beside a plain account.

The account is a list of leases as they were written, and of visits; it knows no archives, chunks or minutes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, product
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from chalicelib.pool.lending.census_minute import Minute
from chalicelib.pool.lending.census_table import MINUTE, SETTLED
from chalicelib.pool.lending.commands import Read
from chalicelib.pool.lending.count_groups import count, needs_history
from chalicelib.pool.lending.hold_time import renew_in
from chalicelib.pool.lending.lease_group import SLOTS, moment_of
from chalicelib.pool.lending.lease_history import Lease
from chalicelib.pool.lending.pool_view import Policy
from chalicelib.pool.statistics.delay_profile import LIVE_BINS, Counted, Profile, learned
from chalicelib.pool.statistics.health_rules import Arrivals
from chalicelib.pool.statistics.learn_delays import visitors_of
from chalicelib.pool.statistics.maintenance import LEARNED_FROM
from chalicelib.pool.statistics.redial_rates import Sight
from chalicelib.pool.statistics.sizing import HEADROOM
from chalicelib.pool.statistics.stays import learned_hold, time_on_site
from tests.simulation import report
from tests.simulation.design import Held
from tests.simulation.engine import START
from tests.simulation.packed import GRACE, PackedGroups
from tests.simulation.run import Cell, Run
from tests.simulation.traffic import Arrival, Phase, Visits
from tests.simulation.truth import Truth

DAY, HOUR = 86_400, 3600
FIRST = int(START - START % DAY) + DAY  # the midnight at which counting begins
LEAST_HOLD, MOST_HOLD = 120, 1800  # bounds of a learned hold, as the registry sets them
LEARNED_ROWS = LEARNED_FROM // MINUTE
SEEDS = (201, 202, 203)  # no constant was chosen on these
GOODBYES, FIRST_HOLDS = (1.0, 0.6, 0.0), (120, 360, 1800)
WEEKS = 2


class Account(Truth):
    """Every lease, from its beginning to the end that was written last."""

    def __init__(self, numbers: int, guard: int) -> None:
        super().__init__(numbers, guard)
        self.leases: list[Lease] = []
        self._latest: dict[int, int] = {}  # each number's last place in the list

    def lend(self, number: int, lease: Lease, at: float, clock_error: float) -> None:
        super().lend(number, lease, at, clock_error)
        self._latest[number] = len(self.leases)
        self.leases.append(lease)

    def extend(self, number: int, until: int, clock_error: float) -> None:
        super().extend(number, until, clock_error)
        self._note_end(number, until)

    def shorten(self, number: int, until: int, clock_error: float) -> None:
        super().shorten(number, until, clock_error)
        self._note_end(number, until)

    def _note_end(self, number: int, until: int) -> None:
        place = self._latest[number]
        self.leases[place] = self.leases[place]._replace(until=until)


class Trial(NamedTuple):
    """A pool that learns its hold. `goodbyes`: the share of visits whose leaving arrives."""

    goodbyes: float
    first_hold: int
    seed: int
    days: int = 7 * WEEKS
    numbers: int = 24
    visits: float = 1000  # a day
    returns: float = 0.3


class Watched(NamedTuple):
    """What the census counted, and what happened."""

    rows: list[Minute]
    hold: int  # at the end
    leases: list[Lease]
    stays: list[tuple[float, float]]  # when each visitor came who got a number, and for how long
    overflow: Counter[int]  # by minute
    numbers: int

    @property
    def true_hold(self) -> float:
        """The mean stay of all visits of the days that the hold is learned from, and a fifth more."""
        since = FIRST + 60 * (len(self.rows) - LEARNED_ROWS)
        return float(HEADROOM) * _mean([stay for at, stay in self.stays if at >= since])


def watch(trial: Trial) -> Watched:
    """Let the days pass."""
    return _Days(trial).run()


class _Days:
    def __init__(self, trial: Trial) -> None:
        self.trial, self.hold = trial, trial.first_hold
        visits = Visits(
            hold=trial.first_hold,
            renew_every=renew_in(trial.first_hold),
            beacons=trial.goodbyes,
            beacons_lost=0,
            returns=trial.returns,
        )
        phases = (Phase(FIRST - START + trial.days * DAY, trial.visits / DAY),)
        cell = Cell("counted", trial.numbers, 0.0, warm_up=0.0, phases=phases, visits=visits)
        self.account = Account(trial.numbers, cell.guard)
        self.run_of_cell = Run(cell, PackedGroups, trial.seed, self.account)
        self.rows: list[Minute] = []
        self.stays: list[tuple[float, float]] = []
        self.overflow: Counter[int] = Counter()

    def run(self) -> Watched:
        run = self.run_of_cell
        run.when_answered = self._answered
        run.engine.at(FIRST + 60 + SETTLED.total_seconds(), self._count)
        run.finish()
        return Watched(self.rows, self.hold, self.account.leases, self.stays, self.overflow, self.trial.numbers)

    def _answered(self, asked_at: float, arrival: Arrival, held: Held | None) -> None:
        if held is None:
            self.overflow[int(asked_at // 60)] += 1
        else:
            self.stays.append((asked_at, arrival.fate.stay))

    def _count(self) -> None:
        """What `census.count` does, and once an hour `maintenance.learn_hold`."""
        engine, begin = self.run_of_cell.engine, FIRST + 60 * len(self.rows)
        engine.at(engine.now + 60, self._count)
        store = self._design.store
        groups = store.apply(Read(tuple(range(-(-self.trial.numbers // SLOTS)))), engine.now, 0.0)
        states = [
            store.history(g, begin) if needs_history(current, begin) else [current] for g, current in groups.items()
        ]
        counted = count(states, (begin, begin + 60), self.hold)
        row = Minute(moment_of(begin), overflow=self.overflow[begin // 60], **counted._asdict())
        self.rows.append(row)
        if len(self.rows) % 60 == 0:
            self._learn()

    def _learn(self) -> None:
        hold = learned_hold(self.rows[-LEARNED_ROWS:], self.hold, LEAST_HOLD, MOST_HOLD)
        if hold != self.hold:
            self.hold = hold
            self._design.configure(Policy(hold))
            self.run_of_cell.renew_every = renew_in(hold)

    @property
    def _design(self) -> PackedGroups:
        design = self.run_of_cell.design
        assert isinstance(design, PackedGroups)
        return design


class Differences(NamedTuple):
    """How far the census is from the account."""

    minutes: int
    wrong: int  # minutes whose leases begun, leases ended or numbers lent are not those of the account
    leases: int  # begun, as counted
    stay: float  # mean time on site: counted / true
    arrivals: float  # the most by which an hour of the day is off
    profile: float  # the most by which a rate of the delay profile is off, as a part of it


def compare(seen: Watched) -> Differences:
    """Minute by minute, and over all of them."""
    true = _true_minutes(seen)
    wrong = sum((row.live, row.leases, row.ended) != each for row, each in zip(seen.rows, true, strict=True))
    arrivals = zip(Arrivals(seen.rows, ZoneInfo("UTC")).by_hour, _true_arrivals(seen), strict=True)
    return Differences(
        len(seen.rows),
        wrong,
        sum(row.leases for row in seen.rows),
        (time_on_site(seen.rows) or 0.0) / _mean([stay for at, stay in seen.stays if at >= FIRST]),
        max(abs(float(one or 0) - other) for one, other in arrivals),
        _apart(_profile(visitors_of(seen.rows)), _profile(_true_visitors(seen))),
    )


def section() -> str:
    """The section of docs/measurements.md."""
    found = {trial: watch(trial) for trial in (Trial(*each) for each in product(GOODBYES, FIRST_HOLDS, SEEDS))}
    holds, counts = [], []
    for goodbyes in GOODBYES:
        for first in FIRST_HOLDS:
            those = [seen for trial, seen in found.items() if trial[:2] == (goodbyes, first)]
            ratios = [seen.hold / seen.true_hold for seen in those]
            learned_holds = ", ".join(str(seen.hold) for seen in those)
            parts = f"{min(ratios):.2f} to {max(ratios):.2f}"
            holds.append((f"{100 * goodbyes:.0f} %", str(first), learned_holds, parts))
        differences = [compare(seen) for trial, seen in found.items() if trial.goodbyes == goodbyes]
        counts.append(_row(goodbyes, differences))
    return "\n".join((INTRODUCTION, report.table(HOLD_HEAD, holds), "", report.table(COUNT_HEAD, counts)))


def _row(goodbyes: float, differences: list[Differences]) -> tuple[str, ...]:
    stays = [each.stay for each in differences]
    return (
        f"{100 * goodbyes:.0f} %",
        f"{sum(each.leases for each in differences):,}",
        f"{sum(each.minutes for each in differences):,}",
        f"{sum(each.wrong for each in differences):,}",
        f"{min(stays):.2f} to {max(stays):.2f}",
        f"{max(each.arrivals for each in differences):.2f}",
        report.percent(max(each.profile for each in differences)),
    )


def _true_minutes(seen: Watched) -> list[tuple[int, int, int]]:
    """Of each minute: the numbers lent at its end, the leases begun, and those ended."""
    begun, ended = sorted(lease.leased for lease in seen.leases), sorted(lease.until for lease in seen.leases)
    edges = [FIRST + 60 * place for place in range(len(seen.rows) + 1)]
    so_far = [(bisect_left(begun, edge), bisect_left(ended, edge)) for edge in edges]
    return [(later[0] - later[1], later[0] - sooner[0], later[1] - sooner[1]) for sooner, later in pairwise(so_far)]


def _true_arrivals(seen: Watched) -> list[float]:
    """Visits an hour who needed a number, by hour of the day."""
    end, days = FIRST + 60 * len(seen.rows), len(seen.rows) * 60 / DAY
    moments = [lease.leased for lease in seen.leases] + [60 * minute for minute in seen.overflow.elements()]
    hours = Counter(moment % DAY // HOUR for moment in moments if FIRST <= moment < end)
    return [hours[hour] / days for hour in range(24)]


def _true_visitors(seen: Watched) -> Counted:
    end = FIRST + 60 * len(seen.rows)
    leases = sum(FIRST <= lease.leased < end for lease in seen.leases)
    live = sum(max(min(lease.until, end) - max(lease.leased, FIRST), 0) for lease in seen.leases)
    return Counted({}, leases, live, seen.numbers * (end - FIRST))


def _profile(visitors: Counted) -> Profile:
    """What is learned of these visitors and some calls, the same ones for each way of counting the visitors."""
    return learned("", replace(visitors, calls=CALLS), GRACE)


def _apart(one: Profile, other: Profile) -> float:
    return max(
        abs(a / b - 1) for a, b in zip((*one.rates, one.background), (*other.rates, other.background), strict=True)
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


CALLS = {Sight((place,)): 50 for place in range(LIVE_BINS + 3)} | {Sight(()): 20}
HOLD_HEAD = ("good-byes that arrive", "first hold, s", "learned, s, by seed", "learned / true")
COUNT_HEAD = (
    "good-byes that arrive",
    "leases",
    "minutes",
    "minutes whose leases begun, leases ended or numbers lent are miscounted",
    "mean time on site, counted / true",
    "visits an hour, off by at most",
    "a rate of the delay profile, off by at most",
)
INTRODUCTION = f"""\
## Counting, simulated

`make simulate` writes this section. A pool of 24 numbers with 1,000 visits a day for {WEEKS} weeks, counted each minute
and taught its hold each hour by the production code. The traffic is that of the pool, simulated: log-normal stays
(median 90 s, σ 1.1), and 30 % of the visits are returns, a minute to three weeks after the last one (log-uniform).
Beside it goes a plain account of every lease as it was written, and of every visit. The true hold is the mean stay of
all visits of the last seven days and a fifth more. Who comes back before the lease has ended goes on with it: the
census cannot distinguish that from one longer visit. No constant was chosen on these seeds.
"""
