"""Channel rules in storage: replaced as a whole, and never over a change nobody has seen."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import ChannelRule, ChannelRules, Comparison, Condition
from tests.factories import NOW, open_site

RULE = ChannelRule("partners", (Condition("medium", Comparison.EXACT, ("cpa",)),), name="CPA")


@pytest.fixture(autouse=True)
def site(aws: Any) -> None:
    open_site()


def test_they_are_read_as_they_were_written_by_store_and_snapshot_alike() -> None:
    assert store.rules_of("acc1") == snapshot.rules_of("acc1", NOW) == ChannelRules()
    written = store.put_rules("acc1", [RULE])
    snapshot.forget()
    assert store.rules_of("acc1") == snapshot.rules_of("acc1", NOW) == written == ChannelRules((RULE,), 1)


def test_each_change_counts_and_a_stale_one_is_refused() -> None:
    store.put_rules("acc1", [RULE], over=0)
    store.put_rules("acc1", [], over=1)
    with pytest.raises(Conflict):
        store.put_rules("acc1", [RULE], over=1)
    assert store.rules_of("acc1") == ChannelRules((), 2)


def test_a_change_between_reading_and_writing_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.registry import rules

    read, others = rules.rules_of, [[RULE]]

    def read_then_overtaken(account_id: str) -> ChannelRules:
        current = read(account_id)
        if others:
            store.put_rules(account_id, others.pop())
        return current

    monkeypatch.setattr(rules, "rules_of", read_then_overtaken)
    with pytest.raises(Conflict):
        store.put_rules("acc1", [], over=0)
    assert read("acc1") == ChannelRules((RULE,), 1)


def test_an_account_that_does_not_exist_has_none() -> None:
    with pytest.raises(NotFound):
        store.put_rules("acc9", [RULE])
