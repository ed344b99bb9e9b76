"""What request bodies have in common: decoding, the fields that were given, lists in pages."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct

from chalicelib.core.errors import BadInput
from chalicelib.core.json_body import decode
from chalicelib.registry.types import Site
from chalicelib.runtime.http import Request

S = TypeVar("S", bound=Struct)
V = TypeVar("V")

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Seconds = Annotated[int, Meta(ge=0, le=86_400)]
PAGE, PAGE_LIMIT = 100, 1000  # items of a list's page by default, and at most


def given(request: Request, shape: type[S]) -> dict[str, Any]:
    """Return the body's fields that were sent, by name. Raises BadInput naming the field that is wrong or missing."""
    body = decode(request.body, shape)
    fields = ((name, getattr(body, name)) for name in body.__struct_fields__)
    return {name: value for name, value in fields if value is not UNSET}


def checked(fields: dict[str, Any], checks: dict[str, Callable[[Any, str], Any]]) -> dict[str, Any]:
    """Return `fields` with each value put through its check, which gets the value and the field's name."""
    return {name: checks[name](value, name) if name in checks else value for name, value in fields.items()}


def plain(value: object) -> Any:
    """Return a registry type as JSON's own types."""
    return msgspec.to_builtins(value)


def day_of(request: Request, site: Site) -> date:
    """Return the argument `day`, else today in the site's zone. Raises BadInput."""
    text = request.argument("day")
    if text is None:
        return site.day_of(request.now)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput("day", "not a date such as 2026-11-22") from None


def page_of(request: Request) -> tuple[int, str | None]:
    """Return a list's arguments `limit` and `cursor`: how many items, and the key to go on after. Raises BadInput."""
    limit = request.argument("limit", str(PAGE)) or ""
    if not limit.isdecimal() or not 1 <= int(limit) <= PAGE_LIMIT:
        raise BadInput("limit", f"not a number from 1 to {PAGE_LIMIT}")
    cursor = request.argument("cursor")
    if cursor is None:
        return int(limit), None
    try:
        return int(limit), base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise BadInput("cursor", "is not one of ours") from None


def page(
    name: str, items: Sequence[V], limit: int, key: Callable[[V], str], show: Callable[[V], Any]
) -> dict[str, Any]:
    """Return a page of a list: the first `limit` of the `items`, and `next_cursor` where there are more."""
    shown = items[:limit]
    more = len(items) > limit
    return {
        name: [show(item) for item in shown],
        "next_cursor": base64.urlsafe_b64encode(key(shown[-1]).encode()).decode() if more else None,
    }
