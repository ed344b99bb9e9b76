"""The schema of the calls table: one item a call, with its events and its evidence (call_item.py).

It documents the table; a test compares it with the template. What serves requests uses boto3 (docs/adr/0004).
"""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model


class ByDay(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_day"
        projection = AllProjection()

    site_day = UnicodeAttribute(hash_key=True)
    started_ms = NumberAttribute(range_key=True)


class ByCaller(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_caller"
        projection = AllProjection()

    site_caller = UnicodeAttribute(hash_key=True)
    started_ms = NumberAttribute(range_key=True)


class ByOpen(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_open"
        projection = KeysOnlyProjection()

    open_shard = UnicodeAttribute(hash_key=True)
    started_ms = NumberAttribute(range_key=True)


class Item(Model):
    """A call. Its events, callers, recordings and transcripts are attributes named by their ids."""

    class Meta:
        table_name = "CallsTable"

    pk = UnicodeAttribute(hash_key=True)  # "<site_id>#<call_id>"
    vendor = UnicodeAttribute()
    endpoint_id = UnicodeAttribute()
    direction = UnicodeAttribute(null=True)
    evidence = UnicodeAttribute(null=True)  # JSON
    folded = NumberAttribute(null=True)  # from how many events the evidence was found
    site_day = UnicodeAttribute(null=True)
    started_ms = NumberAttribute(null=True)
    site_caller = UnicodeAttribute(null=True)
    open_shard = UnicodeAttribute(null=True)  # only while no event has reported the end
    x = TTLAttribute(null=True)
    by_day = ByDay()
    by_caller = ByCaller()
    by_open = ByOpen()
