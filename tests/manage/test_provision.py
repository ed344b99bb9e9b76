from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.body import decode
from chalicelib.errors import BadInput, Conflict
from chalicelib.manage.provision import Plan, operator_key, provision
from chalicelib.registry import store
from tests.registry.examples import NOW

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
