"""A carrier's history dropped into the deployed stack's bucket: each function's own role suffices for its part."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls import calls_table
from chalicelib.calls.evidence import EvidenceKind
from chalicelib.core.tokens import random_id
from chalicelib.registry import store as registry
from chalicelib.registry.types import Account, Site
from chalicelib.runtime.settings import settings
from chalicelib.runtime.stack_settings import use_stack
from tests.conftest import forget_caches
from tests.requests import FIXTURES, NOW, SITE
from tests.waiting import until


@pytest.fixture
def own_site(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(os, "environ", os.environ | stack.environment())
    forget_caches()
    use_stack(stack.target.stack)
    own = random_id("")
    site = replace(SITE, site_id=f"s-{own}", account_id=f"a-{own}", site_key=f"k-{own}")
    registry.create_account(Account(site.account_id, "Pallets Ltd", NOW))
    yield registry.create_site(site)
    forget_caches()


def test_a_dropped_history_is_imported_and_attributed(stack: Any, own_site: Site) -> None:
    s3, key = stack.client("s3"), f"drop/calls/{own_site.site_id}/mango-november.csv"
    s3.put_object(Bucket=settings().bucket, Key=key, Body=(FIXTURES / "history" / "mango.csv").read_bytes())
    found = until(lambda: calls_table.call(own_site.site_id, "mango-MToxMDAx"))
    assert (found.call.talk_seconds, found.evidence.kind) == (45, EvidenceKind.UNKNOWN)  # not a number of this site
    report = json.loads(s3.get_object(Bucket=settings().bucket, Key=f"drop-results/{key}.json")["Body"].read())
    assert (report["rows"], report["calls"], report["landed"], report["rejected"]) == (4, 3, 4, [])
