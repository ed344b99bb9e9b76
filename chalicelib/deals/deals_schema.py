"""The schema of the deals table: one item a deal, with its latest outcome and what it was joined to.

It documents the table; a test compares it with the template. What serves requests uses boto3 (docs/adr/0004).
"""

from __future__ import annotations

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from chalicelib.runtime.table_index import index


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
    by_day = index("by_day", "site_day", UnicodeAttribute(range_key=True, attr_name="pk"))
    by_caller = index("by_caller", "site_caller", UnicodeAttribute(range_key=True, attr_name="pk"))
    by_visitor = index("by_visitor", "site_visitor", UnicodeAttribute(range_key=True, attr_name="pk"))
    by_call = index("by_call", "site_call", UnicodeAttribute(range_key=True, attr_name="pk"))
