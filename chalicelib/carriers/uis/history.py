"""UIS, CoMagic, CallGear: JSON of the Data API's `get.calls_report` (P). Times are of the account's zone.

Ask for the fields below; `id` is the session, as in the notifications.
"""

from __future__ import annotations

from chalicelib.calls.types import Direction
from chalicelib.carriers.history import Format

FORMAT = Format(
    headings={
        "call_id": "id|call_session_id",
        "direction": "direction",
        "caller": "contact_phone_number",
        "number": "virtual_phone_number",
        "started_at": "start_time",
        "ended_at": "finish_time",
        "talk": "talk_duration|talk_time_duration",
        "total": "total_duration|total_time_duration",
        "lost": "is_lost",
        "answered_by": "first_answered_employee_full_name|last_answered_employee_full_name",
        "hangup_cause": "finish_reason",
        "recording_url": "full_record_file_link",
        "gclid": "gclid",
        "yclid": "yclid",
        "ym_client_id": "ym_client_id",
        "ua_client_id": "ua_client_id",
    },
    directions={"in": Direction.IN, "out": Direction.OUT},
)
