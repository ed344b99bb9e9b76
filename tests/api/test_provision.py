from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.api.provision import Plan, operator_key, provision
from chalicelib.core.errors import BadInput, Conflict
from chalicelib.core.json_body import decode
from chalicelib.pool.lending.provision_numbers import import_numbers
from chalicelib.registry import store
from chalicelib.registry.types import NumberState
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("aws")
PLAN: dict[str, Any] = {
    "account": "Pallets Ltd",
    "site": {"name": "pallets.example", "time_zone": "Europe/Moscow", "currency": "RUB", "country": "RU"},
    "pool": {"name": "main", "target_number": "84951234567", "overflow_number": "84995550100"},
}


def plan(**changes: Any) -> Plan:
    return decode(json.dumps(PLAN | changes).encode(), Plan)


def test_everything_missing_is_made() -> None:
    made = provision(plan(), NOW)

    site = store.site(made["site_id"])
    assert site is not None
    assert (site.account_id, site.site_key, site.name) == (made["account_id"], made["site_key"], "pallets.example")
    assert store.pool(made["site_id"], made["pool_id"]).overflow_number == "+74995550100"  # type: ignore[union-attr]
    assert made["site_key"] in made["snippet"]
    assert store.key_by_secret(made["api_key"]).account_id == made["account_id"]  # type: ignore[union-attr]


def test_again_it_makes_nothing_and_shows_no_key() -> None:
    first = provision(plan(), NOW)

    again = provision(plan(), NOW)

    assert again == first | {"api_key": None}
    assert len(store.all_sites()) == len(store.all_pools()) == len(store.accounts()) == 1


def test_a_second_site_of_the_account_shares_nothing_but_the_account() -> None:
    first = provision(plan(), NOW)

    second = provision(plan(site=PLAN["site"] | {"name": "bricks.example"}, pool=None), NOW)

    assert second["account_id"] == first["account_id"]
    assert second["site_id"] != first["site_id"]
    assert (second["pool_id"], second["api_key"]) == (None, None)


def test_it_says_that_the_pools_target_number_is_replaced_and_what_is_missing_until_one_can_be_lent() -> None:
    made = provision(plan(), NOW)
    assert made["replaces"] == [{"number": "+74951234567"}]
    assert made["missing"] == ["The pool main has no numbers to lend: import some."]

    import_numbers(made["site_id"], [(1, {"number": "+74990000001", "pool_id": made["pool_id"]})], NOW)
    assert provision(plan(), NOW)["missing"] == []
    assert provision(plan(pool=None), NOW)["replaces"] == [{"number": "+74951234567"}]

    store.change_number(made["site_id"], "+74990000001", {"state": NumberState.ARCHIVED})
    assert provision(plan(), NOW)["missing"] != []


def test_without_a_pool_it_says_that_nothing_can_be_lent_or_replaced() -> None:
    made = provision(plan(pool=None), NOW)

    assert made["replaces"] == []
    (why,) = made["missing"]
    assert "no pool" in why and "target number" in why


def test_what_a_plan_says_is_replaced_is_replaced_instead_of_the_target_number() -> None:
    swap = [{"number": "8 (495) 000-00-00"}, {"selector": ".phone"}, {"selector": ".other", "pool_id": "p-other"}]
    made = provision(plan(site=PLAN["site"] | {"swap": swap}), NOW)

    assert made["replaces"] == [{"number": "+74950000000"}, {"selector": ".phone"}]


def test_a_wrong_plan_names_the_field() -> None:
    with pytest.raises(BadInput, match=r"site\.time_zone"):
        plan(site={"name": "x", "currency": "RUB", "country": "RU"})
    with pytest.raises(BadInput, match="time_zone"):
        provision(plan(site=PLAN["site"] | {"time_zone": "Moscow"}), NOW)


def test_a_taken_overflow_number_is_a_conflict() -> None:
    provision(plan(), NOW)

    with pytest.raises(Conflict):
        provision(plan(site=PLAN["site"] | {"name": "bricks.example"}), NOW)


def test_the_operators_key_belongs_to_no_account() -> None:
    made = operator_key("operator", NOW)

    assert store.key_by_secret(made["api_key"]).account_id is None  # type: ignore[union-attr]
