"""The schema of the pools table: twelve leases packed in a group's head, and the history of the group.

It documents the table; a test compares it with the template. What serves requests uses boto3 (docs/adr/0004).
"""

from __future__ import annotations

from pynamodb.attributes import ListAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.models import Model


class Item(Model):
    """A head (e: 0) or an image of history (e: its key, which only grows)."""

    class Meta:
        table_name = "PoolsTable"

    k = UnicodeAttribute(hash_key=True)  # "<pool_id>#<group>"
    e = NumberAttribute(range_key=True)
    r: ListAttribute[list[object]] = ListAttribute()  # the closed leases that no image of history holds yet
    h = NumberAttribute(null=True)  # key of the newest image of history
    x = TTLAttribute(null=True)  # of an image: 91 days after it was made
