"""A carrier event that storage could not take: spooled in a queue, else in the bucket, else in the log.

It is spooled sealed: signatures are checked on the raw body, so all of it waits there, numbers included.

An event that is well signed and cannot be parsed is stored in the bucket, too, in the folder `unread/`, from where
nothing is recovered by itself: moved to `kept/` once we can parse it, it is recovered as if it came the first time.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from chalicelib.core import clock, encryption, tokens
from chalicelib.core.deadline import within
from chalicelib.core.errors import NotFound
from chalicelib.runtime import aws, log, sqs
from chalicelib.runtime.http import Request
from chalicelib.runtime.settings import settings

PREFIX, UNREAD = "kept/", "unread/"
SPOOL_SECONDS = 0.4  # for each spool: the caller has waited ANSWER_SECONDS already
CONTEXT = "kept event"
REPEATED_FOR_DAYS = 2


class SpooledEvent(Struct, frozen=True):
    """A webhook as it came: enough to verify and read it again, at the moment it was received."""

    carrier: str
    secret: str  # the endpoint's token
    parts: tuple[str, ...]
    request: Request


def spool_event(event: SpooledEvent, signed_headers: tuple[str, ...], failure: Exception) -> None:
    """Put the event where `recover_event` finds it. Never raises: the caller is waiting to be connected.

    If neither queue nor bucket takes it, it is logged sealed, from where `python -m chalicelib recover` puts it there.
    """
    message = _sealed(_message(event, signed_headers))
    spools = {"queue": ("sqs", _into_queue), "bucket": ("s3", _into_bucket)}
    where = next((name for name, (service, put) in spools.items() if _tried(service, put, message)), None)
    sealed = message if where is None and "sealed" in message else None
    where = where or ("log" if sealed else "nowhere")
    log.warning("event_kept", carrier=event.carrier, where=where, count=1, error=type(failure).__name__, kept=sealed)


def spooled_in_log(text: str) -> list[dict[str, Any]]:
    """Return the spooled messages in a piece of the log, exported in any form; each once."""
    found: dict[str, dict[str, Any]] = {}
    decoder = json.JSONDecoder()
    for start in (match.start() for match in re.finditer(r'\{\s*"event"', text)):
        try:
            line, _ = decoder.raw_decode(text, start)
        except ValueError:  # cut off, or no line of ours
            continue
        if line.get("event") == "event_kept" and line.get("where") == "log" and isinstance(line.get("kept"), dict):
            found[line["kept"]["sealed"]] = line["kept"]
    return list(found.values())


def put_back(messages: list[dict[str, Any]]) -> None:
    """Put spooled messages into their queue, from which they are recovered. Raises StorageUnavailable."""
    for message in messages:
        sqs.send(settings().kept_queue, message)


def store_unparsed(event: SpooledEvent, signed_headers: tuple[str, ...], name: str) -> None:
    """Store an event that cannot be parsed where a person finds it; its repetitions have the same `name`.

    Raises StorageUnavailable.
    """
    message = _sealed(_message(event, signed_headers))
    with aws.storage_errors():
        _put(_unread_key(event.carrier, event.request.now, name), message)


def delete_unparsed(carrier: str, received_at: datetime, name: str) -> int:
    """Delete an event that could not be parsed, old versions too. Return the number of objects.

    Raises StorageUnavailable.
    """
    s3, deleted = aws.s3(), 0
    for day in range(REPEATED_FOR_DAYS):  # a carrier may have repeated it
        key = _unread_key(carrier, received_at + timedelta(days=day), name)
        with aws.storage_errors():
            found = s3.list_object_versions(Bucket=settings().bucket, Prefix=key)
            for version in (*found.get("Versions", []), *found.get("DeleteMarkers", [])):
                s3.delete_object(Bucket=settings().bucket, Key=version["Key"], VersionId=version["VersionId"])
        deleted += len(found.get("Versions", []))
    return deleted


def _unread_key(carrier: str, received_at: datetime, name: str) -> str:
    return f"{UNREAD}{carrier}/{clock.iso(received_at)[:10]}/{name}.json"


def _tried(service: str, put: Callable[[dict[str, Any]], None], message: dict[str, Any]) -> bool:
    try:
        aws.make_clients(service)  # made before the time limit runs
        within(SPOOL_SECONDS, lambda: put(message))
    except Exception:  # noqa: BLE001 - no failure here may stop the call: the next spool is tried, and it is logged
        return False
    return True


def _into_queue(message: dict[str, Any]) -> None:
    sqs.send(settings().kept_queue, message, hot=True)


def spool_contact(message: dict[str, Any], received_at: datetime) -> None:
    """Put an event of a page that no queue took where `recover_event` finds it. Raises StorageUnavailable."""
    with aws.storage_errors():
        _put(f"{PREFIX}{clock.iso(received_at)[:10]}/{tokens.random_id('contact-')}.json", message)


def _into_bucket(message: dict[str, Any]) -> None:
    _put(f"{PREFIX}{message['received_at'][:10]}/{tokens.random_id('event-')}.json", message)


def _put(key: str, message: dict[str, Any]) -> None:
    aws.s3(hot=True).put_object(
        Bucket=settings().bucket, Key=key, Body=json.dumps(message).encode(), ContentType="application/json"
    )


def read(message: dict[str, Any]) -> SpooledEvent:
    """Return the event of a spooled message. Raises ValueError for one that was sealed with another signing key."""
    if "sealed" in message:
        key = encryption.derive(settings().signing_key, "kept events")
        plain = encryption.unseal(encryption.INTAKE, message["sealed"], key=key, context=CONTEXT)
        if plain is None:
            raise ValueError("A spooled event was sealed with another signing key.")
        message = json.loads(plain)
    request = Request(
        method=message["method"],
        path=message["path"],
        query={name: tuple(values) for name, values in message.get("query", {}).items()},
        headers=message["headers"],
        body=base64.b64decode(message["body"]),
        source_ip=message.get("source_ip", ""),
        now=clock.parse_time(message["received_at"], field="received_at"),
    )
    return SpooledEvent(message["carrier"], message["secret"], tuple(message["parts"]), request)


def read_object(bucket: str, key: str) -> dict[str, Any]:
    """Return a spooled message from the bucket. Raises StorageUnavailable, NotFound if it was recovered before."""
    client = aws.s3()
    try:
        with aws.storage_errors():
            body = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except client.exceptions.NoSuchKey:
        raise NotFound("No such spooled event.") from None
    message: dict[str, Any] = json.loads(body)
    return message


def forget_object(bucket: str, key: str) -> None:
    """Delete a spooled message from the bucket once it is recovered. Raises StorageUnavailable."""
    with aws.storage_errors():
        aws.s3().delete_object(Bucket=bucket, Key=key)


def _sealed(message: dict[str, Any]) -> dict[str, Any]:
    try:
        key = encryption.derive(settings().signing_key, "kept events")
        sealed = encryption.seal(encryption.INTAKE, json.dumps(message).encode(), key=key, context=CONTEXT)
    except Exception as failure:  # noqa: BLE001 - a failed seal loses no event: queue and bucket are encrypted, too
        log.warning("kept_event_unsealed", error=type(failure).__name__)
        return message
    return {"carrier": message["carrier"], "received_at": message["received_at"], "sealed": sealed}


def _message(event: SpooledEvent, signed_headers: tuple[str, ...]) -> dict[str, Any]:
    request = event.request
    return {
        "carrier": event.carrier,
        "secret": event.secret,
        "parts": list(event.parts),
        "method": request.method,
        "path": request.path,
        "query": {name: list(values) for name, values in request.query.items()},
        "source_ip": request.source_ip,
        "headers": {name: value for name, value in request.headers.items() if name in signed_headers},
        "body": base64.b64encode(request.body).decode(),
        "received_at": clock.iso(request.now),
    }
