"""The schema of the deals table: one item a deal, with its latest outcome and what it was joined to.

It documents the table; a test compares it with the template. What serves requests uses boto3 (docs/adr/0004).
"""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model


class ByDay(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_day"
        projection = AllProjection()

    site_day = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class ByCaller(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_caller"
        projection = AllProjection()

    site_caller = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class ByVisitor(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_visitor"
        projection = AllProjection()

    site_visitor = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class ByCall(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_call"
        projection = AllProjection()

    site_call = UnicodeAttribute(hash_key=True)
    pk = UnicodeAttribute(range_key=True)


class Item(Model):
    """A deal. An attribute that does not apply is left out."""

    class Meta:
        table_name = "DealsTable"

    pk = UnicodeAttribute(hash_key=True)  # "<site id>#<source>#<external id>"
    doc = UnicodeAttribute()  # JSON
    outcome_ms = NumberAttribute()
    digest = UnicodeAttribute()
    decided_ms = NumberAttribute(null=True)
    site_day = UnicodeAttribute(null=True)
    site_caller = UnicodeAttribute(null=True)
    site_visitor = UnicodeAttribute(null=True)
    site_call = UnicodeAttribute(null=True)
    by_day = ByDay()
    by_caller = ByCaller()
    by_visitor = ByVisitor()
    by_call = ByCall()
