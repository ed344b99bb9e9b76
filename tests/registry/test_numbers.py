from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.errors import Conflict, NotFound
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import NumberKind, NumberState, TrackingNumber
from tests.registry.examples import NOW, SITE, dynamic, open_site, other_site

pytestmark = pytest.mark.usefixtures("aws")


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
    assert store.placed(["+74990000000", "+74990000003"]) == {"+74990000003": dynamic(3)}


def test_a_number_listed_twice_for_two_places_is_refused() -> None:
    open_site()

    with pytest.raises(Conflict, match=r"numbers\[1\]"):
        store.put_numbers("s1", [dynamic(0), dynamic(0, slot=1)])

    assert store.placed(["+74990000000"]) == {}


def test_an_archived_number_is_free_for_another_site() -> None:
    open_site()
    other_site()
    store.put_numbers("s1", [dynamic(0)])
    store.change_number("s1", "+74990000000", {"state": NumberState.ARCHIVED})
    moved = TrackingNumber("+74990000000", "s2", NumberKind.STATIC, campaign_id="c1")

    store.put_numbers("s2", [moved])

    assert snapshot.owner_of("+74990000000", NOW) == moved
    assert store.number_of_site("s1", "+74990000000") is None
    with pytest.raises(NotFound):
        store.change_number("s1", "+74990000000", {"state": NumberState.ACTIVE})


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
    assert store.placed(["+74990000000"]) == {}
