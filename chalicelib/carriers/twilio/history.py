"""Twilio's list of calls: JSON of the Call resource (S), CSV of the console (M). Times are RFC 2822 in GMT.

The caller's line and the forwarded leg are two calls: the leg names the line in `parent_call_sid`, and its length is
the talk. Export both; of a line alone the whole length counts as talk.
"""

from __future__ import annotations

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.carriers.history import Format
from chalicelib.carriers.twilio.events import NOBODY

FORMAT = Format(
    headings={
        "call_id": "sid|call sid|callsid",
        "leg_of": "parent_call_sid|parent call sid|parentcallsid",
        "direction": "direction",
        "from": "from",
        "to": "to",
        "started_at": "start_time|start time|starttime|start time (utc)",
        "ended_at": "end_time|end time|endtime|end time (utc)",
        "line": "duration|duration (s)|call duration",
        "status": "status|call status",
    },
    statuses={
        "busy": CallStatus.BUSY,
        "no-answer": CallStatus.MISSED,
        "no answer": CallStatus.MISSED,
        "failed": CallStatus.FAILED,
        "canceled": CallStatus.ABANDONED,
    },
    talked=frozenset({"completed"}),
    unfinished=frozenset({"queued", "initiated", "ringing", "in-progress"}),
    directions={
        "inbound": Direction.IN,
        "incoming": Direction.IN,
        "trunking-originating": Direction.OUT,
        "trunking-terminating": Direction.IN,
        "outbound-api": Direction.OUT,
        "outbound-dial": Direction.OUT,
        "outgoing api": Direction.OUT,
        "outgoing dial": Direction.OUT,
    },
    nobody=NOBODY,
    zone="UTC",
)
