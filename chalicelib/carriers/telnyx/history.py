"""Telnyx' detail records, JSON or the portal's CSV (P for JSON, M for CSV). Times are UTC.

The session is the call, as in its webhooks of Call Control; TeXML calls go by another id there, and so become a second
call: import only what came before the webhooks. A session's incoming and outgoing legs are rows of their own.
"""

from __future__ import annotations

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.carriers.history import Format

FORMAT = Format(
    headings={
        "call_id": "call_session_id|telnyx_session_id|session_id|call session id|session id",
        "direction": "direction|call direction",
        "from": "cli|originating number|from",
        "to": "cld|terminating number|to",
        "started_at": "started_at|start timestamp (utc)|start timestamp|start time",
        "answered_at": "answered_at|answer timestamp (utc)|answer timestamp",
        "ended_at": "finished_at|end timestamp (utc)|end timestamp|end time",
        "line": "call_sec|call duration|call duration (sec)",
        "status": "hangup_cause|hangup cause|status",
    },
    statuses={
        "user_busy": CallStatus.BUSY,
        "call_rejected": CallStatus.BUSY,
        "no_answer": CallStatus.MISSED,
        "no_user_response": CallStatus.MISSED,
        "originator_cancel": CallStatus.ABANDONED,
        "unallocated_number": CallStatus.FAILED,
    },
    talked=frozenset({"normal_clearing"}),
    directions={
        "inbound": Direction.IN,
        "incoming": Direction.IN,
        "outbound": Direction.OUT,
        "outgoing": Direction.OUT,
    },
    zone="UTC",
)
