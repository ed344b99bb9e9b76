"""Report files with fresh links, and reports to order."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct

from chalicelib.api import validators
from chalicelib.api.auth import site_of
from chalicelib.core.errors import BadInput
from chalicelib.core.json_body import decode
from chalicelib.registry.types import Site
from chalicelib.reports import reports_bucket
from chalicelib.runtime import lambda_functions, presigned_links
from chalicelib.runtime.http import Answer, Request
from chalicelib.runtime.settings import settings

MOST_DAYS = 3660  # ten years


class NewReport(Struct):
    """Body of POST …/reports: the days of the site's zone, both included; the model, else the site's own."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    model: str | None = None


def collection(request: Request, site_id: str) -> Any:
    """GET: the site's report files, newest period first; with `frozen=true` also those that earlier days published.

    POST: order a report (202); its files appear in that list.
    """
    site = site_of(request, site_id)
    if request.method == "GET":
        frozen = validators.flag(request.argument("frozen"), "frozen")
        return {"reports": [_shown(file) for file in reports_bucket.files_of(site_id, frozen=frozen)]}
    order = _order(site, decode(request.body, NewReport))
    _build(site, order, request.now)
    return Answer(order, 202)


def _shown(file: reports_bucket.ReportFile) -> dict[str, Any]:
    return {
        "from": file.period.first_day.isoformat(),
        "to": file.period.last_day.isoformat(),
        "model": file.model,
        "name": file.name,
        "as_of": file.as_of,
        "bytes": file.size,
        "url": presigned_links.link(file.key),
    }


def _order(site: Site, body: NewReport) -> dict[str, str]:
    """Return the order as build_report takes it. Raises BadInput naming the field."""
    if body.last < body.first:
        raise BadInput("to", "is before from")
    if (body.last - body.first).days > MOST_DAYS:
        raise BadInput("to", "is more than ten years after from")
    model = validators.model(body.model or site.model, "model")
    return {"site_id": site.site_id, "from": body.first.isoformat(), "to": body.last.isoformat(), "model": model}


def _build(site: Site, order: dict[str, str], now: datetime) -> None:
    """Let the report function build it, which has the memory and the minutes; here where there is no such function."""
    function = settings().report_function
    if not function:
        from chalicelib.reports import build_report  # the report layer: not where reports are only ordered

        build_report.build(now, order)
        return
    lambda_functions.invoke_as_event(function, "report", order, now)
