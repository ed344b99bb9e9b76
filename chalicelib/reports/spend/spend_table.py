"""Spend in DynamoDB: one item a natural key and day. The only module that knows how it is stored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.models import Model

from chalicelib.attribution.rulebook import Rulebook
from chalicelib.reports.fact_rows import SpendFact
from chalicelib.reports.spend.channel import spend_fact
from chalicelib.reports.spend.row import SpendRow
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings


class SpendItem(Model):
    """One stored row. Use it through `items()`, which knows the table's name."""

    class Meta:
        table_name = ""
        connect_timeout_seconds = 3
        read_timeout_seconds = 10

    pk = UnicodeAttribute(hash_key=True)  # "<site_id>#YYYY-MM-DD"
    sk = UnicodeAttribute(range_key=True)  # the natural key's hash
    source = UnicodeAttribute()
    medium = UnicodeAttribute()
    own_channel = UnicodeAttribute()
    campaign_id = UnicodeAttribute()
    campaign_name = UnicodeAttribute()
    ad_id = UnicodeAttribute()
    keyword = UnicodeAttribute()
    currency = UnicodeAttribute()
    cost = UnicodeAttribute()  # text: pynamodb's numbers pass through floats
    clicks = NumberAttribute(null=True)
    impressions = NumberAttribute(null=True)
    stated_ms = NumberAttribute()  # when the file that says so came


def items() -> type[SpendItem]:
    """Return the model, bound to this stage's table."""
    SpendItem.Meta.table_name = settings().spend_table
    return SpendItem


def rows_of_day(site_id: str, day: date) -> dict[str, SpendRow]:
    """Return what is stored of one day, by key hash."""
    with aws.storage_errors():
        return {item.sk: _row(item) for item in items().query(f"{site_id}#{day}", consistent_read=True)}


def put(site_id: str, rows: Iterable[SpendRow], stated_at: datetime) -> int:
    """Write rows, each unless a later file has already stated it; answers how many were written."""
    model, stated_ms = items(), int(stated_at.timestamp() * 1000)
    written = 0
    not_newer = model.stated_ms.does_not_exist() | (model.stated_ms <= stated_ms)
    for row in rows:
        item = model(f"{site_id}#{row.day}", row.key_hash, stated_ms=stated_ms, **_attributes(row))
        try:
            with aws.storage_errors():
                item.save(condition=not_newer)
            written += 1
        except PutError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise
    return written


def facts_of_rows(site_id: str, rows: Iterable[SpendRow], rulebook: Rulebook) -> list[SpendFact]:
    """Spend as it is counted. Its channel is decided now: better rules reach a day when it is rebuilt."""
    return [spend_fact(site_id, row, rulebook) for row in rows]


def _attributes(row: SpendRow) -> dict[str, Any]:
    return {
        "source": row.source,
        "medium": row.medium,
        "own_channel": row.channel,
        "campaign_id": row.campaign_id,
        "campaign_name": row.campaign_name,
        "ad_id": row.ad_id,
        "keyword": row.keyword,
        "currency": row.currency,
        "cost": str(row.cost),
        "clicks": row.clicks,
        "impressions": row.impressions,
    }


def _row(item: SpendItem) -> SpendRow:
    return SpendRow(
        day=date.fromisoformat(item.pk.rsplit("#", 1)[1]),
        source=item.source,
        medium=item.medium,
        channel=item.own_channel,
        campaign_id=item.campaign_id,
        campaign_name=item.campaign_name,
        ad_id=item.ad_id,
        keyword=item.keyword,
        currency=item.currency,
        cost=Decimal(item.cost),
        clicks=None if item.clicks is None else int(item.clicks),
        impressions=None if item.impressions is None else int(item.impressions),
    )
