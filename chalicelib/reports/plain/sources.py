"""The source a row names itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.reports.plain.cells import Cells, text_of
from chalicelib.visits.channels import channel_named, channel_of
from chalicelib.visits.referrers import known_source_of_name
from chalicelib.visits.types import Source

SOURCE_FIELDS = {
    "source": ("utm_source",),
    "medium": ("utm_medium",),
    "campaign": ("utm_campaign", "campaign_id"),
    "keyword": ("utm_term",),
    "creative": ("utm_content", "ad_id"),
}


def own_source(cells: Cells) -> Source | None:
    """Return the source a row names itself, by columns, `utm_*` or `variables`; None where it names none."""
    variables = cells.get("variables")
    columns = {
        **(variables if isinstance(variables, Mapping) else {}),
        **{name: cells[name] for name in cells if cells[name]},
    }
    if "event" in cells:  # a carrier's event names the telephone system there
        columns.pop("source", None)
    parts = {field: text_of(columns, field, SOURCE_FIELDS) for field in SOURCE_FIELDS}
    parts["source"], parts["medium"] = parts["source"].lower(), parts["medium"].lower()
    channel = channel_named(text_of(columns, "channel"))
    if not channel and not any(parts.values()):
        return None
    return Source(channel=channel or _channel(parts["source"], parts["medium"]), **parts)


def _channel(source: str, medium: str) -> str:
    if not source and not medium:
        return "unknown"
    known = known_source_of_name(source) if source else None
    return channel_of(medium, known.kind if known else None)
