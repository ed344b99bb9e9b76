from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.registry.ttl_cache import Cache
from tests.factories import NOW
from tests.switching import Intruder


class Source:
    """Counts how often it is asked."""

    def __init__(self, value: str | None) -> None:
        self.value = value
        self.asked = 0

    def read(self) -> str | None:
        self.asked += 1
        return self.value


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_a_value_is_read_once_a_minute() -> None:
    cache: Cache[str] = Cache()
    source = Source("first")

    assert cache.get("k", NOW, source.read) == "first"
    source.value = "second"
    assert cache.get("k", NOW + seconds(59.9), source.read) == "first"
    assert cache.get("k", NOW + seconds(60), source.read) == "second"
    assert source.asked == 2


def test_absence_is_remembered_for_seconds_only() -> None:
    cache: Cache[str] = Cache()
    source = Source(None)

    assert cache.get("k", NOW, source.read) is None
    source.value = "created"
    assert cache.get("k", NOW + seconds(2), source.read) is None
    assert cache.get("k", NOW + seconds(3), source.read) == "created"


def test_an_answer_from_the_future_of_a_simulated_clock_is_read_again() -> None:
    cache: Cache[str] = Cache()
    source = Source("later")
    cache.get("k", NOW, source.read)

    cache.get("k", NOW - seconds(1), source.read)

    assert source.asked == 2


def test_a_failure_is_not_remembered() -> None:
    cache: Cache[str] = Cache()

    def fail() -> str:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        cache.get("k", NOW, fail)
    assert cache.get("k", NOW, Source("there").read) == "there"


def test_made_up_keys_cannot_fill_the_memory() -> None:
    cache: Cache[str] = Cache(limit=3)

    def constant(value: str) -> Callable[[], str]:
        return lambda: value

    for key in "abcde":
        cache.get(key, NOW, constant(key))

    kept = [key for key in "abcde" if cache.get(key, NOW, constant("read again")) == key]
    assert kept == []  # asking for the dropped ones pushed out the rest in turn
    assert cache.get("e", NOW, constant("x")) == "read again"


def test_emptied_it_reads_again() -> None:
    cache: Cache[str] = Cache()
    source = Source("x")
    cache.get("k", NOW, source.read)

    cache.cache_clear()
    cache.get("k", NOW, source.read)

    assert source.asked == 2


def test_what_was_read_before_a_moment_is_read_again_for_it() -> None:
    cache: Cache[str] = Cache()
    source = Source("first")
    cache.get("k", NOW, source.read)

    source.value = "second"
    assert cache.get("k", NOW + seconds(5), source.read, since=NOW) == "first"
    assert cache.get("k", NOW + seconds(5), source.read, since=NOW + seconds(4)) == "second"
    assert cache.get("k", NOW + seconds(9), source.read, since=NOW + seconds(4)) == "second"
    assert source.asked == 2


def test_a_full_memory_is_shortened_by_two_threads_at_once() -> None:
    cache: Cache[str] = Cache(limit=1)
    cache.get("first", NOW, Source("1").read)
    intruder = Intruder(cache._lock, lambda: cache.get("third", NOW, Source("3").read))

    class Entries(dict[Any, Any]):
        def __iter__(self) -> Iterator[Any]:
            places = super().__iter__()
            intruder.let_in()
            return places

    cache._entries = Entries(cache._entries)
    assert cache.get("second", NOW, Source("2").read) == "2"
    intruder.leave()
    assert len(cache._entries) == 1
