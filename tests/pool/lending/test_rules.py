"""The rules of lending against a store in memory: what is lent to whom, and for how many round trips."""

from __future__ import annotations

import random
from typing import Any

import pytest

from chalicelib.pool.lending import rules
from chalicelib.pool.lending.address_quota import quota_of
from chalicelib.pool.lending.commands import Copy, Read, Take, Trim, Written
from chalicelib.pool.lending.lease_group import GUARD, Closed, Group, Position, Slot
from chalicelib.pool.lending.pool_view import Policy, PoolView
from tests.fakes.lease_table import START, MemoryTable, free_group, numbers_of

HOLD = 300


class Pool:
    """A store, one container's view of it and a clock."""

    def __init__(self, groups: int = 1, slots: int = 12, seed: int = 1, cooldown: float = 0) -> None:
        self.table = MemoryTable(groups, slots)
        self.rng = random.Random(seed)
        self.view = PoolView(numbers_of(groups, slots), Policy(HOLD, cooldown), self.rng)
        self.now = START

    def lend(self, name: str, view: PoolView | None = None) -> rules.Lent | None:
        self.table.commands.clear()
        lent: rules.Lent | None = self.table.run(rules.lend(view or self.view, key(name), self.now, self.rng))
        return lent

    def sent(self) -> list[str]:
        return [type(command).__name__ for command in self.table.commands]

    def learn(self, state: Group) -> None:
        """Both the store and the container have this state of the first group."""
        self.table.groups[0] = state
        self.view.record(0, state, self.now)
        self.table.commands.clear()

    def set_slot(self, group: int, slot: int, value: Slot) -> None:
        current = self.table.groups[group]
        self.table.groups[group] = current._replace(slots=(*current.slots[:slot], value, *current.slots[slot + 1 :]))


def key(name: str) -> bytes:
    return name.encode().ljust(12, b".")


def test_the_first_lease_of_a_container_costs_one_read_and_one_write_and_the_next_one_write() -> None:
    pool = Pool()
    assert pool.lend("anna")
    assert pool.sent() == ["Read", "Take"]
    assert pool.lend("boris")
    assert pool.sent() == ["Take"]


def test_a_lease_is_never_shorter_than_the_hold() -> None:
    pool = Pool()
    pool.now = START + 0.9
    lent = pool.lend("anna")
    assert lent is not None
    assert (lent.leased, lent.until) == (START, START + HOLD + 1)


def test_all_numbers_are_lent_before_a_visitor_is_turned_away() -> None:
    pool = Pool(groups=5, slots=10)
    lent = [pool.lend(f"v{place}") for place in range(50)]
    assert len({(one.group, one.slot) for one in lent if one}) == 50
    assert pool.lend("late") is None


def test_an_exhausted_pool_costs_nothing_for_a_moment_and_recovers() -> None:
    pool = Pool(slots=2)
    assert pool.lend("anna") and pool.lend("boris")
    assert pool.lend("carl") is None
    assert pool.sent() == ["Read"]
    assert pool.lend("dora") is None
    assert pool.sent() == []
    pool.now += HOLD + GUARD + 1
    assert pool.lend("dora")


def test_new_numbers_end_an_exhaustion_at_once() -> None:
    pool = Pool(slots=1)
    pool.lend("anna")
    assert pool.lend("boris") is None
    pool.set_slot(0, 1, Slot(None, 0, 0))
    pool.view.configure(numbers_of(1, 2), Policy(HOLD, 0))
    assert pool.lend("boris")


def test_a_clock_set_back_does_not_keep_a_pool_closed() -> None:
    pool = Pool(slots=1)
    pool.lend("anna")
    assert pool.lend("boris") is None
    pool.now -= 3600
    pool.set_slot(0, 0, Slot(None, 0, 0))
    assert pool.lend("boris")


def test_the_number_idle_longest_goes_first_when_none_is_rested() -> None:
    pool = Pool(slots=3, cooldown=10_000)
    for slot, end in enumerate((START - 50, START - 70, START - 60)):
        pool.set_slot(0, slot, Slot(key(f"old{slot}"), int(START) - 400, int(end)))
    lent = pool.lend("anna")
    assert lent is not None
    assert lent.slot == 1


