"""The task: write the report files that are due, and each site's index page of links."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from chalicelib.attribution.campaign_match import names_of
from chalicelib.attribution.load_rulebook import load_rulebook
from chalicelib.attribution.models import MODELS, model_of
from chalicelib.audit import chain_table
from chalicelib.core.errors import BadInput, NotFound
from chalicelib.registry import store
from chalicelib.registry.types import Site
from chalicelib.reports import reports_bucket
from chalicelib.reports.compose import Order, compose
from chalicelib.reports.fact_rows import SCHEMAS
from chalicelib.reports.facts import facts_bucket
from chalicelib.reports.figures.report import Basis
from chalicelib.reports.index_page import write_index
from chalicelib.reports.layouts import render_all
from chalicelib.reports.periods import Period, due_periods
from chalicelib.runtime import log, presigned_links


class ReportsFailed(Exception):
    """Some sites' reports could not be built; the next run tries again."""


def build(now: datetime, detail: Mapping[str, Any]) -> dict[str, Any]:
    """Build every report that is due; or, where `detail` names `site_id`, `from` and `to` (and `model`), that one.

    A site that fails does not stop the others; ReportsFailed is raised at the end. Raises BadInput for a wrong detail.
    """
    if detail.get("site_id"):
        site, period, model = _ordered(detail)
        keys = build_one(site, period.first_day, period.last_day, model, now)
        return {
            "built": 1,
            "index": write_index(site, now),
            "files": {name: presigned_links.link(key) for name, key in keys.items()},
        }
    built = failed = 0
    for site in store.all_sites():
        try:
            built += _build_due(site, due_periods(now, site.time_zone), now)
        except Exception as error:  # noqa: BLE001 - any site's own trouble; the alarm sees the exception below
            failed += 1
            log.error("site_report_failed", site_id=site.site_id, error=type(error).__name__)
    log.event("reports_built", built=built, failed=failed)
    if failed:
        raise ReportsFailed(f"the reports of {failed} sites could not be built")
    return {"built": built}


def build_one(site: Site, first_day: date, last_day: date, model: str, now: datetime) -> dict[str, str]:
    """Write all files of one report; file name → key in the bucket (`links.link` makes it a link)."""
    period = Period(first_day, last_day)
    order = Order(
        site_id=site.site_id,
        site_name=site.name,
        first_day=first_day,
        last_day=last_day,
        model=model,
        currency=site.currency,
        time_zone=site.time_zone,
        campaign_names=names_of(store.campaigns_of(site.site_id)),
        basis=basis_of(site, now),
    )
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        kinds = [kind for kind in SCHEMAS if kind != "paths" or model not in MODELS]
        files = facts_bucket.fetch(site.site_id, first_day, last_day, Path(folder), kinds)
        report = compose(files, order, now, Path(folder))
    frozen = reports_bucket.freeze(site.site_id, period, model, now)
    if frozen:
        log.event("report_frozen", site_id=site.site_id, period=period.name, model=model, as_of=frozen)
    return reports_bucket.put(site.site_id, period, model, render_all(report), now)


def basis_of(site: Site, now: datetime) -> Basis:
    """Return what the site's reports are counted under now."""
    last = chain_table.last_entry(site.site_id)
    return Basis(load_rulebook(site, now).digest, last.sequence if last else None, last.digest if last else None)


def _build_due(site: Site, periods: Iterable[Period], now: datetime) -> int:
    built = 0
    for period in periods:
        build_one(site, period.first_day, period.last_day, site.model, now)
        built += 1
    write_index(site, now)
    return built


def _ordered(detail: Mapping[str, Any]) -> tuple[Site, Period, str]:
    site = store.site(str(detail["site_id"]))
    if site is None:
        raise NotFound("the site is not registered")
    model = model_of(str(detail.get("model") or site.model)).spec
    period = Period(_day(detail, "from"), _day(detail, "to"))
    if period.last_day < period.first_day:
        raise BadInput("to", "before from")
    return site, period, model


def _day(detail: Mapping[str, Any], field: str) -> date:
    try:
        return date.fromisoformat(str(detail[field]))
    except (KeyError, ValueError):
        raise BadInput(field, "not a date like 2026-11-01") from None
