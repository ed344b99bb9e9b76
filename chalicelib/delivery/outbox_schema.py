"""The schema of the outbox table: one item a call and destination, and counts of alerts by the minute.

It documents the table; a test compares it with the template. What serves requests uses boto3 (docs/adr/0004).
"""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.models import Model


class Item(Model):
    """What was delivered, or is being."""

    class Meta:
        table_name = "OutboxTable"

    pk = UnicodeAttribute(hash_key=True)
    delivered_ms = NumberAttribute(null=True)
    x = TTLAttribute()
