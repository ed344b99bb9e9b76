from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.registry import keys, snapshot, store
from chalicelib.registry.types import MOST_PAST, NumberKind, NumberState, Ownership, TrackingNumber
from chalicelib.runtime import aws as clients
from tests.factories import NOW, POOL, SITE, dynamic, open_site, other_site

pytestmark = pytest.mark.usefixtures("aws")


def day(place: int) -> datetime:
    return NOW + timedelta(days=place)


def lendable() -> Any:
    snapshot.forget()
    found = snapshot.site_by_key(SITE.site_key, NOW)
    assert found is not None
    return found.slots["p1"]


def test_dynamic_numbers_are_published_by_group_and_slot() -> None:
    open_site()

    store.put_numbers("s1", [dynamic(14), dynamic(0), dynamic(2)])

    assert lendable() == (("+74990000000", "", "+74990000002"), ("", "", "+74990000014"))


def test_a_number_out_of_use_leaves_its_slot_empty() -> None:
    open_site()
    store.put_numbers("s1", [dynamic(0), dynamic(1)])

    for state in (NumberState.DRAINING, NumberState.QUARANTINE, NumberState.ARCHIVED):
        store.change_number("s1", "+74990000000", {"state": state})
        assert lendable() == (("", "+74990000001"),)

    store.change_number("s1", "+74990000000", {"state": NumberState.ACTIVE})
    assert lendable() == (("+74990000000", "+74990000001"),)


def test_the_same_placement_again_changes_nothing() -> None:
    open_site()
    numbers = [dynamic(place) for place in range(70)]
    store.put_numbers("s1", numbers)
    before = lendable()

    store.put_numbers("s1", numbers + numbers)

    assert lendable() == before
    assert len(store.numbers_of("s1")) == 71  # and the overflow number


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"slot": 5},
        {"pool_id": "p2"},
        {"site_id": "s2"},
        {"kind": NumberKind.STATIC, "pool_id": None, "group": None, "slot": None},
    ],
)
def test_a_number_in_another_place_is_refused_by_position_and_nothing_is_written(elsewhere: dict[str, Any]) -> None:
    open_site()
    other_site()
    store.put_numbers("s1", [dynamic(3)])
    moved = dynamic(3, **elsewhere)

    with pytest.raises(Conflict) as refused:
        store.put_numbers(moved.site_id, [dynamic(0, site_id=moved.site_id), moved])

    assert refused.value.field == "numbers[1]"
    assert "+74990000003" not in refused.value.message
    assert store.current_owners(["+74990000000", "+74990000003"]) == {"+74990000003": dynamic(3)}


def test_a_number_listed_twice_for_two_places_is_refused() -> None:
    open_site()

    with pytest.raises(Conflict, match=r"numbers\[1\]"):
        store.put_numbers("s1", [dynamic(0), dynamic(0, slot=1)])

    assert store.current_owners(["+74990000000"]) == {}


def archived(place: int = 0) -> Ownership:
    """A dynamic number of s1 that was taken out of use, with its record."""
    store.put_numbers("s1", [dynamic(place)])
    store.change_number("s1", dynamic(place).number, {"state": NumberState.ARCHIVED})
    return record_of(dynamic(place).number)


def record_of(number: str) -> Ownership:
    return store.ownerships([number])[number]


def static_of(site_id: str, campaign: str = "c1") -> TrackingNumber:
    return TrackingNumber("+74990000000", site_id, NumberKind.STATIC, campaign_id=campaign)


def test_an_archived_number_moves_to_another_site_over_the_record_that_was_judged() -> None:
    open_site()
    other_site()
    record = archived()

    store.move_numbers("s2", [static_of("s2")], {record.owner.number: record}, NOW)

    assert snapshot.owner_of("+74990000000", NOW) == static_of("s2")
    assert store.number_of_site("s1", "+74990000000") is None
    assert [number.number for number in store.numbers_of("s1")] == ["+74995550100"], "it is no longer listed"
    with pytest.raises(NotFound):
        store.change_number("s1", "+74990000000", {"state": NumberState.ACTIVE})


def test_an_archived_number_of_another_place_is_refused_by_who_has_not_judged_it() -> None:
    open_site()
    other_site()
    archived()

    with pytest.raises(Conflict, match=r"numbers\[0\]"):
        store.put_numbers("s2", [static_of("s2")])
    with pytest.raises(Conflict, match="overflow_number"):
        store.create_pool(replace(POOL, pool_id="p2", overflow_number="+74990000000"))
    with pytest.raises(Conflict, match="overflow_number"):
        store.update_pool("s1", "p1", {"overflow_number": "+74990000000"})


def test_a_record_that_changed_since_it_was_judged_is_not_overwritten() -> None:
    open_site()
    other_site()
    judged = archived()
    store.change_number("s1", "+74990000000", {"state": NumberState.ACTIVE})
    store.change_number("s1", "+74990000000", {"state": NumberState.ARCHIVED})

    assert record_of("+74990000000").owner == judged.owner
    with pytest.raises(store.Overtaken):
        store.move_numbers("s2", [static_of("s2")], {"+74990000000": judged}, NOW)
    with pytest.raises(store.Overtaken):
        store.move_numbers("s2", [static_of("s2")], {}, NOW)
    assert record_of("+74990000000").owner == judged.owner


