"""The simulator's own checks, small: it finds what is wrong where something is wrong, and nothing where nothing is."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from chalicelib.pool.lending import group_codec
from chalicelib.pool.lending.address_quota import TAG_BYTES, numbers_for_one
from chalicelib.pool.lending.lease_group import SLOTS, Closed, Group, Slot
from chalicelib.pool.lending.lease_history import Lease
from chalicelib.pool.lending.rules import CLOSED_FULL
from tests.simulation import report
from tests.simulation.cells import FLOODED, FLOODS, GUARDED, NEW_EACH_TIME, NO_GUARD, TUNING_SEEDS, USE_80
from tests.simulation.engine import START, Charge, Engine, Network
from tests.simulation.flood import Flood
from tests.simulation.packed import POOL_ID, PackedGroups, PackedStore
from tests.simulation.peers import CachedList, IndexQuery, Oracle, PoolLock, RandomFree, RingCursor, StealOldest
from tests.simulation.run import Cell, Make, Run, flooded, simulate
from tests.simulation.tally import quantile
from tests.simulation.traffic import Arrival, Phase, Visitors, Visits
from tests.simulation.truth import Truth
from tests.simulation.units import item_size, write_units

SEED = TUNING_SEEDS[0]
SMALL = Cell("60 numbers, 50 % in use", 60, 0.5, leases=1_200, warm_up=600)


def test_clocks_apart_without_a_guard_lend_a_number_twice_and_the_check_sees_it() -> None:
    assert simulate(replace(NO_GUARD, leases=1_500), PackedGroups, SEED).truth.doubles > 0


def test_the_guard_bears_clocks_that_differ_by_two_seconds() -> None:
    tally = simulate(replace(GUARDED, leases=1_500), PackedGroups, SEED)
    assert tally.leases > 1_000
    assert tally.truth.doubles == 0


def test_a_repeated_write_whose_answer_was_lost_lends_nothing_twice() -> None:
    tally = simulate(replace(SMALL, network=Network(lost_answers=0.05)), PackedGroups, SEED)
    assert tally.truth.doubles == 0
    assert tally.overflows == 0


def test_ours_costs_less_than_the_index_query_and_rests_numbers_longer_than_chance() -> None:
    cell = replace(USE_80, leases=1_500, warm_up=900)
    ours, index, chance = (simulate(cell, make, SEED) for make in (PackedGroups, IndexQuery, RandomFree))
    assert ours.dollars_with_history < 0.5 * index.dollars_with_history
    assert ours.idle_p5 > 2 * chance.idle_p5
    assert ours.truth.doubles == 0
    assert ours.false_overflows == 0


def test_every_call_during_a_visit_is_traced_to_its_visitor() -> None:
    calls = simulate(SMALL, PackedGroups, SEED).calls
    assert calls.right > 50
    assert calls.right == calls.right + calls.wrong + calls.unknown


@pytest.mark.parametrize("make", [Oracle, RandomFree, IndexQuery, PoolLock, CachedList])
def test_no_peer_lends_a_number_twice_or_fails_with_many_free(make: Make) -> None:
    tally = simulate(replace(SMALL, leases=500), make, SEED)
    assert tally.leases == tally.requests
    assert tally.truth.doubles == 0


def test_stealing_the_oldest_takes_numbers_from_their_visitors() -> None:
    assert simulate(replace(SMALL, load=1.1, leases=500), StealOldest, SEED).truth.doubles > 0


def test_the_oracle_needs_one_write_and_leaves_no_number_unused() -> None:
    tally = simulate(replace(SMALL, load=1.5, leases=500, clock_error=0.0), Oracle, SEED)
    assert tally.mean_trips == 1
    assert tally.overflows > 0
    assert tally.false_overflows == 0


@pytest.mark.parametrize("make", [PackedGroups, Oracle, RandomFree, IndexQuery, PoolLock])
def test_who_comes_back_gets_the_same_number_as_a_new_lease_while_nobody_else_got_it(make: Make) -> None:
    tally = simulate(replace(SMALL, leases=700), make, SEED)
    assert 0.2 < tally.returns / tally.leases < 0.4
    assert tally.regained > 10
    assert tally.truth.doubles == 0
    twice = [past for past in tally.truth.past if any(a.visitor == b.visitor for a, b in pairwise(past))]
    assert twice
    assert all(a.until < b.leased for past in twice for a, b in pairwise(past))


def test_every_design_meets_the_same_visitors() -> None:
    met: list[list[tuple[float, Arrival]]] = []
    for make in (PackedGroups, CachedList, StealOldest):
        run, arrivals = Run(replace(SMALL, leases=100, load=1.2), make, SEED), list[tuple[float, Arrival]]()
        run.when_answered = lambda at, arrival, _, to=arrivals: to.append((at, arrival))
        run.finish()
        met.append(sorted(arrivals))
    assert met[0] == met[1] == met[2]
    assert len(met[0]) > 200


def test_returns_are_the_share_that_was_asked_for_and_come_a_minute_to_weeks_later() -> None:
    rng, now = random.Random(SEED), START
    visitors, last = Visitors(Visits(), rng, START), dict[bytes, float]()
    away: list[float] = []
    for _ in range(20_000):
        now += rng.expovariate(0.5)
        arrival = visitors.arrive(now)
        if arrival.left is not None:
            away.append(now - arrival.left)
            assert arrival.left < START or last[arrival.visitor] == arrival.left
        else:
            assert arrival.visitor not in last
        last[arrival.visitor] = now + arrival.fate.stay
    assert len(away) / 20_000 == pytest.approx(0.3, abs=0.02)
    assert 60 <= min(away) < max(away) <= 21 * 86_400
    assert quantile(away, 0.5) == pytest.approx(10_400, rel=0.3)  # the geometric middle of the two


def test_a_pool_seems_exhausted_to_a_list_of_old_and_the_truth_calls_it_false() -> None:
    truth = Truth(1, guard=2)
    truth.lend(0, Lease(b"a" * 12, 100, 400), 100.0, 0.0)
    assert not truth.free_since(402.9)
    assert truth.free_since(403.0)


def test_a_key_bears_a_thousand_write_units_a_second_and_refuses_the_next() -> None:
    engine = Engine(PackedStore(Truth(12, guard=2), random.Random(1)), Network(), random.Random(1))
    charge = [Charge("key", writes=1)]
    assert all(engine.admit(charge) for _ in range(1000))
    assert not engine.admit(charge)
    engine.now += 0.01
    assert [engine.admit(charge) for _ in range(11)] == [True] * 10 + [False]


def test_a_burst_beyond_the_limits_is_refused_where_all_share_one_key() -> None:
    burst = Cell("burst", 5_000, 0.0, containers=100, warm_up=0.0, rested=True, phases=(Phase(1, 2_500),))
    assert simulate(burst, RingCursor, SEED).throttles > 100
    assert simulate(burst, PackedGroups, SEED).throttles == 0


def test_items_are_as_large_as_dynamodb_counts_them() -> None:
    assert item_size({"k": {"S": "pool#1"}, "e": {"N": "9999999999999"}, "v": {"B": b"12345"}}) == 1 + 6 + 1 + 8 + 1 + 5
    assert item_size({"A": {"L": [{"N": "0"}, {"N": "7"}]}}) == 1 + 3 + 1 + 1 + 1 + 2


def test_a_full_ring_still_fits_into_one_write_unit_with_times_of_nine_digits() -> None:
    begin, end = 110_123_457, 110_123_757
    current = Group(
        tuple(Slot(bytes(12), begin, end, tag=bytes(TAG_BYTES)) for _ in range(SLOTS)),
        tuple(Closed(index % SLOTS, bytes(12), begin, end) for index in range(CLOSED_FULL)),
        end * 1000,
    )
    assert write_units(item_size(group_codec.write_group(POOL_ID, 833, current))) == 1


@pytest.mark.parametrize("flood", [NEW_EACH_TIME, *FLOODS], ids=lambda flood: flood.name)
@pytest.mark.parametrize("containers", [1, 16])
def test_no_flood_drains_the_pool(flood: Flood, containers: int) -> None:
    cell = replace(FLOODED[0], containers=containers, leases=30, warm_up=300.0)
    tally, spoils = flooded(cell, replace(flood, rate=2.0), SEED)
    many = flood.addresses if not flood.one_network and flood.visitors is None else 1
    assert 0 < spoils.most_held <= many * numbers_for_one(cell.numbers, 10)
    assert spoils.requests > 300
    assert tally.overflows == 0 or many > 1
    assert tally.truth.doubles == 0


def test_without_the_limit_the_same_flood_holds_every_number_and_the_check_sees_it() -> None:
    cell = replace(FLOODED[0], leases=30, warm_up=300.0)
    tally, spoils = flooded(cell, NEW_EACH_TIME, SEED, percent=100)
    assert spoils.most_held > 0.9 * cell.numbers
    assert tally.overflows > tally.requests / 2


def test_reservations_are_the_mean_of_what_visits_keep() -> None:
    everybody_stays = Visits(median=60, sigma=0.0001, beacons=0)
    assert everybody_stays.reservation(draws=100) == pytest.approx(300.5)
    assert replace(everybody_stays, beacons=1, beacons_lost=0).reservation(draws=2000) == pytest.approx(150.7, abs=0.1)


def test_a_section_is_replaced_and_the_rest_of_the_page_stays(tmp_path: Path) -> None:
    page = tmp_path / "measurements.md"
    report.write_section("simulation", "first", page)
    report.write_section("bench", "other", page)
    report.write_section("simulation", "second", page)
    text = page.read_text()
    assert text.startswith("# Measurements")
    assert "first" not in text
    assert text.index("second") < text.index("other")
    assert text.count("simulation:begin") == 1
