"""Zadarma's statistics of the PBX: JSON of `/v1/statistics/pbx/?version=2` (S, P), CSV of the cabinet (M).

Times are of the account's zone. `destination` of an incoming call may be an extension: then only the webhooks say
which number was called. The id of a call says whether it came in or went out.
"""

from __future__ import annotations

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.carriers.history import Format
from chalicelib.carriers.zadarma.webhook import DISPOSITIONS

FORMAT = Format(
    headings={
        "call_id": "pbx_call_id",
        "direction": "direction|call_type",
        "from": "clid|caller_id|from",
        "to": "destination|called_did|to",
        "started_at": "callstart|call_start|date",
        "talk": "seconds|duration",
        "status": "disposition",
        "answered_by": "sip|internal",
        "hangup_cause": "status_code",
    },
    statuses={word: status for word, status in DISPOSITIONS.items() if status is not CallStatus.ACCEPTED},
    talked=frozenset({"answered"}),
    directions={"in": Direction.IN, "out": Direction.OUT, "in_calls": Direction.IN, "out_calls": Direction.OUT},
    id_directions={"in_": Direction.IN, "out_": Direction.OUT},
)
