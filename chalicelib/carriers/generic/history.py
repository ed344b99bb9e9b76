"""Our own words for a call, as our PBX contract has them, and those of Asterisk's CDR (S)."""

from __future__ import annotations

from chalicelib.calls.types import CallStatus, Direction
from chalicelib.carriers.generic.webhook import DISPOSITIONS
from chalicelib.carriers.history import Format

FORMAT = Format(
    headings={
        "call_id": "call_id|linked_id|linkedid|uniqueid|id|id звонка",
        "direction": "direction|направление",
        "from": "from|src|откуда",
        "to": "to|dst|куда",
        "caller": "caller|phone|телефон|телефон клиента|клиент",
        "number": "number|tracking_number|did|номер|подменный номер",
        "started_at": "started_at|calldate|start|date|дата|дата и время",
        "answered_at": "answered_at|answer",
        "ended_at": "ended_at|end",
        "talk": "talk_sec|talk_seconds|billsec|длительность разговора|разговор, с",
        "total": "duration_sec|total_sec|duration|длительность",
        "status": "disposition|status|статус",
        "answered_by": "answered_by|manager|менеджер|ответил",
        "hangup_cause": "hangup_cause",
        "recording_url": "recording_url|запись",
        "gclid": "gclid",
        "yclid": "yclid",
        "ym_client_id": "ym_client_id",
    },
    statuses={
        **{word: status for word, status in DISPOSITIONS.items() if status is not CallStatus.ACCEPTED},
        "пропущен": CallStatus.MISSED,
        "пропущенный": CallStatus.MISSED,
        "занято": CallStatus.BUSY,
    },
    talked=frozenset({"answered", "accepted", "completed", "отвечен", "принят", "принятый"}),
    directions={
        **dict.fromkeys(("in", "inbound", "incoming", "входящий"), Direction.IN),
        **dict.fromkeys(("out", "outbound", "outgoing", "исходящий"), Direction.OUT),
    },
)