def test_a_number_past_the_cool_down_goes_before_one_that_is_not() -> None:
    for seed in range(20):
        pool = Pool(slots=12, seed=seed, cooldown=90)
        for slot in range(12):
            pool.set_slot(0, slot, Slot(key(f"old{slot}"), int(START) - 900, int(START) - (95 if slot == 7 else 85)))
        lent = pool.lend("anna")
        assert lent is not None
        assert lent.slot == 7


def test_nobody_gets_a_number_within_the_guard() -> None:
    pool = Pool(slots=1)
    pool.set_slot(0, 0, Slot(key("old"), int(START) - 300, int(START) - GUARD))
    assert pool.lend("anna") is None
    pool.now += 1
    assert pool.lend("anna")


def test_a_slot_the_registry_does_not_lend_is_left_alone() -> None:
    pool = Pool(slots=2)
    pool.view.configure((("", "+74950000001"),), Policy(HOLD, 0))
    lent = pool.lend("anna")
    assert lent is not None
    assert lent.slot == 1
    assert pool.lend("boris") is None


def test_a_visitor_who_returns_while_their_lease_runs_has_it_renewed_by_one_write() -> None:
    pool = Pool()
    first = pool.lend("anna")
    pool.now += HOLD - 10
    again = pool.lend("anna")
    assert first is not None
    assert again is not None
    assert again == first._replace(until=int(START) + 2 * HOLD - 10)
    assert pool.sent() == ["Renew"]


def test_a_visitor_who_returns_later_takes_the_same_number_anew_by_one_write_and_the_old_lease_keeps_its_end() -> None:
    pool = Pool()
    first = pool.lend("anna")
    assert first is not None
    pool.now += 10_000
    again = pool.lend("anna")
    assert again == first._replace(leased=int(START) + 10_000, until=int(START) + 10_000 + HOLD)
    assert pool.sent() == ["Retake"]
    assert pool.table.groups[0].closed[-1] == Closed(first.slot, key("anna"), first.leased, first.until)
    asked_for = {START + 10: "live", START + 9_000: "unknown", START + 10_010: "live"}
    for at, certainty in asked_for.items():
        assert pool.table.holder((first.group, first.slot), at).certainty == certainty


def test_a_return_that_was_taken_for_a_renewal_costs_a_second_write() -> None:
    pool = Pool()
    first = pool.lend("anna")
    assert first is not None
    position = Position(first.group, first.slot)
    cold = PoolView(pool.view.numbers, pool.view.policy, pool.rng)
    pool.now = first.until + 1
    pool.table.commands.clear()
    lent = pool.table.run(rules.renew(cold, position, key("anna"), pool.now))
    assert (lent.leased, pool.sent()) == (first.until + 1, ["Renew", "Retake"])
    pool.table.commands.clear()
    assert pool.table.run(rules.renew(pool.view, position, key("anna"), pool.now, lapsed=True)).leased == lent.leased
    assert pool.sent() == ["Retake"], "another tab had been faster: its lease is the visitor's as well"


def test_who_returns_when_the_container_has_seen_their_number_lent_to_somebody_else_costs_no_write_in_vain() -> None:
    pool = Pool(slots=1)
    first = pool.lend("anna")
    assert first is not None
    position, stale = Position(first.group, first.slot), PoolView(pool.view.numbers, pool.view.policy, pool.rng)
    stale.record(0, pool.table.groups[0], pool.now)
    pool.now = first.until + GUARD + 1
    assert pool.lend("boris") is not None
    for view, sent in ((pool.view, []), (stale, ["Retake"]), (stale, [])):  # in vain once, if it did not know better
        pool.table.commands.clear()
        renew = rules.renew(view, position, key("anna"), pool.now, lapsed=True, leased=first.leased)
        assert pool.table.run(renew) is None
        assert pool.sent() == sent


def test_what_the_container_saw_before_a_lease_began_says_nothing_against_it() -> None:
    pool = Pool(slots=1)
    first = pool.lend("anna")
    assert first is not None
    stale = PoolView(pool.view.numbers, pool.view.policy, pool.rng)
    stale.record(0, pool.table.groups[0], pool.now)
    pool.now = first.until + GUARD + 1
    second = pool.lend("boris")
    assert second is not None
    renew = rules.renew(stale, Position(0, 0), key("boris"), pool.now + 1, leased=second.leased)
    assert pool.table.run(renew) is not None


