from __future__ import annotations

from msgspec.structs import replace

from chalicelib.registry import keys
from chalicelib.registry.types import Pool, SiteSnapshot
from tests.factories import POOL, SITE, dynamic


def test_ten_thousand_numbers_fit_and_come_back_in_order() -> None:
    numbers = [dynamic(place) for place in range(10_000)]

    doc = keys.encode(keys.snapshot_of(SITE, [POOL], reversed(numbers)))
    found = keys.decode(b"".join(keys.split(doc)), SiteSnapshot)

    assert len(doc) < 200_000  # one part, one page of a Query
    groups = found.slots["p1"]
    assert [number for group in groups for number in group] == [number.number for number in numbers]
    assert {len(group) for group in groups[:-1]} == {12}


def test_what_is_larger_than_an_item_is_split_and_nothing_is_lost() -> None:
    doc = bytes(range(256)) * 3000

    parts = keys.split(doc)

    assert [len(part) for part in parts] == [250_000, 250_000, 250_000, 18_000]
    assert b"".join(parts) == doc
    assert keys.split(b"") == [b""]


def test_numbers_of_a_pool_that_is_gone_are_left_out() -> None:
    found = keys.snapshot_of(SITE, [Pool("p2", "s1", "other", "+74951234567", None)], [dynamic(0)])

    assert found.slots == {"p2": ()}


def test_an_assignment_does_not_depend_on_a_numbers_state() -> None:
    number = dynamic(3)

    assert keys.assignment_of(replace(number, label="x", target_number="+74951234567")) == keys.assignment_of(number)
    others = [dynamic(3, slot=4), dynamic(3, group=1), dynamic(3, pool_id="p2"), dynamic(3, site_id="s2")]
    assert len({keys.assignment_of(each) for each in [number, *others]}) == 5
