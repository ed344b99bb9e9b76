"""Files dropped into the bucket: S3's notice names them, a result beside each reports what became of its rows.

Shared with spend: `drop/<kind>/<site_id>/<name>` → `drop-results/drop/<kind>/<site_id>/<name>.json`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from chalicelib.core.errors import BadInput, NotFound
from chalicelib.runtime import aws, http, log

MAX_FILE_BYTES = 50_000_000

Report = dict[str, Any]


def take(message: dict[str, Any], kind: str, import_file: Callable[[str, str, bytes], Report]) -> None:
    """Import each file that S3's notification names; `import_file` takes (site_id, name, content), returns a report.

    A file that cannot be imported stays where it is, and its result says why. Raises StorageUnavailable, so that the
    queue delivers the notice again; importing a file twice is harmless.
    """
    if message.get("Event") == "s3:TestEvent":  # what S3 sends when the notification is set up
        return
    for record in message.get("Records", []):
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        _take_one(bucket, key, kind, import_file)


def _take_one(bucket: str, key: str, kind: str, import_file: Callable[[str, str, bytes], Report]) -> None:
    try:
        report = import_file(_site_of(key, kind), key.rpartition("/")[2], _content(bucket, key))
    except (BadInput, NotFound) as error:
        report = {"error": error.error_code, "message": error.message, "field": error.field}
    with aws.storage_errors():
        aws.s3().put_object(
            Bucket=bucket,
            Key=f"drop-results/{key}.json",
            Body=http.to_json(report).encode(),
            ContentType="application/json",
        )
    counts = {name: value for name, value in report.items() if isinstance(value, int)}
    log.event("file_imported", kind=kind, error=report.get("error"), **counts)


def _site_of(key: str, kind: str) -> str:
    parts = key.split("/")
    if len(parts) < 4 or parts[:2] != ["drop", kind] or not parts[2]:
        raise BadInput("key", f"is not drop/{kind}/<site_id>/<file>")
    return parts[2]


def _content(bucket: str, key: str) -> bytes:
    with aws.storage_errors():
        found = aws.s3().get_object(Bucket=bucket, Key=key)
        if found["ContentLength"] > MAX_FILE_BYTES:
            raise BadInput("file", f"is larger than {MAX_FILE_BYTES // 1_000_000} MB")
        content: bytes = found["Body"].read()
    return content
