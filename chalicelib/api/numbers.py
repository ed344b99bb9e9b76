"""Tracking numbers: imported as JSON or as a table, listed, and taken in and out of use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from chalicelib.api import validators
from chalicelib.api.auth import site_of
from chalicelib.api.requests import given, page, page_of, plain
from chalicelib.core import csv_table
from chalicelib.core.errors import BadInput, NotFound
from chalicelib.core.json_body import decode
from chalicelib.pool.lending import provision_numbers
from chalicelib.registry import store
from chalicelib.registry.types import NumberKind, NumberState, Site, TrackingNumber
from chalicelib.runtime.http import Request

Row = tuple[int, dict[str, str]]  # line of the file, or place in the list; cells by field

Label = Annotated[str, Meta(max_length=200)]
DEFAULTS = ("kind", "pool_id", "campaign_id")  # what the query may say for all rows
HEADINGS = {
    "phone": "number",
    "tracking number": "number",
    "номер": "number",
    "подменный номер": "number",
    "телефон": "number",
    "type": "kind",
    "тип": "kind",
    "pool": "pool_id",
    "пул": "pool_id",
    "campaign": "campaign_id",
    "кампания": "campaign_id",
    "target": "target_number",
    "target number": "target_number",
    "номер переадресации": "target_number",
    "name": "label",
    "метка": "label",
    "название": "label",
}


class NumberRow(Struct):
    """One number of a JSON import. What is left out is taken from the query, or is a dynamic number."""

    number: str
    kind: str = ""
    pool_id: str | None = None
    campaign_id: str | None = None
    target_number: str | None = None
    label: str | None = None


class NumberChange(Struct, kw_only=True):
    """Body of PATCH …/numbers/{number}: any of the fields."""

    state: NumberState | UnsetType = UNSET
    label: Label | UnsetType | None = UNSET
    target_number: str | UnsetType | None = UNSET


def collection(request: Request, site_id: str) -> Any:
    """GET: the site's numbers, a page at a time. POST: import some; the answer names each line that was refused."""
    site = site_of(request, site_id)
    if request.method == "GET":
        limit, after = page_of(request)
        found = store.numbers_page(site_id, limit + 1, after)
        return page("numbers", found, limit, lambda number: number.number, plain)
    defaults = {name: request.argument(name) or "" for name in DEFAULTS}
    if request.header("content-type").partition(";")[0].strip() == "application/json":
        return import_rows(site, _listed(request.body), defaults, request.now)
    return import_table(site, request.body, defaults, request.now)


def item(request: Request, site_id: str, number: str) -> Any:
    """GET: one number. PATCH: change its state, label or target."""
    site = site_of(request, site_id)
    e164 = validators.phone(unquote(number), "number", site.country)
    found = store.number_of_site(site_id, e164)
    if found is None:
        raise NotFound("No such number of this site.")
    if request.method == "GET":
        return plain(found)
    return plain(_change(site, found, given(request, NumberChange), request.now))


def import_table(site: Site, raw: bytes, defaults: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Import a table in any usual encoding. Raises BadInput for a file that is none."""
    return import_rows(site, csv_table.read_rows(raw, HEADINGS), defaults, now)


def import_rows(site: Site, rows: Iterable[Row], defaults: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Place numbers: `{"rows", "landed", "unchanged", "rejected": [{"line", "field", "reason"}]}`.

    `defaults` fill the cells a row leaves empty. Bad rows keep no good one out.
    """
    filled = [(line, {**defaults, **{name: cell for name, cell in cells.items() if cell}}) for line, cells in rows]
    return provision_numbers.import_numbers(site.site_id, filled, now)


def _listed(raw: bytes) -> list[Row]:
    """Read a JSON list of numbers, bare or as `{"numbers": […]}`, as rows of text."""
    shape = list[NumberRow] if raw.lstrip()[:1] == b"[" else dict[str, list[NumberRow]]
    body: Any = decode(raw, shape)
    if isinstance(body, dict):
        if "numbers" not in body:
            raise BadInput("numbers", "is missing")
        body = body["numbers"]
    return [(position, _cells(row)) for position, row in enumerate(body, start=1)]


def _cells(row: NumberRow) -> dict[str, str]:
    return {name: value or "" for name, value in msgspec.structs.asdict(row).items()}


def _change(site: Site, number: TrackingNumber, fields: dict[str, Any], now: datetime) -> TrackingNumber:
    """Check all, then change: a state is the pool's business too, the rest only the registry's."""
    state = fields.pop("state", None)
    if fields.get("target_number") is not None:
        if number.kind is not NumberKind.STATIC:
            raise BadInput("target_number", "only static numbers have one; calls to a pool go to the pool's")
        fields["target_number"] = validators.phone(fields["target_number"], "target_number", site.country)
    changed = store.change_number(site.site_id, number.number, fields) if fields else number
    return changed if state is None else provision_numbers.set_state(site.site_id, number.number, state, now)
