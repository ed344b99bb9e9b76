"""The schema of the calls table: one item a call, with its events and its evidence (call_item.py).

It documents the table; a test compares it with the template. What serves requests uses boto3 (docs/adr/0004).
"""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.runtime.table_index import index


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
    by_day = index("by_day", "site_day", NumberAttribute(range_key=True, attr_name="started_ms"))
    by_caller = index("by_caller", "site_caller", NumberAttribute(range_key=True, attr_name="started_ms"))
    by_open = index("by_open", "open_shard", NumberAttribute(range_key=True, attr_name="started_ms"), keys_only=True)
