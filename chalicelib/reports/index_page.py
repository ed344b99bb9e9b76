"""The page of links to all reports of a site, newest period first."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from chalicelib.registry.types import Site
from chalicelib.reports import reports_bucket
from chalicelib.reports.layouts.html import template
from chalicelib.runtime import presigned_links
from chalicelib.runtime.settings import settings


def write_index(site: Site, now: datetime) -> str:
    """Write `reports/<site_id>/index.html` with fresh links; answers a link to it."""
    files = reports_bucket.files_of(site.site_id)
    reports = [
        {"period": period, "model": model, "files": [(file.name, presigned_links.link(file.key)) for file in found]}
        for (period, model), found in groupby(files, key=lambda file: (file.period, file.model))
    ]
    page = template("index.html.j2").render(site=site, reports=reports, now=now, hours=settings().link_seconds // 3600)
    key = reports_bucket.index_key(site.site_id)
    reports_bucket.put_file(key, page.encode())
    return presigned_links.link(key)
