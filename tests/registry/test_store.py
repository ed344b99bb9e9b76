from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import Campaign, Endpoint, NumberKind, NumberState, Pool, TrackingNumber
from tests.factories import ACCOUNT, NOW, POOL, SITE, dynamic, open_site, other_site

pytestmark = pytest.mark.usefixtures("aws")


def published() -> Any:
    snapshot.forget()
    return snapshot.site_by_key(SITE.site_key, NOW)


def test_a_site_is_read_back_as_it_was_written() -> None:
    open_site()

    assert store.site("s1") == SITE
    assert store.account("acc1") == ACCOUNT
    assert store.pool("s1", "p1") == POOL
    assert store.sites_of("acc1") == (SITE,)
    assert published().site == SITE


def test_a_site_needs_an_account_that_exists() -> None:
    with pytest.raises(NotFound, match="account"):
        store.create_site(SITE)
    assert store.site("s1") is None
    assert store.sites_of("acc1") == ()


def test_a_pool_needs_a_site_that_exists() -> None:
    with pytest.raises(NotFound, match="site"):
        store.create_pool(POOL)
    assert store.current_owners(["+74995550100"]) == {}


def test_nothing_is_created_twice() -> None:
    open_site()
    for create in (
        lambda: store.create_account(ACCOUNT),
        lambda: store.create_site(SITE),
        lambda: store.create_pool(POOL),
    ):
        with pytest.raises(Conflict, match="exists already"):
            create()


def test_lists_cover_all_accounts_and_sites() -> None:
    open_site()
    other = other_site()
    second = store.create_pool(replace(POOL, pool_id="p2", site_id="s2", overflow_number=None))

    assert store.all_sites() == (SITE, other)
    assert store.all_pools() == (POOL, second)
    assert store.sites_of("acc2") == (other,)
    assert [account.account_id for account in store.accounts()] == ["acc1", "acc2"]


def test_a_changed_site_is_published() -> None:
    open_site()

    store.update_site("s1", {"name": "new name", "model": "linear"})

    assert published().site == replace(SITE, name="new name", model="linear")


def test_a_rotated_key_works_and_the_old_one_does_not() -> None:
    open_site()

    rotated = store.rotate_site_key("s1")

    assert rotated.site_key != SITE.site_key
    assert published() is None
    assert snapshot.site_by_key(rotated.site_key, NOW).site == rotated  # type: ignore[union-attr]


def test_pools_are_tried_in_their_order() -> None:
    open_site()
    store.create_pool(Pool("p0", "s1", "later", "+74951234567", None, order=200))
    store.create_pool(Pool("p9", "s1", "first", "+74951234567", None, order=1))

    assert [pool.pool_id for pool in store.pools_of("s1")] == ["p9", "p1", "p0"]
    assert [pool.pool_id for pool in published().pools] == ["p9", "p1", "p0"]


def test_a_changed_pool_claims_its_new_overflow_number() -> None:
    open_site()

    store.update_pool("s1", "p1", {"overflow_number": "+74995550200", "hold_seconds": 600})

    assert store.current_owners(["+74995550200"])["+74995550200"].pool_id == "p1"
    assert published().pools[0].hold_seconds == 600


def test_a_pool_cannot_take_another_pools_overflow_number() -> None:
    open_site()
    store.create_pool(replace(POOL, pool_id="p2", overflow_number=None))

    with pytest.raises(Conflict, match="overflow_number"):
        store.create_pool(replace(POOL, pool_id="p3"))
    with pytest.raises(Conflict, match="overflow_number"):
        store.update_pool("s1", "p2", {"overflow_number": POOL.overflow_number})

    assert store.pool("s1", "p3") is None
    assert store.pool("s1", "p2").overflow_number is None  # type: ignore[union-attr]


def test_changing_a_pool_leaves_the_state_of_its_overflow_number() -> None:
    open_site()
    store.change_number("s1", "+74995550100", {"state": NumberState.QUARANTINE})

    store.update_pool("s1", "p1", {"name": "renamed"})

    assert store.number_of_site("s1", "+74995550100").state is NumberState.QUARANTINE  # type: ignore[union-attr]


