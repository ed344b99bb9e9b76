"""Write docs/logs.md from the declared events of the log: python -m infra.log_page"""

from __future__ import annotations

from chalicelib.runtime.log_events import LEVELS
from infra.setup.bootstrap import ROOT

PAGE = ROOT / "docs" / "logs.md"

_EACH_LINE = {
    "event": "its name, in the tables below",
    "level": "`info`, `warning` or `error`",
    "function": "the task, as [architecture.md](architecture.md#functions) and `app.py` name it; `cli` for a command",
    "request_id": "Lambda's id of the invocation: all lines of a request or of a batch of messages have the same",
    "cold_start": "whether this invocation is the first one of its container",
    "message_id": "the message of the batch, where a queue started the function",
}
_MEANINGS = {
    "error": "A person has to look at it; the alarms are in [operations.md](operations.md#when-something-is-wrong).",
    "warning": "Something was refused, lost or put off, and the service went on.",
    "info": "What was done.",
}


def page() -> str:
    """Return docs/logs.md."""
    parts = [
        "# Log lines",
        "<!-- from chalicelib/runtime/log_events.py by `python -m infra.log_page` -->",
        "Functions write one JSON line per outcome into the group `/callpath/<stage>`. A line has ids, counts and"
        " states,\nnever a telephone number, a name or a secret. Each has these fields first:",
        _table("field", _EACH_LINE),
        "To see everything that one request or one batch did, filter by its id; to see failures only, by level:",
        '```text\n{ $.request_id = "0f9c…" }\n{ $.level = "error" }\n```',
    ]
    for level, events in LEVELS.items():
        parts += [f"## {level}", _MEANINGS[level], _table("event", dict(sorted(events.items())))]
    return "\n\n".join(parts) + "\n"


def _table(heading: str, rows: dict[str, str]) -> str:
    return "\n".join(
        [f"| {heading} | means |", "|---|---|", *(f"| `{name}` | {text} |" for name, text in rows.items())]
    )


if __name__ == "__main__":
    PAGE.write_text(page())
