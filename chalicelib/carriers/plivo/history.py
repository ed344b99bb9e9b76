"""Plivo's call detail records: JSON of `GET /Call/` or the console's CSV (P). Times bear an offset, else are UTC.

A forwarded leg names the caller's line in `parent_call_uuid`; its length is the talk.
"""

from __future__ import annotations

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.carriers.history import Format

FORMAT = Format(
    headings={
        "call_id": "call_uuid|call uuid|uuid",
        "leg_of": "parent_call_uuid|parent call uuid",
        "direction": "call_direction|call direction|direction",
        "from": "from_number|from number|from",
        "to": "to_number|to number|to",
        "started_at": "initiation_time|initiation time|start time",
        "ended_at": "end_time|end time",
        "line": "call_duration|call duration|duration",
        "status": "hangup_cause_name|hangup cause name|call_state|call state",
        "hangup_cause": "hangup_cause_code|hangup cause code",
    },
    statuses={
        "busy line": CallStatus.BUSY,
        "no answer": CallStatus.MISSED,
        "cancelled": CallStatus.ABANDONED,
        "rejected": CallStatus.BUSY,
        "busy": CallStatus.BUSY,
        "failed": CallStatus.FAILED,
        "timeout": CallStatus.MISSED,
        "no-answer": CallStatus.MISSED,
    },
    talked=frozenset({"normal hangup", "end of xml instructions", "answer", "answered"}),
    unfinished=frozenset({"in-progress", "ringing"}),
    directions={"inbound": Direction.IN, "outbound": Direction.OUT},
    zone="UTC",
    in_full=True,
)
