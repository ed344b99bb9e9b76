"""What a container remembers may be shared by threads. Each test lets a second one in at the worst moment."""

from __future__ import annotations

import random
from collections import Counter, OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, TypeVar

from chalicelib.pool.lending.census_table import OverflowTally, minutes
from chalicelib.pool.lending.container_cache import ContainerCache
from chalicelib.pool.lending.overflow_sample_table import SAMPLE, OverflowSample, shown_before
from chalicelib.pool.lending.rate_limit import RateLimit
from chalicelib.registry import snapshot
from tests.pool.shop import NOW, POOL, open_shop
from tests.switching import Intruder

T = TypeVar("T")
FIRST, SECOND = "93.184.216.34", "93.184.216.35"


def who(place: int) -> bytes:
    return place.to_bytes(12, "big")


def test_two_threads_never_drop_the_same_visitor_from_the_sample(aws: Any) -> None:
    sample = OverflowSample()
    for place in range(SAMPLE):
        sample.add("p1", who(place), NOW)
    intruder = Intruder(sample._lock, lambda: sample.add("p1", who(101), NOW))

    class Chance(random.Random):
        """Always drops the first visitor, and lets the other thread in when it has chosen."""

        def randrange(self, *_: Any) -> int:
            return 0

        def choice(self, seq: Sequence[T]) -> T:  # type: ignore[override]
            chosen = seq[0]
            intruder.let_in()
            return chosen

    sample._rng = Chance()
    sample.add("p1", who(100), NOW)
    intruder.leave()
    sample.add("p1", who(0), NOW + timedelta(seconds=9))  # writes what is there

    kept = {int(each.visitor, 16) for each in shown_before("p1", NOW + timedelta(seconds=9), 60)}
    assert len(kept) == SAMPLE
    assert {100, 101} & kept


def test_a_minute_that_is_over_is_left_by_two_threads_at_once(aws: Any) -> None:
    sample = OverflowSample()
    sample.add("p1", who(1), NOW)
    later = NOW + timedelta(minutes=1)
    intruder = Intruder(sample._lock, lambda: sample.add("p1", who(3), later))

    class Minutes(dict[Any, Any]):
        def __delitem__(self, key: Any) -> None:
            intruder.let_in()
            super().__delitem__(key)

    sample._minutes = Minutes(sample._minutes)
    sample.add("p1", who(2), later)
    intruder.leave()

    assert {int(each.visitor, 16) for each in shown_before("p1", later, 90)} == {1, 2, 3}


def test_no_overflow_is_lost_between_two_threads(aws: Any) -> None:
    tally = OverflowTally()
    tally.add("p1", NOW)

    def flush_and_add() -> None:
        tally.flush(NOW)
        tally.add("p1", NOW)

    intruder = Intruder(tally._lock, flush_and_add)

    class Pending(Counter[Any]):
        def __getitem__(self, key: Any) -> int:
            count = super().__getitem__(key)
            intruder.let_in()
            return count

    tally._pending = Pending(tally._pending)
    tally.add("p1", NOW)
    intruder.leave()
    tally.flush(NOW + timedelta(seconds=9))

    (row,) = minutes("p1", NOW, NOW + timedelta(minutes=1))
    assert row.overflow == 3


def test_an_overflow_that_could_not_be_written_is_written_later(aws: Any, monkeypatch: Any, capsys: Any) -> None:
    from chalicelib.runtime.settings import settings

    tally = OverflowTally()
    tally.add("p1", NOW)
    table = settings().days_table
    monkeypatch.setenv("CALLPATH_DAYS_TABLE", "gone")
    settings.cache_clear()
    tally.flush(NOW)
    assert "overflow_not_counted" in capsys.readouterr().out
    monkeypatch.setenv("CALLPATH_DAYS_TABLE", table)
    settings.cache_clear()
    tally.add("p1", NOW)
    tally.flush(NOW + timedelta(seconds=9))

    (row,) = minutes("p1", NOW, NOW + timedelta(minutes=1))
    assert row.overflow == 2


def test_an_address_is_counted_while_another_thread_forgets_it() -> None:
    rate_limit = RateLimit(most_addresses=1)
    intruder = Intruder(rate_limit._lock, lambda: rate_limit.admits(SECOND, 60))

    class Minutes(OrderedDict[Any, Any]):
        def setdefault(self, key: Any, default: Any = None) -> Any:
            found = super().setdefault(key, default)
            intruder.let_in()
            return found

    rate_limit._minutes = Minutes()
    assert rate_limit.admits(FIRST, 60)
    intruder.leave()
    assert len(rate_limit) == 1


def test_each_thread_has_a_view_of_its_own_and_keeps_it(aws: Any) -> None:
    open_shop()
    cache, found = ContainerCache(), snapshot.site_by_key("sk1", NOW)
    assert found is not None
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        views = [thread.submit(cache.view, found, POOL).result() for thread in (one, other, one, other)]
    assert views[0] is views[2]
    assert views[1] is views[3]
    assert views[0] is not views[1]
    assert cache.view(found, POOL) is cache.view(found, POOL)
