"""The schema of the callers table: whose a telephone number is, and the key the number is sealed under.

It documents the table; a test compares it with the template. What serves requests uses boto3 (docs/adr/0004).
"""

from __future__ import annotations

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.models import Model


class Item(Model):
    """A number's caller, or what opens a caller's sealed number."""

    class Meta:
        table_name = "SubjectsTable"

    pk = UnicodeAttribute(hash_key=True)  # "<site_id>#h#<hash of the number>" or "<site_id>#s#<subject_id>"
    subject_id = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)  # the hash
    key = UnicodeAttribute()  # sealed
    x = TTLAttribute()