def test_a_number_has_an_owner_at_every_moment() -> None:
    open_site()
    other_site()
    record = archived()
    moves = [("s2", "c1"), ("s1", "c2"), ("s2", "c3")]
    for days, (site_id, campaign) in enumerate(moves):
        store.move_numbers(site_id, [static_of(site_id, campaign)], {record.owner.number: record}, day(days))
        store.change_number(site_id, "+74990000000", {"state": NumberState.ARCHIVED, "label": "somebody's"})
        record = record_of("+74990000000")

    def place(at: datetime) -> tuple[str, str | None, int | None]:
        found = snapshot.owner_at("+74990000000", at, day(9))
        assert found is not None
        return found.site_id, found.campaign_id, found.slot

    moment = timedelta(microseconds=1)
    assert [place(day(-400)), place(day(0) - moment)] == [("s1", None, 0)] * 2
    assert [place(day(0)), place(day(1) - moment)] == [("s2", "c1", None)] * 2
    assert [place(day(1)), place(day(2) - moment)] == [("s1", "c2", None)] * 2
    assert [place(day(2)), place(day(9))] == [("s2", "c3", None)] * 2
    assert all(tenure.owner.label is None for tenure in record.past)


def test_a_clock_set_back_leaves_the_past_in_order() -> None:
    first = Ownership(dynamic(0)).moved(static_of("s1"), day(5)).moved(static_of("s2"), day(3))

    assert [tenure.until for tenure in first.past] == [day(5), day(5)]
    assert [first.owner_at(day(each)) for each in (4, 5)] == [dynamic(0), static_of("s2")]


def test_of_very_many_owners_the_earliest_are_unknown_and_the_record_stays_small() -> None:
    record = Ownership(dynamic(0))
    for days in range(30):
        record = record.moved(dynamic(0, pool_id=f"p{days}"), day(days))

    oldest = 30 - MOST_PAST
    assert record.owner_at(day(oldest) - timedelta(seconds=1)) is None
    for days in range(oldest, 30):
        owner = record.owner_at(day(days))
        assert owner is not None and owner.pool_id == f"p{days}"
    assert len(keys.encode(record.past) + keys.encode(record.owner)) < 4096, "half a read unit"


def test_an_owner_read_before_a_call_is_read_again_for_it(aws: Any) -> None:
    open_site()
    other_site()
    record, reads = archived(), count_reads()
    assert snapshot.owner_at("+74990000000", day(0) - timedelta(seconds=9), day(0)) == record.owner
    store.move_numbers("s2", [static_of("s2")], {"+74990000000": record}, day(0) + timedelta(seconds=10))

    at = day(0) + timedelta(seconds=12)
    for later in (12, 20, 50):  # the events of a call
        assert snapshot.owner_at("+74990000000", at, day(0) + timedelta(seconds=later)) == static_of("s2")
    assert len(reads) == 2
    assert snapshot.owner_of("+74990000000", day(0) + timedelta(seconds=55)) == static_of("s2")
    assert len(reads) == 2


def count_reads() -> list[Any]:
    """What is read of single items of the directory from now on."""
    snapshot.forget()
    reads: list[Any] = []
    client = clients.dynamodb(hot=True)
    client.meta.events.register("provide-client-params.dynamodb.GetItem", lambda params, **_: reads.append(params))
    return reads


def test_an_overflow_number_is_not_archived_while_its_pool_shows_it() -> None:
    open_site()

    with pytest.raises(Conflict) as refused:
        store.change_number("s1", "+74995550100", {"state": NumberState.ARCHIVED})
    assert refused.value.field == "state"
    store.update_pool("s1", "p1", {"overflow_number": None})
    store.change_number("s1", "+74995550100", {"state": NumberState.ARCHIVED})

    store.update_pool("s1", "p1", {"overflow_number": "+74995550100"})
    assert record_of("+74995550100").owner.state is NumberState.ACTIVE


def test_a_slot_is_let_go_by_the_number_that_lives_elsewhere_or_is_archived() -> None:
    open_site()
    store.put_numbers("s1", [dynamic(0), dynamic(1)])
    judged = store.ownerships([dynamic(0).number, dynamic(1).number])

    assert not store.let_go(dynamic(0).number, "p1", 0, 0), "it lives there"
    assert not store.let_go(dynamic(9).number, "p1", 0, 9), "nobody knows of it: an import may be under way"
    assert store.let_go(dynamic(0).number, "p1", 0, 5)
    store.change_number("s1", dynamic(1).number, {"state": NumberState.ARCHIVED})
    assert store.let_go(dynamic(1).number, "p1", 0, 1)

    assert record_of(dynamic(0).number).owner == dynamic(0)
    found = record_of(dynamic(1).number)
    assert (found.owner.pool_id, found.owner.group, found.owner.slot, found.past) == ("p1", None, None, ())
    assert [number.slot for number in store.numbers_of("s1") if number.number == dynamic(1).number] == [None]
    for place in (0, 1):  # an import that had read the records before writes nothing
        with pytest.raises(store.Overtaken):
            store.move_numbers("s1", [dynamic(place, label="new")], judged, NOW)


def test_label_and_target_change_with_a_new_import() -> None:
    open_site()
    number = TrackingNumber("+74990000001", "s1", NumberKind.STATIC, campaign_id="c1", label="old")
    store.put_numbers("s1", [number])

    store.put_numbers("s1", [replace(number, label="new")])

    assert store.number_of_site("s1", "+74990000001") == replace(number, label="new")
    assert replace(number, label="new") in store.numbers_of("s1")


def test_a_list_goes_on_after_the_last_number_shown() -> None:
    open_site()
    store.put_numbers("s1", [dynamic(place) for place in range(5)])

    first = store.numbers_page("s1", 2, None)
    rest = store.numbers_page("s1", 10, first[-1].number)

    assert [number.number[-1] for number in first] == ["0", "1"]
    assert [number.number for number in first + rest] == [number.number for number in store.numbers_of("s1")]


def test_numbers_of_a_site_that_does_not_exist_are_refused() -> None:
    with pytest.raises(NotFound):
        store.put_numbers("s9", [dynamic(0, site_id="s9")])
    assert store.current_owners(["+74990000000"]) == {}
