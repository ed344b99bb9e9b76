"""Files of spend, deals and calls, taken in as a drop into the bucket would be."""

from __future__ import annotations

from typing import Any

from chalicelib.api import validators
from chalicelib.api.auth import site_of
from chalicelib.carriers import import_calls
from chalicelib.core.errors import BadInput
from chalicelib.deals import import_deals
from chalicelib.reports.spend import import_spend
from chalicelib.runtime.http import Request

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


def calls(request: Request, site_id: str) -> Any:
    """POST: a carrier's history of calls (arguments `vendor`, `time_zone` of times without one), the same way."""
    site_of(request, site_id)
    vendor, zone = request.argument("vendor") or "", request.argument("time_zone")
    if zone is not None:
        validators.time_zone(zone, "time_zone")
    return import_calls.import_rows(site_id, vendor, _file(request), request.now, zone=zone)


def _file(request: Request) -> bytes:
    if not request.body.strip():
        raise BadInput("body", "is empty: send the file itself")
    return request.body
