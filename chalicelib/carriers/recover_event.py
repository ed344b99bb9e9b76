"""Store a carrier event that was spooled while storage failed, as if it had been stored when it was received."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from chalicelib import carriers
from chalicelib.carriers import Hook, receive_call, spool_bucket, unparsed_event
from chalicelib.core.errors import BadInput, NotFound, SignatureRejected, StorageUnavailable
from chalicelib.registry import snapshot
from chalicelib.registry.endpoint_token import open_endpoint
from chalicelib.runtime import log, sqs
from chalicelib.runtime.settings import settings


def recover(message: dict[str, Any], now: datetime) -> None:
    """Verify and store one spooled event. `message` is the event, or S3's notice of events spooled in the bucket.

    A badly signed event is dropped for good with a line in the log, one that cannot be parsed is kept as it came; an
    object of the bucket is deleted once it is stored. Raises StorageUnavailable while the outage lasts: the queue
    brings the message again.
    """
    if message.get("Event") == "s3:TestEvent":
        return
    for record in message.get("Records", []):
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        try:
            kept = spool_bucket.read_object(bucket, key)
        except NotFound:  # S3 may give a notice twice: it was stored the first time
            continue
        if "contact" in kept:  # an event of a page: it has a queue and a task of its own
            sqs.send(settings().contact_queue, kept)
            spool_bucket.forget_object(bucket, key)
        elif _recover(kept, now):
            spool_bucket.forget_object(bucket, key)
    if "carrier" in message:
        _recover(message, now)


def _recover(message: dict[str, Any], now: datetime) -> bool:
    """Store one message; return False if it was dropped."""
    kept = spool_bucket.read(message)
    module = carriers.carrier(kept.carrier)
    token = open_endpoint(kept.secret, settings().signing_key)
    endpoint = snapshot.endpoint_by_id(token.endpoint_id, now) if token else None
    if module is None or token is None or (endpoint and endpoint.closed):
        log.warning("kept_event_dropped", carrier=kept.carrier, reason="endpoint_closed")
        return False
    if endpoint is None:
        raise StorageUnavailable("The endpoint's record is missing.")  # it may be restored; an alarm goes off
    hook = Hook(kept.request, kept.parts, receive_call.endpoint_url(kept.carrier, kept.secret))
    try:
        receive_call.store(module, hook, endpoint, token.country)
    except SignatureRejected as error:
        log.warning("kept_event_dropped", endpoint_id=endpoint.endpoint_id, reason=error.error_code)
        return False
    except BadInput as refused:  # its sender got no such answer when it came
        spool_bucket.store_unparsed(kept, module.SIGNED_HEADERS, unparsed_event.digest(hook, settings().signing_key))
        log.warning("event_unread", endpoint_id=endpoint.endpoint_id, carrier=endpoint.vendor, field=refused.field)
    return True
