"""Rules and campaigns through the deployed manage function: its role, and not only its code, must let it do this."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls import changed_days_table
from chalicelib.core.tokens import random_id
from chalicelib.registry import store
from chalicelib.registry.types import Account
from chalicelib.runtime.stack_settings import use_stack
from tests.conftest import forget_caches
from tests.factories import NOW, SITE

pytestmark = pytest.mark.engine

RULE = {"name": "CPA", "when": [{"part": "medium", "value": "cpa"}], "channel": "Партнёры"}
TABLE = (
    "name,channel,yandex_direct,numbers,target_number\nБренд,контекст,592928737383,,\nБилборд,,,{number},+74951234567\n"
)


@dataclass(frozen=True)
class Deployed:
    """The stack, an account with a site of this test alone, and its key."""

    base_url: str
    account_id: str
    site_id: str
    key: str

    def send(self, method: str, path: str, body: bytes, content_type: str = "application/json") -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": content_type}
        asked = urllib.request.Request(f"{self.base_url}/v1/manage{path}", body, headers, method=method)
        with urllib.request.urlopen(asked) as answer:
            return json.load(answer)

    def marked(self) -> int:
        return sum(each.site_id == self.site_id for each in changed_days_table.changed_days())


@pytest.fixture
def deployed(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    monkeypatch.setattr(os, "environ", os.environ | stack.environment())
    forget_caches()
    use_stack(stack.target.stack)
    own = random_id("")
    site = replace(SITE, site_id=f"s-{own}", account_id=f"a-{own}", site_key=f"k-{own}")
    store.create_account(Account(site.account_id, "Pallets Ltd", NOW))
    store.create_site(site)
    key = store.create_key(site.account_id, "tests", NOW)[1]
    yield Deployed(stack.base_url, site.account_id, site.site_id, key)
    forget_caches()


def test_rules_are_replaced_and_days_marked_by_the_role_it_has(deployed: Deployed) -> None:
    answer = deployed.send("PUT", "/channel-rules?recompute_days=40", json.dumps({"rules": [RULE]}).encode())
    assert (answer["version"], answer["recomputed"]["days"], deployed.marked()) == (1, 40, 40)
    trial = {"url": "https://pallets.example/?utm_source=a&utm_medium=cpa", "site_id": deployed.site_id}
    tried = deployed.send("POST", "/channel-rules/test", json.dumps(trial).encode())
    assert (tried["rule"], tried["source"]["channel"]) == (0, "Партнёры")


def test_campaigns_are_imported_with_their_numbers_by_the_role_it_has(deployed: Deployed) -> None:
    number = f"+7499{int.from_bytes(random_id('').encode()[:5]) % 10_000_000:07d}"
    path = f"/sites/{deployed.site_id}/campaigns?recompute_days=2"
    report = deployed.send("POST", path, TABLE.format(number=number).encode(), "text/csv")
    assert (report["landed"], report["rejected"], report["numbers"]["landed"]) == (2, [], 1)
    assert deployed.marked() == 2
    assert [each.number for each in store.numbers_of(deployed.site_id)] == [number]
