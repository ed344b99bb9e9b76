"""Fact files in S3: `facts/<kind>/site=<site_id>/day=YYYY-MM-DD.parquet`, each written whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from chalicelib.reports.fact_rows import SCHEMAS, Fact
from chalicelib.reports.facts import parquet
from chalicelib.runtime import aws
from chalicelib.runtime.settings import settings

AT_ONCE = 8  # downloads; boto3's clients may be shared by threads


def key_of(kind: str, site_id: str, day: date) -> str:
    """Where one day's file of one kind lies."""
    return f"facts/{kind}/site={site_id}/day={day:%Y-%m-%d}.parquet"


def write_day(site_id: str, day: date, facts: Mapping[str, Iterable[Fact]]) -> None:
    """Replace the files of one day. Writing the same facts again changes nothing that a report sees."""
    with tempfile.TemporaryDirectory(prefix="facts-") as folder:
        for kind, rows in facts.items():
            path = Path(folder) / f"{kind}.parquet"
            parquet.write(path, kind, rows)
            aws.s3().put_object(Bucket=settings().bucket, Key=key_of(kind, site_id, day), Body=path.read_bytes())


def fetch(
    site_id: str, first_day: date, last_day: date, folder: Path, kinds: Collection[str] = tuple(SCHEMAS)
) -> parquet.FactFiles:
    """Download the files of a period (both days included) into `folder`; days without facts have none."""
    wanted = [(kind, key) for kind in kinds for key in _keys(kind, site_id, first_day, last_day)]
    paths: dict[str, list[Path]] = {kind: [] for kind in kinds}
    for kind, key in wanted:
        paths[kind].append(folder / f"{kind}-{key.rsplit('=', 1)[1]}")
    targets = [path for kind in kinds for path in paths[kind]]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(_download, [key for _, key in wanted], targets))
    return parquet.FactFiles(paths)


def _keys(kind: str, site_id: str, first_day: date, last_day: date) -> list[str]:
    """Keys of the days that have a file. Keys sort by day, so nothing before the period is listed."""
    last = key_of(kind, site_id, last_day)
    first = key_of(kind, site_id, first_day)
    prefix = first.rsplit("=", 1)[0]
    pages = (
        aws.s3()
        .get_paginator("list_objects_v2")
        .paginate(Bucket=settings().bucket, Prefix=prefix, StartAfter=first[: -len(".parquet")])
    )
    found: list[str] = []
    for page in pages:
        keys = [str(item["Key"]) for item in page.get("Contents", ())]
        found += [key for key in keys if key <= last]
        if keys and keys[-1] > last:
            break
    return found


def _download(key: str, target: Path) -> None:
    body = aws.s3().get_object(Bucket=settings().bucket, Key=key)["Body"]  # download_file asks twice
    with target.open("wb") as out:
        shutil.copyfileobj(body, out)
