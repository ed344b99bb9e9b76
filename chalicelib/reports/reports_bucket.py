"""Report files in S3, `reports/<site_id>/<from>_<to>/<model>/<file>`.

What a day published last stays as it was, in `…/<model>/as-of-YYYY-MM-DD/`, when a later day counts the period again.

A model's spec is written there with `-` for its slashes: `position_based:40-20-40`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from chalicelib.reports.layouts import CONTENT_TYPES
from chalicelib.reports.periods import Period, parse_period_name
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

MADE_ON = "made-on"  # metadata: the day, in UTC, that wrote the file
AS_OF = "as-of-"


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One stored file of one report."""

    key: str
    period: Period
    model: str
    name: str
    size: int  # bytes
    as_of: str | None = None  # the day that published it last, of a frozen one


def put(site_id: str, period: Period, model: str, files: Mapping[str, bytes], now: datetime) -> dict[str, str]:
    """Store a report's files; file name → key."""
    keys = {name: f"{_folder(site_id, period, model)}{name}" for name in files}
    for name, content in files.items():
        put_file(keys[name], content, {MADE_ON: now.date().isoformat()})
    return keys


def freeze(site_id: str, period: Period, model: str, now: datetime) -> str | None:
    """Keep what an earlier day published last, before it is counted again: the day it is of, or None."""
    client, folder = aws.s3(), _folder(site_id, period, model)
    listed = client.list_objects_v2(Bucket=settings().bucket, Prefix=folder, Delimiter="/").get("Contents", ())
    names = [str(found["Key"]).removeprefix(folder) for found in listed]
    if not names:
        return None
    made_on = client.head_object(Bucket=settings().bucket, Key=folder + names[0])["Metadata"].get(MADE_ON)
    if made_on is None or made_on >= now.date().isoformat():
        return None
    for name in names:
        client.copy_object(
            Bucket=settings().bucket,
            Key=f"{folder}{AS_OF}{made_on}/{name}",
            CopySource={"Bucket": settings().bucket, "Key": folder + name},
        )
    return str(made_on)


def put_file(key: str, content: bytes, metadata: Mapping[str, str] | None = None) -> None:
    """Store one file with the type its name says."""
    kind = CONTENT_TYPES[PurePosixPath(key).suffix]
    aws.s3().put_object(
        Bucket=settings().bucket, Key=key, Body=content, ContentType=kind, Metadata=dict(metadata or {})
    )


def index_key(site_id: str) -> str:
    """Where a site's index page lies."""
    return f"reports/{site_id}/index.html"


def files_of(site_id: str, *, frozen: bool = False) -> list[ReportFile]:
    """Every report file of a site, newest period first; with `frozen`, also those that earlier days published."""
    prefix = f"reports/{site_id}/"
    pages = aws.s3().get_paginator("list_objects_v2").paginate(Bucket=settings().bucket, Prefix=prefix)
    every = (file for page in pages for file in _files(prefix, page.get("Contents", ())))
    found = [file for file in every if frozen or file.as_of is None]
    found.sort(key=lambda file: (file.model, file.as_of or "", file.name))
    found.sort(key=lambda file: (file.period.last_day, file.period.first_day), reverse=True)
    return found


def _files(prefix: str, objects: Iterable[Mapping[str, object]]) -> Iterable[ReportFile]:
    for stored in objects:
        key = str(stored["Key"])
        parts = key.removeprefix(prefix).split("/")
        period = parse_period_name(parts[0])
        if period is None:
            continue
        model, size = parts[1].replace("-", "/"), int(str(stored["Size"]))
        if len(parts) == 3:
            yield ReportFile(key, period, model, parts[2], size)
        elif len(parts) == 4 and parts[2].startswith(AS_OF):
            yield ReportFile(key, period, model, parts[3], size, parts[2].removeprefix(AS_OF))


def _folder(site_id: str, period: Period, model: str) -> str:
    return f"reports/{site_id}/{period.name}/{model.replace('/', '-')}/"
