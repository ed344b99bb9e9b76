"""The schema of the contacts table: one item a contact, found by day, visitor and caller.

It documents the table; a test compares it with the template. What serves requests uses boto3 (docs/adr/0004).
"""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model


class ByDay(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_day"
        projection = AllProjection()

    site_day = UnicodeAttribute(hash_key=True)
    at_ms = NumberAttribute(range_key=True)


class ByVisitor(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_visitor"
        projection = AllProjection()

    site_visitor = UnicodeAttribute(hash_key=True)
    at_ms = NumberAttribute(range_key=True)


class ByCaller(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_caller"
        projection = AllProjection()

    site_caller = UnicodeAttribute(hash_key=True)
    at_ms = NumberAttribute(range_key=True)


class Item(Model):
    """A contact."""

    class Meta:
        table_name = "ContactsTable"

    pk = UnicodeAttribute(hash_key=True)  # "<site_id>#<contact_id>"
    doc = UnicodeAttribute()  # JSON
    at_ms = NumberAttribute()
    site_day = UnicodeAttribute()
    site_visitor = UnicodeAttribute(null=True)  # goes when the visitor is erased
    site_caller = UnicodeAttribute(null=True)
    erased = UnicodeAttribute(null=True)
    personal = UnicodeAttribute(null=True)
    x = TTLAttribute()
    by_day = ByDay()
    by_visitor = ByVisitor()
    by_caller = ByCaller()
