from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.core.errors import StorageUnavailable
from chalicelib.registry import directory_table, keys, publish_snapshot, snapshot, store
from chalicelib.registry.types import Pool
from chalicelib.runtime import aws as clients
from chalicelib.runtime.settings import settings
from tests.factories import ACCOUNT, NOW, POOL, SITE, open_site

MINUTE = timedelta(seconds=60)


def test_a_snapshot_of_several_parts_is_read_whole_and_shrinks_again(aws: Any) -> None:
    open_site()
    store.update_pool("s1", "p1", {"name": "n" * (keys.PART_BYTES + 1)})
    assert len(directory_table.listing(keys.snapshot_pk("sk1"))) == 2
    assert snapshot.site_by_key("sk1", NOW).pools[0].name == "n" * (keys.PART_BYTES + 1)  # type: ignore[union-attr]

    store.update_pool("s1", "p1", {"name": "short"})

    assert len(directory_table.listing(keys.snapshot_pk("sk1"))) == 1
    assert snapshot.site_by_key("sk1", NOW + MINUTE).pools[0].name == "short"  # type: ignore[union-attr]


def test_parts_of_different_versions_never_make_a_snapshot(aws: Any) -> None:
    open_site()
    store.update_pool("s1", "p1", {"name": "n" * (keys.PART_BYTES + 1)})
    key = {"pk": {"S": keys.snapshot_pk("sk1")}, "sk": {"S": keys.part_sk(1)}}
    clients.dynamodb().update_item(
        TableName=settings().directory_table,
        Key=key,
        UpdateExpression="SET version = version + :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )

    with pytest.raises(StorageUnavailable):
        snapshot.site_by_key("sk1", NOW)


def test_older_records_never_replace_newer_ones(aws: Any) -> None:
    open_site()
    slow = directory_table.item(keys.SITES, "s1")  # one publisher reads the site …
    assert slow is not None
    store.update_site("s1", {"name": "changed meanwhile"})  # … another one changes and publishes it

    refused = publish_snapshot._replace(slow)

    assert refused
    assert snapshot.site_by_key("sk1", NOW).site.name == "changed meanwhile"  # type: ignore[union-attr]


def test_a_slow_publisher_does_not_revive_a_rotated_key(aws: Any) -> None:
    open_site()
    slow = directory_table.item(keys.SITES, "s1")
    assert slow is not None
    store.rotate_site_key("s1")

    refused = publish_snapshot._replace(slow)

    assert refused
    assert directory_table.listing(keys.snapshot_pk("sk1")) == []


def test_one_query_serves_a_container_for_a_minute(aws: Any) -> None:
    open_site()
    assert snapshot.site_by_key("sk1", NOW) is not None
    store.update_site("s1", {"name": "new"})

    assert snapshot.site_by_key("sk1", NOW + MINUTE / 2).site == SITE  # type: ignore[union-attr]
    assert snapshot.site_by_key("sk1", NOW + MINUTE).site == replace(SITE, name="new")  # type: ignore[union-attr]


def test_what_is_not_there_is_none(aws: Any) -> None:
    assert snapshot.site_by_key("sk9", NOW) is None
    assert snapshot.site_by_id("s9", NOW) is None
    assert snapshot.owner_of("+74990000001", NOW) is None
    assert snapshot.endpoint_by_id("e9", NOW) is None
    assert snapshot.pools_of("s9", NOW) == ()
    assert snapshot.campaigns_of("s9", NOW) == ()


def test_pools_of_one_site_are_not_anothers_whose_id_begins_alike(aws: Any) -> None:
    open_site()
    store.create_site(replace(SITE, site_id="s10", site_key="sk10"))
    store.create_pool(Pool("p1", "s10", "other", "+74951234567", None))

    assert snapshot.pools_of("s1", NOW) == (POOL,)
    assert snapshot.site_by_key("sk1", NOW).pools == (POOL,)  # type: ignore[union-attr]


def test_a_dead_table_is_storage_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CALLPATH_DIRECTORY_TABLE", "gone")

    for read in (
        lambda: snapshot.site_by_key("sk1", NOW),
        lambda: snapshot.site_by_id("s1", NOW),
        lambda: snapshot.owner_of("+74990000001", NOW),
        lambda: snapshot.endpoint_by_id("e1", NOW),
    ):
        with pytest.raises(StorageUnavailable):
            read()


def test_a_table_that_is_missing_is_storage_unavailable(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLPATH_DIRECTORY_TABLE", "gone")
    settings.cache_clear()

    with pytest.raises(StorageUnavailable):
        snapshot.site_by_id("s1", NOW)
    with pytest.raises(StorageUnavailable):
        store.site("s1")
    with pytest.raises(StorageUnavailable):
        store.create_account(ACCOUNT)
