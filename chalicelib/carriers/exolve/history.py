"""MTS Exolve's `call-history/v2/GetList`, JSON (M: its fields are not confirmed). Durations are in ms.

Where it names a call by another id than its events (`uid`), a call that both report becomes two: import only what
came before the webhooks.
"""

from __future__ import annotations

from chalicelib.calls.types import Direction
from chalicelib.carriers.history import Format

FORMAT = Format(
    headings={
        "call_id": "call_sid|call_id|uid",
        "direction": "direction|call_direction",
        "from": "number_a|from|calling_number",
        "to": "number_b|to|called_number",
        "started_at": "date_start|begin_time|start_time",
        "ended_at": "date_end|end_time",
        "talk": "talk_time|talk_duration",
        "total": "duration|total_duration",
        "hangup_cause": "cause_code",
        "recording_id": "record_uid",
    },
    directions={"in": Direction.IN, "incoming": Direction.IN, "out": Direction.OUT, "outgoing": Direction.OUT},
    per_second=1000,
    in_full=True,
)
