"""Files of spend and deals, taken in as a drop into the bucket would be."""

from __future__ import annotations

from typing import Any

from chalicelib.attribution import import_deals
from chalicelib.errors import BadInput
from chalicelib.http import Request
from chalicelib.manage.auth import site_of
from chalicelib.reports import import_spend

SPEND_SOURCE = "generic"


def spend(request: Request, site_id: str) -> Any:
    """POST: a table of spend; the answer says per line what was refused and why, while good lines landed."""
    site_of(request, site_id)
    source = request.argument("source") or SPEND_SOURCE
    return import_spend.import_rows(site_id, source, _file(request), request.now)


def deals(request: Request, site_id: str) -> Any:
    """POST: a table of deals, the same way."""
    site_of(request, site_id)
    source = request.argument("source") or import_deals.SOURCE
    return import_deals.import_rows(site_id, source, _file(request), request.now)


def _file(request: Request) -> bytes:
    if not request.body.strip():
        raise BadInput("body", "is empty: send the file itself")
    return request.body
