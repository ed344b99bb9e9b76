"""The schema of the pools table: a group's state with twelve leases, and the chunks of its history.

It documents the table; a test compares it with the template. What serves requests uses boto3 (docs/adr/0004).
"""

from __future__ import annotations

from pynamodb.attributes import ListAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.models import Model


class Item(Model):
    """A group's current state (e: group_codec.CURRENT) or a chunk of history (e: its key, which only grows)."""

    class Meta:
        table_name = "PoolsTable"

    k = UnicodeAttribute(hash_key=True)  # "<pool_id>#<group>"
    e = NumberAttribute(range_key=True)
    r: ListAttribute[list[object]] = ListAttribute()  # the closed leases that no chunk of history holds yet
    h = NumberAttribute(null=True)  # key of the newest chunk of history
    x = TTLAttribute(null=True)  # of a chunk: 90 days after its key