def test_a_number_that_is_not_lent_any_more_is_not_taken_anew() -> None:
    pool = Pool(slots=2)
    first = pool.lend("anna")
    assert first is not None
    position, numbers = Position(first.group, first.slot), list(pool.view.numbers[0])
    numbers[first.slot] = ""
    pool.view.configure((tuple(numbers),), pool.view.policy)
    pool.now += HOLD - 1
    renewed = pool.table.run(rules.renew(pool.view, position, key("anna"), pool.now))
    assert renewed is not None, "a lease that runs goes on"
    pool.now = renewed.until + 1
    assert pool.table.run(rules.renew(pool.view, position, key("anna"), pool.now, lapsed=True)) is None


def test_who_only_says_who_they_are_is_not_given_a_lease_that_runs() -> None:
    pool = Pool(groups=2)
    first = pool.lend("anna")
    assert first is not None
    for view in (pool.view, PoolView(pool.view.numbers, pool.view.policy, pool.rng)):
        other = pool.table.run(rules.lend(view, key("anna"), pool.now, pool.rng, proven=False))
        assert other is not None
        assert other.group != first.group
        pool.table.groups[other.group] = free_group()
        pool.view.forget(other.group)
    pool.now = first.until + 1
    again = pool.table.run(rules.lend(pool.view, key("anna"), pool.now, pool.rng, proven=False))
    assert again is not None


def test_who_only_says_who_they_are_from_the_address_of_the_lease_has_it_renewed() -> None:
    pool = Pool(groups=2)
    mine, other = (quota_of(address, "p1", 24, 2, 10, b"key") for address in ("203.0.113.9", "198.51.100.4"))
    first = pool.table.run(rules.lend(pool.view, key("anna"), pool.now, pool.rng, mine))
    for view in (pool.view, PoolView(pool.view.numbers, pool.view.policy, pool.rng)):
        again = pool.table.run(rules.lend(view, key("anna"), pool.now + 1, pool.rng, mine, proven=False))
        assert (again.group, again.slot) == (first.group, first.slot)
    elsewhere = pool.table.run(rules.lend(pool.view, key("anna"), pool.now + 1, pool.rng, other, proven=False))
    assert (elsewhere.group, elsewhere.slot) != (first.group, first.slot)


def test_a_second_tab_in_another_container_gets_the_same_number() -> None:
    pool = Pool()
    first = pool.lend("anna")
    other = PoolView(pool.view.numbers, pool.view.policy, pool.rng)
    pool.now += 5
    again = pool.lend("anna", other)
    assert first is not None
    assert again is not None
    assert (again.group, again.slot) == (first.group, first.slot)


def test_a_stale_view_meets_a_conflict_learns_from_it_and_goes_on() -> None:
    pool = Pool(slots=12)
    other = PoolView(pool.view.numbers, pool.view.policy, random.Random(5))
    pool.lend("warm", other)
    for place in range(10):
        pool.lend(f"v{place}")
    lent = pool.lend("late", other)
    assert lent is not None
    assert pool.sent().count("Take") <= 2
    assert pool.lend("too late", other) is None


def test_a_write_that_was_repeated_recognises_itself() -> None:
    pool = Pool()
    steps = rules.lend(pool.view, key("anna"), pool.now, pool.rng)
    answer: Any = None
    result = None
    while result is None:
        try:
            command = steps.send(answer)
        except StopIteration as ended:
            result = ended.value
            break
        answer = pool.table.execute(command)
        if isinstance(command, Take):
            answer = pool.table.execute(command)
            assert not answer.done
    assert result.leased == START
    assert [type(command) for command in pool.table.commands] == [Read, Take, Take]


def closed(count: int) -> tuple[Closed, ...]:
    """So many leases that others displaced."""
    return tuple(Closed(0, key(f"c{place}"), place, place + 1) for place in range(count))


