"""The schema of the contacts table: one item a contact, found by day, visitor and caller.

It documents the table; a test compares it with the template. What serves requests uses boto3 (docs/adr/0004).
"""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.runtime.table_index import index


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
    by_day = index("by_day", "site_day", NumberAttribute(range_key=True, attr_name="at_ms"))
    by_visitor = index("by_visitor", "site_visitor", NumberAttribute(range_key=True, attr_name="at_ms"))
    by_caller = index("by_caller", "site_caller", NumberAttribute(range_key=True, attr_name="at_ms"))
