"""A global secondary index of a table's model, in one call."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection


def index(name: str, hash_key: str, range_key: Attribute[Any], *, keys_only: bool = False) -> GlobalSecondaryIndex[Any]:
    """Return an index by a text attribute and by `range_key`, which is made with its name."""
    projection = KeysOnlyProjection() if keys_only else AllProjection()
    meta = type("Meta", (), {"index_name": name, "projection": projection})
    keys = {hash_key: UnicodeAttribute(hash_key=True), str(range_key.attr_name): range_key}
    made: GlobalSecondaryIndex[Any] = type(name, (GlobalSecondaryIndex,), {"Meta": meta, **keys})()
    return made
