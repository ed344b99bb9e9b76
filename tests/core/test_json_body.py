"""An error in a JSON body names the field."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.core.errors import BadInput
from chalicelib.core.json_body import decode


class Rule(msgspec.Struct):
    number: str


class Site(msgspec.Struct):
    name: str
    swap: list[Rule] = []


def test_unknown_fields_are_ignored() -> None:
    assert decode(b'{"name": "Shop", "colour": "red"}', Site) == Site("Shop")


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"{}", "name"),
        (b'{"name": 5}', "name"),
        (b'{"name": "Shop", "swap": [{"number": "+7"}, {"number": 5}]}', "swap[1].number"),
        (b'{"name": "Shop", "swap": [{}]}', "swap[0].number"),
        (b"not json", "body"),
        (b'{"name": "\xff"}', "body"),
        (b"[]", "body"),
        (b"", "body"),
    ],
)
def test_what_is_wrong_is_named(raw: bytes, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        decode(raw, Site)
    assert caught.value.field == field
