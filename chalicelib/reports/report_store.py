"""Report files in S3, `reports/<site_id>/<from>_<to>/<model>/<file>`, and the links that open them for a while.

A model's spec stands there with `-` for its slashes: `position_based:40-20-40`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from chalicelib import aws
from chalicelib.reports.layouts import CONTENT_TYPES
from chalicelib.reports.periods import Period, parse_period_name
from chalicelib.settings import settings


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One stored file of one report."""

    key: str
    period: Period
    model: str
    name: str
    size: int  # bytes


def put(site_id: str, period: Period, model: str, files: Mapping[str, bytes]) -> dict[str, str]:
    """Store a report's files; file name → key."""
    keys = {name: f"reports/{site_id}/{period.name}/{model.replace('/', '-')}/{name}" for name in files}
    for name, content in files.items():
        put_file(keys[name], content)
    return keys


def put_file(key: str, content: bytes) -> None:
    """Store one file with the type its name says."""
    kind = CONTENT_TYPES[PurePosixPath(key).suffix]
    aws.client("s3").put_object(Bucket=settings().bucket, Key=key, Body=content, ContentType=kind)


def index_key(site_id: str) -> str:
    """Where a site's index page lies."""
    return f"reports/{site_id}/index.html"


def files_of(site_id: str) -> list[ReportFile]:
    """Every report file of a site, newest period first."""
    prefix = f"reports/{site_id}/"
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=settings().bucket, Prefix=prefix)
    found = [file for page in pages for file in _files(prefix, page.get("Contents", ()))]
    found.sort(key=lambda file: (file.model, file.name))
    found.sort(key=lambda file: (file.period.last_day, file.period.first_day), reverse=True)
    return found


def _files(prefix: str, objects: Iterable[Mapping[str, object]]) -> Iterable[ReportFile]:
    for stored in objects:
        key = str(stored["Key"])
        parts = key.removeprefix(prefix).split("/")
        period = parse_period_name(parts[0])
        if len(parts) == 3 and period is not None:
            yield ReportFile(key, period, parts[1].replace("-", "/"), parts[2], int(str(stored["Size"])))
