"""Several closings of one site at once make one chain: on the local engine, with real threads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import boto3
import pytest

from chalicelib.audit import chain_table
from chalicelib.audit.hash_chain import Leaf, broken_link
from chalicelib.core.canonical_json import sha256
from infra.local.engine import CREDENTIALS, Engine
from infra.local.tables import create_tables
from tests.conftest import forget_caches

pytestmark = pytest.mark.engine

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with Engine.temporary() as engine:
        session = boto3.session.Session(**CREDENTIALS)
        named = create_tables(session.client("dynamodb", endpoint_url=engine.url), "proof")
        session.client("s3", endpoint_url=engine.url).create_bucket(Bucket="proof")
        for name, value in (named | engine.aws_environment() | {"CALLPATH_BUCKET": "proof"}).items():
            monkeypatch.setenv(name, value)
        forget_caches()
        yield


def test_closings_at_once_follow_one_another(storage: None) -> None:
    days = [date(2026, 11, 1) + timedelta(days=place) for place in range(12)]
    with ThreadPoolExecutor(4) as closings:
        list(closings.map(lambda day: chain_table.append("s1", day, [Leaf("spend", sha256(b""))], NOW), days))
    chain = chain_table.entries("s1")
    assert sorted(entry.day for entry in chain) == days
    assert broken_link(chain) is None
    assert all(chain_table.entry_in_bucket(entry) == entry for entry in chain)
