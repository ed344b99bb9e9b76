"""The schema of the visitors table: touches, calls and promo codes of a visitor, and counts of codes.

It documents the table; a test compares it with the template. What serves requests uses boto3 (docs/adr/0004).
"""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.models import Model


class Item(Model):
    """A touch, a call that names the visitor, a promo code, or how many codes an address was shown."""

    class Meta:
        table_name = "VisitorsTable"

    pk = UnicodeAttribute(hash_key=True)  # "<site_id>#<visitor>" and what follows it
    sk = NumberAttribute(range_key=True)  # a moment, or an hour or day of counts
    url = UnicodeAttribute(null=True)
    referrer = UnicodeAttribute(null=True)
    region = UnicodeAttribute(null=True)
    visitor = UnicodeAttribute(null=True)  # of a promo code
    n = NumberAttribute(null=True)  # a count
    x = TTLAttribute(null=True)
