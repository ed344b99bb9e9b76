"""Many who want one promo code at once, on real engines: the local AWS engine and DynamoDB Local."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from chalicelib.runtime import aws
from chalicelib.visits import promo_counts_table, promo_table
from chalicelib.visits.promo_table import REST, ShownCode, Taken
from infra.local.tables import table_definitions
from tests.conftest import forget_caches

pytestmark = pytest.mark.engine

THREADS, CODES = 8, 25
NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def visitors(dynamodb_url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty visitors table of this test, and the client that its threads share."""
    name = request.node.name.partition("[")[0]
    monkeypatch.setenv("AWS_ENDPOINT_URL", dynamodb_url)
    boto3.client("dynamodb").create_table(TableName=name, **table_definitions()["VisitorsTable"])
    monkeypatch.setenv("CALLPATH_VISITORS_TABLE", name)
    forget_caches()
    aws.dynamodb(hot=True)


def all_take(code: str, visitors: list[str], at: datetime = NOW) -> list[Taken | None]:
    def take(visitor: str) -> Taken | None:
        shown = ShownCode(code, visitor, at, "https://shop.example/", at + 14 * DAY)
        return promo_table.take("s1", shown, at, 400 * DAY)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(take, visitors))


def test_one_visitor_gets_a_code_and_no_two_do() -> None:
    for number in range(CODES):
        code = f"{1_000_000 + number}"
        for at in (NOW, NOW + 14 * DAY + REST + DAY):  # for the first time, and when it has rested
            taken = [each for each in all_take(code, [f"{place:024x}" for place in range(THREADS)], at) if each]
            found = promo_table.find("s1", code)
            assert [each.shown for each in taken] == [found]
            assert found and found.shown_at == at


def test_a_page_that_asks_many_times_at_once_has_one_code_made_once() -> None:
    for number in range(CODES):
        taken = all_take(f"{2_000_000 + number}", ["a" * 24] * THREADS)
        assert sum(each.new for each in taken if each) == 1
        assert len({each.shown for each in taken if each}) == 1 and None not in taken


def test_an_address_is_limited_exactly_over_all_containers() -> None:
    asked = promo_counts_table.MOST_AN_HOUR + 40
    with ThreadPoolExecutor(THREADS) as pool:
        admitted = list(pool.map(lambda _: promo_counts_table.admits("s1", "203.0.113.9", NOW), range(asked)))
    assert sum(admitted) == promo_counts_table.MOST_AN_HOUR
