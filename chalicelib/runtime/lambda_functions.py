"""Start another Lambda function of ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from chalicelib.core import clock
from chalicelib.runtime import aws


def invoke_as_event(function: str, kind: str, detail: Mapping[str, str], now: datetime) -> None:
    """Start a scheduled function (its name) with an event as EventBridge would send it, without waiting for it.

    `kind` is the event's detail-type. Raises StorageUnavailable.
    """
    event = {"source": "callpath.manage", "detail-type": kind, "time": clock.iso(now), "detail": dict(detail)}
    envelope = {"version": "0", "id": "", "account": "", "region": "", "resources": []}
    with aws.storage_errors():
        aws.lambda_().invoke(
            FunctionName=function, InvocationType="Event", Payload=json.dumps(envelope | event).encode()
        )
