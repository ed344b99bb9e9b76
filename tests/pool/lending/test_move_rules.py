"""Numbers taken out of use and imported again while somebody still sees them, on tables in memory."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.api.pools import change_pool, open_pool
from chalicelib.core.errors import Conflict
from chalicelib.pool.lending import provision_numbers
from chalicelib.pool.lending.find_holder import holder_at
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.pool.lending.provision_numbers import import_numbers, place_numbers, set_state
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import Campaign, HoldRule, NumberKind, NumberState, TrackingNumber
from chalicelib.visits.visitor_key import visitor_key
from tests.conftest import SIGNING_KEY
from tests.pool.shop import NOW, POOL, SITE, number, open_shop, replace, stock, visit

GRACE = 600
LEASE_END = 360  # of a visit at NOW
FREE_AT = LEASE_END + GRACE
N = number(1)
SHOP = replace(SITE, call_grace_seconds=GRACE)
OTHER = replace(SITE, site_id="s2", account_id="acc2", site_key="sk2", call_grace_seconds=0)
ELSEWHERE: dict[str, tuple[str, dict[str, str]]] = {
    "another pool of the site": ("s1", {"pool_id": "p2"}),
    "another site": ("s2", {"pool_id": "p3"}),
    "the pool's overflow number": ("s1", {"pool_id": "p4", "kind": "overflow"}),
    "another site's overflow number": ("s2", {"pool_id": "p3", "kind": "overflow"}),
    "a static number": ("s1", {"kind": "static", "campaign_id": "c1"}),
}


@pytest.fixture(autouse=True)
def shop(aws: Any) -> None:
    """Two sites of two accounts; p1 of the first has one number, which v1 is lent at NOW for six minutes."""
    open_shop(
        replace(POOL, overflow_number=None),
        replace(POOL, pool_id="p2", overflow_number=None, order=200),
        replace(POOL, pool_id="p4", overflow_number=None, order=300),
        site=SHOP,
    )
    open_shop(replace(POOL, pool_id="p3", site_id="s2", overflow_number=None), site=OTHER)
    store.create_campaign(Campaign("c1", "s1", "Radio"))
    stock(1)
    assert visit("v1")["number"] == N


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def put(where: str, seconds: float) -> dict[str, Any]:
    """Import the number there."""
    site_id, cells = ELSEWHERE[where]
    report = import_numbers(site_id, [(7, {"number": N, **cells})], at(seconds))
    snapshot.forget()
    return report


def archive(seconds: float) -> None:
    set_state("s1", N, NumberState.ARCHIVED, at(seconds))
    snapshot.forget()


def holder(seconds: float, *, asked: float) -> str | None:
    """Return which visitor of which site held the number at a moment, as found later."""
    owner = snapshot.owner_at(N, at(seconds), at(asked))
    assert owner is not None
    site = store.site(owner.site_id)
    assert site is not None
    found = holder_at(owner, at(seconds), site.call_grace_seconds, at(asked)).visitor
    keys = {visitor_key(site_id, who, SIGNING_KEY.encode()).hex(): who for site_id in ("s1", "s2") for who in VISITORS}
    return None if found is None else keys[found]


VISITORS = ("v1", "v2", "v3")


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_number_that_somebody_may_see_is_refused_elsewhere_until_lease_and_grace_are_over(where: str) -> None:
    archive(30)
    for seconds in (31, LEASE_END + 1, FREE_AT - 1):
        report = put(where, seconds)
        assert (report["landed"], report["unchanged"]) == (0, 0)
        (refused,) = report["rejected"]
        assert (refused["line"], refused["field"], refused["available_at"]) == (7, "number", at(FREE_AT))
        assert "2026-11-02T09:16:00Z" in refused["reason"]
        assert N not in refused["reason"]
    assert store.current_owners([N])[N].pool_id == "p1", "it is where it was"

    assert put(where, FREE_AT)["landed"] == 1

    site_id, cells = ELSEWHERE[where]
    owner = store.current_owners([N])[N]
    assert (owner.site_id, owner.pool_id, owner.kind) == (site_id, cells.get("pool_id"), cells.get("kind", "dynamic"))
    for seconds in (20, 100, LEASE_END, FREE_AT - 1):  # also of what is asked only now
        assert holder(seconds, asked=FREE_AT + 100) == "v1"
    assert holder(FREE_AT, asked=FREE_AT + 100) is None


def test_in_its_own_pool_it_goes_on_at_once_and_is_not_lent_before_its_old_lease_has_ended() -> None:
    archive(30)
    assert stock(1, now=at(31))["landed"] == 1
    for seconds in (35, 100, LEASE_END, LEASE_END + 2):
        assert visit("v2", at=seconds)["kind"] == "original"
    assert visit("v2", at=LEASE_END + 4)["number"] == N
    for seconds in (20, 100, LEASE_END):
        assert holder(seconds, asked=2000) == "v1"
    assert holder(LEASE_END + 60, asked=2000) == "v2"
    assert store.ownerships([N])[N].past == ()


@pytest.mark.parametrize("first", [NumberState.DRAINING, NumberState.QUARANTINE])
def test_what_was_drained_first_waits_as_well(first: NumberState) -> None:
    set_state("s1", N, first, at(10))
    archive(20)
    assert put("another pool of the site", FREE_AT - 1)["rejected"][0]["available_at"] == at(FREE_AT)


def test_a_slot_that_maintenance_closed_shows_when_its_last_lease_ended() -> None:
    set_state("s1", N, NumberState.DRAINING, at(10))
    set_state("s1", N, NumberState.DRAINING, at(LEASE_END + 30))
    archive(LEASE_END + 40)
    assert put("another site", FREE_AT - 1)["rejected"][0]["available_at"] == at(FREE_AT)
    assert put("another site", FREE_AT)["landed"] == 1


def test_a_renewed_lease_counts_to_its_end() -> None:
    set_state("s1", N, NumberState.DRAINING, at(10))
    snapshot.forget()
    held = visit("v3", at=11)
    assert held["number"] != N
    archive(20)
    set_state("s1", N, NumberState.ACTIVE, at(25))
    snapshot.forget()
    again = visit("v2", at=LEASE_END + 10)
    assert again["number"] == N
    assert visit("v2", at=LEASE_END + 300, lease=again["lease"])["number"] == N
    archive(LEASE_END + 310)
    assert put("another site", FREE_AT + 300)["rejected"][0]["available_at"] == at(2 * LEASE_END + 300 + GRACE)


def test_a_number_that_nobody_was_lent_moves_at_once() -> None:
    stock(1, first=2)
    set_state("s1", number(2), NumberState.ARCHIVED, at(5))
    report = import_numbers("s2", [(1, {"number": number(2), "pool_id": "p3"})], at(6))
    assert (report["landed"], report["rejected"]) == (1, [])


def test_an_archiving_that_crashed_half_way_is_completed_before_the_number_moves() -> None:
    store.change_number("s1", N, {"state": NumberState.ARCHIVED, "state_since": at(30)})
    assert not PoolTable("p1").read([0])[0].slots[0].retired
    assert put("another site", 40)["rejected"][0]["available_at"] == at(FREE_AT)
    assert PoolTable("p1").read([0])[0].slots[0].retired
    assert put("another site", FREE_AT)["landed"] == 1


def test_the_grace_is_that_of_the_site_whose_visitor_may_call() -> None:
    store.update_site("s1", {"call_grace_seconds": 0})
    store.update_site("s2", {"call_grace_seconds": 9999})
    archive(30)
    assert put("another site", LEASE_END)["landed"] == 1


def test_only_the_numbers_that_may_still_be_seen_are_refused() -> None:
    archive(30)
    rows = [(2, {"number": N, "pool_id": "p2"}), (3, {"number": number(5), "pool_id": "p2"})]
    report = import_numbers("s1", rows, at(40))
    assert (report["landed"], [each["line"] for each in report["rejected"]]) == (1, [2])


def test_an_import_of_single_numbers_names_the_one_that_waits_and_writes_none() -> None:
    archive(30)
    wanted = [TrackingNumber(each, "s2", NumberKind.DYNAMIC, pool_id="p3") for each in (number(5), N)]
    with pytest.raises(Conflict, match="2026-11-02T09:16:00Z") as refused:
        place_numbers("s2", wanted, at(40))
    assert refused.value.field == "numbers[1]"
    assert N not in refused.value.message
    assert store.current_owners([number(5)]) == {}


def test_a_number_put_back_to_work_meanwhile_belongs_to_its_pool() -> None:
    archive(30)
    set_state("s1", N, NumberState.ACTIVE, at(40))
    assert put("another site", FREE_AT + 9)["rejected"] == [
        {"line": 7, "field": "number", "reason": "belongs to another place"}
    ]


# ---- overflow numbers: everybody sees them ---------------------------------------------------------------------------

SHARED = "+74951110000"


def share(hold: HoldRule = HoldRule.FIXED) -> None:
    """Give p1 an overflow number; a second visitor is shown it."""
    store.update_pool("s1", "p1", {"overflow_number": SHARED, "hold": hold})
    snapshot.forget()
    assert visit("v2")["number"] == SHARED


def import_shared(seconds: float) -> Any:
    return import_numbers("s2", [(1, {"number": SHARED, "pool_id": "p3"})], at(seconds))


@pytest.mark.parametrize(("hold", "longest"), [(HoldRule.FIXED, 360), (HoldRule.LEARNED, 1800)])
def test_an_overflow_number_waits_until_no_page_can_show_it(hold: HoldRule, longest: int) -> None:
    share(hold)
    with pytest.raises(Conflict) as refused:
        set_state("s1", SHARED, NumberState.ARCHIVED, at(10))
    assert refused.value.field == "state"
    store.update_pool("s1", "p1", {"overflow_number": None})
    set_state("s1", SHARED, NumberState.ARCHIVED, at(20.5))
    free = 20.5 + 60 + longest + GRACE
    (rejected,) = import_shared(free - 1)["rejected"]
    assert rejected["available_at"] == at(free + 0.5), "whole seconds, rounded up"
    assert import_shared(free + 0.5)["landed"] == 1
    then, later = (snapshot.owner_at(SHARED, at(each), at(9999)) for each in (30, 9000))
    assert then is not None and later is not None
    assert (then.site_id, then.kind) == ("s1", NumberKind.OVERFLOW)
    assert (later.site_id, later.kind) == ("s2", NumberKind.DYNAMIC)


def test_a_pool_is_not_given_an_overflow_number_that_somebody_may_see_elsewhere() -> None:
    archive(30)
    pool = store.pool("s1", "p2")
    assert pool is not None
    fields = {"name": "new", "target_number": "+74950000000", "overflow_number": N}
    for seconds in (40, FREE_AT - 1):
        with pytest.raises(Conflict, match="2026-11-02T09:16:00Z") as changing:
            change_pool(SHOP, pool, {"overflow_number": N}, at(seconds))
        with pytest.raises(Conflict, match="2026-11-02T09:16:00Z") as opening:
            open_pool(OTHER, fields, at(seconds))
        assert changing.value.field == opening.value.field == "overflow_number"
    assert change_pool(SHOP, pool, {"overflow_number": N}, at(FREE_AT)).overflow_number == N
    assert store.current_owners([N])[N].pool_id == "p2"
    assert holder(100, asked=FREE_AT + 5) == "v1"
    with pytest.raises(Conflict, match="belongs to another place"):
        open_pool(OTHER, fields, at(FREE_AT + 6))
    change_pool(SHOP, pool, {"overflow_number": None}, at(FREE_AT + 7))
    set_state("s1", N, NumberState.ARCHIVED, at(FREE_AT + 8))
    assert open_pool(OTHER, fields, at(3 * FREE_AT)).overflow_number == N


def test_of_two_overflow_numbers_of_one_pool_the_first_lands() -> None:
    rows = [(line, {"number": number(line), "pool_id": "p2", "kind": "overflow"}) for line in (5, 6)]
    report = import_numbers("s1", rows, NOW)
    assert (report["landed"], [each["line"] for each in report["rejected"]]) == (1, [6])
    assert store.pool("s1", "p2").overflow_number == number(5)  # type: ignore[union-attr]
    again = import_numbers("s1", rows, NOW)
    assert (again["landed"], again["unchanged"], len(again["rejected"])) == (0, 1, 1)


def test_states_may_be_changed_in_any_order_and_the_slot_is_the_same() -> None:
    archive(30)
    back = set_state("s1", N, NumberState.QUARANTINE, at(40))
    assert (back.state, back.group, back.slot, back.state_since) == (NumberState.QUARANTINE, 0, 0, at(40))
    assert set_state("s1", N, NumberState.ACTIVE, at(50)).slot == 0
    with pytest.raises(Conflict):
        set_state("s1", N, NumberState.ACTIVE, at(60), only_in=NumberState.QUARANTINE)
    assert provision_numbers.set_state("s1", N, NumberState.ACTIVE, at(70)).state_since == at(50)
