"""The schema of the days table: lists of work on days, erasures, and what is counted of pools.

It documents the table; a test compares it with the template. What serves requests uses boto3 (docs/adr/0004).
"""

from __future__ import annotations

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.models import Model


class Item(Model):
    """A row of one of the table's lists."""

    class Meta:
        table_name = "DaysTable"

    pk = UnicodeAttribute(hash_key=True)  # the list
    sk = UnicodeAttribute(range_key=True)
    doc = UnicodeAttribute(null=True)
    x = TTLAttribute(null=True)
