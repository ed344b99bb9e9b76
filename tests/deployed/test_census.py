"""The census as its function runs it: deployed by the template, with the role that it has there."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.calls.events_table import add_events
from chalicelib.calls.types import CallEvent
from chalicelib.pool.lending import census_table, slots
from chalicelib.pool.lending.count_groups import Counted
from chalicelib.pool.lending.groups_table import PoolTable
from chalicelib.pool.lending.provision_numbers import set_state
from chalicelib.registry import store
from chalicelib.registry.types import HoldRule, NumberState
from chalicelib.runtime.stack_settings import use_stack
from tests.conftest import forget_caches
from tests.pool.shop import NOW, POOL, number, open_shop, replace, stock

DAY = timedelta(days=1)


@pytest.fixture
def shop(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A shop in the deployed stack's own tables."""
    monkeypatch.setattr(os, "environ", os.environ | stack.environment())
    forget_caches()
    use_stack(stack.target.stack)
    if store.site("s1") is None:  # the stack serves all tests of a session
        open_shop(replace(POOL, hold=HoldRule.LEARNED))
        stock(3)
    yield stack
    forget_caches()


def test_its_role_suffices_to_count_to_learn_a_hold_to_end_a_quarantine_and_to_free_a_slot(shop: Any) -> None:
    turn = zlib.crc32(b"s1")
    now = NOW.replace(hour=turn // 60 % 24, minute=turn % 60)
    set_state("s1", number(1), NumberState.QUARANTINE, now - 13 * DAY)
    set_state("s1", number(2), NumberState.DRAINING, now)
    store.change_number("s1", number(3), {"state": NumberState.DRAINING})  # its slot is open still
    assert slots.claim(PoolTable("p1"), 0, {7: number(1)}, new=False)  # an import of number 1 that lost its race
    census_table.put_count("p1", now - DAY, Counted(live=1, numbers=3, leases=60, ended=60, stay=60 * 200))

    assert shop.run_schedule("Census", now)["pools"] >= 1  # the stack is shared with other tests

    found = store.number_of_site("s1", number(1))
    assert found is not None and found.state is NumberState.ACTIVE
    assert store.pool("s1", "p1").hold_seconds == 240  # type: ignore[union-attr]
    assert PoolTable("p1").read([0], consistent=True)[0].slots[7].empty
    counted = census_table.latest_count("p1", now)
    assert counted is not None and counted["numbers"] == 1


def test_a_calls_function_may_count_it(shop: Any) -> None:
    event = CallEvent("start", "generic-1", number=POOL.overflow_number, started_at=NOW)
    add_events("s1", "generic-1", ("generic", "e"), [event], NOW)
    record = {"messageId": "1", "body": '{"site_id": "s1", "call_id": "generic-1"}', "eventSource": "aws:sqs"}

    shop.invoke("AttributeCall", {"Records": [record]})

    (row,) = census_table.minutes("p1", NOW, NOW + timedelta(minutes=1))
    assert (row.calls, row.overflow_calls) == (1, 1)
