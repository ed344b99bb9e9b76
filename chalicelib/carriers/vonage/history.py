"""Vonage's Reports API, product VOICE-CALL, JSON or CSV (M). Times are UTC, numbers in full without a plus.

The conversation is the call, as in its webhooks. Without that column each leg would become a call of its own.
"""

from __future__ import annotations

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.carriers.history import Format

FORMAT = Format(
    headings={
        "call_id": "conversation_id|conversation_uuid",
        "direction": "direction",
        "from": "from",
        "to": "to",
        "started_at": "date_start|start_time",
        "ended_at": "date_end|end_time",
        "line": "duration",
        "status": "status",
    },
    statuses={
        "busy": CallStatus.BUSY,
        "cancelled": CallStatus.ABANDONED,
        "unanswered": CallStatus.MISSED,
        "timeout": CallStatus.MISSED,
        "rejected": CallStatus.FAILED,
        "failed": CallStatus.FAILED,
    },
    talked=frozenset({"completed", "answered"}),
    unfinished=frozenset({"started", "ringing"}),
    directions={"inbound": Direction.IN, "outbound": Direction.OUT},
    zone="UTC",
    in_full=True,
)
