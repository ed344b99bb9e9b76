"""What a run counted, and the figures made of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.simulation.design import Held
from tests.simulation.engine import Spent
from tests.simulation.truth import Truth
from tests.simulation.units import dollars

LATE_CALL = 60.0  # seconds after a lease's end at which a call may still come


@dataclass(slots=True)
class Calls:
    """Calls by what was made of them."""

    right: int = 0
    wrong: int = 0
    unknown: int = 0

    @property
    def accuracy(self) -> float:
        return self.right / max(self.right + self.wrong + self.unknown, 1)


@dataclass(slots=True)
class Tally:
    """Counts of what began at or after `since`."""

    numbers: int
    truth: Truth
    design_history: float  # write units per lease beyond the conversations
    since: float = 0.0
    until: float = 0.0
    arrivals: int = 0  # requests made, answered or not, but for those of visitors whose lease still ran
    requests: int = 0  # requests answered
    leases: int = 0
    in_time: int = 0  # leases answered before the last arrival
    overflows: int = 0
    false_overflows: int = 0
    failures: int = 0  # storage refused to the end
    returns: int = 0  # leases of visitors who had been here before
    regained: int = 0  # of those, with the number that they had
    trips: list[int] = field(default_factory=list)  # of each lease
    seconds: list[float] = field(default_factory=list)  # of each request
    all_trips: int = 0
    writes: float = 0.0
    reads: float = 0.0
    history: float = 0.0
    throttles: int = 0
    renewals: int = 0
    renewal_trips: int = 0
    renewal_writes: float = 0.0
    aside_history: float = 0.0  # history written by renewals and releases
    releases: int = 0
    release_writes: float = 0.0
    calls: Calls = field(default_factory=Calls)
    late_calls: Calls = field(default_factory=Calls)

    def asked(self, held: Held | None, spent: Spent) -> None:
        """A request for a number was answered."""
        if spent.began < self.since:
            return
        self.requests += 1
        self.all_trips += spent.trips
        self.writes += spent.writes
        self.reads += spent.reads
        self.history += spent.history_writes
        self.throttles += spent.throttles
        self.seconds.append(spent.ended - spent.began)
        if held is not None:
            self.leases += 1
            self.in_time += not self.until
            self.trips.append(spent.trips)
        elif spent.failed:
            self.failures += 1
        else:
            self.overflows += 1
            self.false_overflows += self.truth.free_since(spent.began)

    def came_back(self, held: Held | None, before: Held | None, spent: Spent) -> None:
        """The request of somebody who was here before was answered. A lease that still ran is only renewed."""
        if held is not None and before is not None and held.leased == before.leased:
            self.arrivals -= spent.began >= self.since
            self.renewed(spent)
            return
        self.asked(held, spent)
        if held is not None and spent.began >= self.since:
            self.returns += 1
            self.regained += before is not None and held.number == before.number

    def renewed(self, spent: Spent) -> None:
        """A renewal was answered."""
        if spent.began >= self.since:
            self.renewals += 1
            self.renewal_trips += spent.trips
            self.renewal_writes += spent.writes
            self.aside_history += spent.history_writes

    def released(self, spent: Spent) -> None:
        """A release was answered."""
        if spent.began >= self.since:
            self.releases += 1
            self.release_writes += spent.writes
            self.aside_history += spent.history_writes

    def called(self, late: bool, known: bool, right: bool) -> None:
        """Somebody called, and the history was asked who."""
        calls = self.late_calls if late else self.calls
        calls.right += right
        calls.wrong += known and not right
        calls.unknown += not known

    @property
    def mean_trips(self) -> float:
        return sum(self.trips) / max(self.leases, 1)

    @property
    def writes_per_lease(self) -> float:
        return self.writes / max(self.leases, 1)

    @property
    def writes_with_history(self) -> float:
        """Write units per lease, with those that keep its history, over all writers."""
        return self.writes_per_lease + self.history_per_lease

    @property
    def reads_per_lease(self) -> float:
        return self.reads / max(self.leases, 1)

    @property
    def history_per_lease(self) -> float:
        """Write units per lease for its history, over all writers."""
        return (self.history + self.aside_history) / max(self.leases, 1) + self.design_history

    @property
    def dollars_per_million(self) -> float:
        """Of leases, without history."""
        return 1e6 * dollars(self.writes, self.reads) / max(self.leases, 1)

    @property
    def dollars_with_history(self) -> float:
        """Of leases."""
        return self.dollars_per_million + 1e6 * dollars(self.history_per_lease, 0)

    @property
    def false_overflow(self) -> float:
        """Share of requests."""
        return self.false_overflows / max(self.requests, 1)

    @property
    def idle_p5(self) -> float:
        return quantile(self.truth.idle, 0.05)

    @property
    def late_call_owned(self) -> float:
        """Share of leases after whose end the number rested long enough for a late call."""
        return sum(1 for idle in self.truth.idle if idle > LATE_CALL) / max(len(self.truth.idle), 1)


def quantile(values: list[float] | list[int], share: float) -> float:
    """The value below which this share lies; NaN of nothing."""
    ordered = sorted(values)
    return float(ordered[min(int(share * len(ordered)), len(ordered) - 1)]) if ordered else float("nan")