def test_a_ring_that_is_full_moves_into_a_chunk_at_once() -> None:
    pool = Pool()
    assert pool.lend("anna")
    pool.table.groups[0] = pool.table.groups[0]._replace(closed=closed(rules.CLOSED_FULL - 1))
    lent = pool.lend("boris")  # the container thinks that there is room
    assert lent is not None
    assert pool.sent() == ["Take", "Copy", "Trim"]
    assert pool.table.groups[0].closed == ()
    assert len(pool.table.chunks[0, lent.leased * 1000].closed) == rules.CLOSED_FULL
    assert pool.table.groups[0].last_chunk == lent.leased * 1000


def test_a_ring_that_fills_is_copied_and_the_next_write_empties_it_for_nothing() -> None:
    pool = Pool()
    full = closed(rules.CLOSED_FILLING)
    pool.table.groups[0] = pool.table.groups[0]._replace(closed=full)
    anna = pool.lend("anna")
    assert anna is not None
    assert pool.sent() == ["Read", "Copy", "Take"]
    (made,) = pool.table.chunks.values()
    current = pool.table.groups[0]
    assert (made.closed, current.closed) == (full, (Closed(anna.slot, None, 0, 0),))
    assert (0, current.last_chunk) in pool.table.chunks
    pool.learn(current._replace(closed=closed(rules.CLOSED_FILLING_RENEW)))  # nobody waits: earlier
    pool.now += 60
    assert pool.table.run(rules.renew(pool.view, Position(anna.group, anna.slot), key("anna"), pool.now))
    assert pool.sent() == ["Copy", "Renew"]
    assert pool.table.groups[0].closed == ()
    pool.learn(pool.table.groups[0]._replace(closed=full))
    pool.now += HOLD + 1
    assert pool.table.run(rules.renew(pool.view, Position(anna.group, anna.slot), key("anna"), pool.now))
    assert pool.sent() == ["Copy", "Retake"]
    current = pool.table.groups[0]
    assert [each.visitor for each in current.closed] == [key("anna")]
    assert max(key for _, key in pool.table.chunks) == pool.table.groups[0].last_chunk
    assert sorted(len(state.closed) for state in pool.table.chunks.values()) == [
        rules.CLOSED_FILLING_RENEW,
        *[len(full)] * 2,
    ]


@pytest.mark.parametrize("moved", [{"closed": closed(rules.CLOSED_FILLING + 1)}, {"last_chunk": 7}])
def test_a_ring_that_moved_since_it_was_copied_is_not_emptied_and_the_visitor_is_served(moved: dict[str, Any]) -> None:
    pool = Pool()
    anna = pool.lend("anna")
    assert anna is not None
    pool.learn(pool.table.groups[0]._replace(closed=closed(rules.CLOSED_FILLING)))
    others = pool.table.groups[0]._replace(**moved)
    pool.table.groups[0] = others
    pool.now += 60
    assert pool.table.run(rules.renew(pool.view, Position(anna.group, anna.slot), key("anna"), pool.now))
    assert pool.sent() == ["Copy", "Renew", "Renew"]
    assert pool.table.groups[0].closed == others.closed
    pool.learn(pool.table.groups[0]._replace(closed=closed(rules.CLOSED_FILLING), last_chunk=0))
    pool.table.groups[0] = others
    assert pool.lend("boris")
    assert pool.sent() == ["Copy", "Take", "Copy", "Take"]
    assert any(state.closed == others.closed for state in pool.table.history(0, 0))


def test_a_ring_that_could_not_be_copied_is_not_emptied() -> None:
    pool = Pool()
    pool.table.groups[0] = pool.table.groups[0]._replace(closed=closed(rules.CLOSED_FILLING))
    lend = rules.lend(pool.view, key("anna"), pool.now, pool.rng)
    assert isinstance(next(lend), Read)
    assert isinstance(lend.send({0: pool.table.groups[0]}), Copy)
    take = lend.send(Written(False, None))
    assert isinstance(take, Take) and take.copied is None


def test_chunks_sort_as_they_were_made_and_none_replaces_another() -> None:
    pool = Pool(slots=1)
    made = []
    for seconds in (0, 500, -9_000, 0, 0):  # clocks disagree, or nothing but retired slots was pushed
        begin = int(START) + seconds
        slot = Slot(key("anna"), begin, begin + 300)
        pool.table.groups[0] = pool.table.groups[0]._replace(closed=(Closed(0, key("boris"), 1, 2),))
        pool.set_slot(0, 0, slot)
        pool.table.run(rules.archive(0, pool.table.groups[0]))
        made.append(pool.table.groups[0].last_chunk)
    assert made == sorted(set(made))
    assert [slot.slots[0].leased - int(START) for slot in pool.table.history(0, 0)[:0:-1]] == [0, 500, -9_000, 0, 0]