def test_what_does_not_exist_cannot_be_changed() -> None:
    open_site()
    for change in (
        lambda: store.update_site("s9", {"name": "x"}),
        lambda: store.update_pool("s1", "p9", {"name": "x"}),
        lambda: store.update_campaign("s1", "c9", {"name": "x"}),
        lambda: store.change_number("s1", "+74990000001", {"label": "x"}),
    ):
        with pytest.raises(NotFound):
            change()


def test_campaigns_are_kept_by_site() -> None:
    open_site()
    campaign = store.create_campaign(Campaign("c1", "s1", "Spring", match={"source": "yandex"}))

    store.update_campaign("s1", "c1", {"archived": True})

    assert store.campaign("s1", "c1") == replace(campaign, archived=True)
    assert snapshot.campaigns_of("s1", NOW) == (replace(campaign, archived=True),)
    assert store.campaigns_of("s2") == ()


def test_an_endpoint_keeps_its_credentials_to_itself() -> None:
    open_site()
    endpoint = Endpoint("e1", "s1", "carrier", "twilio", {"auth_token": "T0P"}, "+74951234567", record=True)

    stored, secret = store.create_endpoint(endpoint)

    assert snapshot.endpoint_by_id("e1", NOW) == stored == endpoint
    assert store.endpoints_of("s1") == (replace(endpoint, credentials={}),)
    assert "T0P" not in secret


def test_a_closed_endpoint_is_listed_no_more_and_keeps_no_secret() -> None:
    open_site()
    store.create_endpoint(Endpoint("e1", "s1", "crm", "generic", {"secret": "x"}))

    store.close_endpoint("s1", "e1")

    closed = snapshot.endpoint_by_id("e1", NOW)
    assert closed is not None
    assert (closed.closed, closed.credentials) == (True, {})  # remembered as closed, its secret forgotten
    assert store.endpoints_of("s1") == ()
    with pytest.raises(NotFound):
        store.close_endpoint("s1", "e1")


def test_an_endpoint_is_closed_only_by_its_own_site() -> None:
    open_site()
    other_site()
    store.create_endpoint(Endpoint("e1", "s1", "crm", "generic", {"secret": "x"}))

    with pytest.raises(NotFound):
        store.close_endpoint("s2", "e1")
    assert snapshot.endpoint_by_id("e1", NOW) is not None


def test_a_key_is_known_by_its_secret_alone_and_the_secret_is_not_stored(aws: Any) -> None:
    open_site()
    key, secret = store.create_key("acc1", "marketing", NOW)

    assert store.key_by_secret(secret) == key
    assert store.key_by_secret(secret + "x") is None
    assert store.keys_of("acc1") == (key,)
    assert store.keys_of(None) == ()
    names = aws.client("dynamodb").list_tables()["TableNames"]
    directory = next(name for name in names if name.endswith("DirectoryTable"))
    assert secret not in str(aws.client("dynamodb").scan(TableName=directory)["Items"])


def test_a_revoked_key_stops_working() -> None:
    open_site()
    key, secret = store.create_key(None, "operator", NOW)

    with pytest.raises(NotFound):
        store.revoke_key("acc1", key.key_id)
    store.revoke_key(None, key.key_id)

    assert store.key_by_secret(secret) is None
    assert store.keys_of(None) == ()


def test_a_key_needs_an_account_that_exists() -> None:
    with pytest.raises(NotFound):
        store.create_key("acc9", "x", NOW)


def test_a_static_number_names_its_campaign() -> None:
    open_site()
    number = TrackingNumber("+74990000001", "s1", NumberKind.STATIC, campaign_id="c1", target_number="+74951234567")

    store.put_numbers("s1", [number, dynamic(0)])

    assert snapshot.owner_of("+74990000001", NOW) == number
    assert published().slots == {"p1": (("+74990000000",),)}
