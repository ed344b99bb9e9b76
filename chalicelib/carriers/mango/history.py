"""Mango Office's statistics: the CSV of `stats/result`, `;` between the fields and no headings (P, seen live).

Each leg is a row; `entry_id` is the call. Times are seconds since 1970, `answer` 0 without an answer. The columns
are those of the request that Mango's own papers show; with others, write the headings above.
"""

from __future__ import annotations

from chalicelib.carriers.history import Format

FORMAT = Format(
    headings={
        "call_id": "entry_id",
        "from_extension": "from_extension",
        "from": "from_number",
        "to_extension": "to_extension",
        "to": "to_number",
        "number": "line_number",
        "started_at": "start",
        "answered_at": "answer",
        "ended_at": "finish",
        "hangup_cause": "disconnect_reason",
        "recording_id": "records",
    },
    columns=(
        *("records", "start", "finish", "answer", "from_extension", "from_number", "to_extension", "to_number"),
        *("disconnect_reason", "line_number", "location", "entry_id"),
    ),
)