def test_a_renewal_of_a_number_that_went_to_somebody_else_fails() -> None:
    pool = Pool(slots=1)
    pool.lend("anna")
    pool.now += HOLD + 10
    pool.lend("boris")
    assert pool.table.run(rules.renew(pool.view, Position(0, 0), key("anna"), pool.now)) is None


def test_a_released_number_belongs_to_its_visitor_for_the_grace() -> None:
    pool = Pool(slots=1)
    pool.lend("anna")
    latest = pool.table.groups[0].slots[0].until
    pool.table.run(rules.release(Position(0, 0), key("anna"), pool.now, latest))
    assert pool.table.groups[0].slots[0].until == START + rules.RELEASE_GRACE
    assert not pool.table.run(rules.release(Position(0, 0), key("boris"), pool.now + 1, latest)).done
    assert not pool.table.run(rules.release(Position(0, 0), key("anna"), pool.now + 1, latest)).done


@pytest.mark.parametrize("rest", [1, 30, 89, 91, 299])
def test_a_number_stays_its_visitors_for_ninety_seconds_after_they_left_however_short_the_rest(rest: int) -> None:
    pool = Pool(slots=1)
    lent = pool.lend("anna")
    assert lent is not None
    pool.now = lent.until - rest
    for seconds in (0, 0, 20):
        pool.table.run(rules.release(Position(0, 0), key("anna"), pool.now + seconds, lent.until))
        assert pool.table.groups[0].slots[0].until == pool.now + rules.RELEASE_GRACE


def test_a_release_that_comes_after_the_end_of_its_lease_revives_nothing() -> None:
    pool = Pool(slots=1)
    lent = pool.lend("anna")
    assert lent is not None
    assert not pool.table.run(rules.release(Position(0, 0), key("anna"), lent.until + 1, lent.until)).done
    assert pool.table.groups[0].slots[0].until == lent.until


def test_a_release_that_was_delayed_until_after_a_renewal_changes_nothing() -> None:
    pool = Pool(slots=1)
    pool.lend("anna")
    given_back = pool.table.groups[0].slots[0].until
    left_at = pool.now
    pool.now += HOLD - 1
    assert pool.table.run(rules.renew(pool.view, Position(0, 0), key("anna"), pool.now)) is not None
    renewed = pool.table.groups[0].slots[0].until
    assert not pool.table.run(rules.release(Position(0, 0), key("anna"), left_at, given_back)).done
    assert pool.table.groups[0].slots[0].until == renewed


def test_a_large_pool_is_searched_by_few_reads() -> None:
    pool = Pool(groups=200)
    for place in range(300):
        pool.now += 1
        assert pool.lend(f"v{place}")
        asked = [command for command in pool.table.commands if isinstance(command, Read)]
        assert sum(len(command.groups) for command in asked) <= (32 if place == 0 else 3)


def test_the_last_free_numbers_of_a_full_pool_are_found() -> None:
    pool = Pool(groups=40)
    busy = Slot(key("busy"), int(START), int(START) + 10_000)
    for group in range(40):
        for slot in range(12):
            if (group, slot) not in {(3, 3), (39, 11)}:
                pool.set_slot(group, slot, busy._replace(visitor=key(f"{group}-{slot}")))
    lent = [pool.lend("anna"), pool.lend("boris")]
    assert {(one.group, one.slot) for one in lent if one} == {(3, 3), (39, 11)}
    assert pool.lend("carl") is None


@pytest.mark.parametrize("copied", [True, False])
def test_the_ring_is_emptied_only_after_it_was_copied(copied: bool) -> None:
    pool = Pool()
    archive = rules.archive(0, pool.table.groups[0])
    assert isinstance(next(archive), Copy)
    try:
        following = archive.send(Written(copied, pool.table.groups[0]))
    except StopIteration:
        following = None
    assert isinstance(following, Trim) is copied
