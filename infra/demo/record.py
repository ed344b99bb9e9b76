"""What happened in a run, without what every deployment makes anew: two runs of one story leave the same. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.demo.play import Play

MADE_ANEW = ("site", "basis", "generated_at")  # ids and hashes of a deployment


def record_of(play: Play, report: Mapping[str, Any]) -> dict[str, Any]:
    """Return which number each visit was lent, which one each call dialled, and the report that came of it."""
    return {
        "seed": play.story.seed,
        "days": len(play.story.days),
        "last_day": play.story.last_day.isoformat(),
        "visits": {visit.key: play.seen[visit.key].number for visit in play.story.visits},
        "calls": {call.key: play.dialled(call).number for call in play.story.calls},
        "report": {name: value for name, value in report.items() if name not in MADE_ANEW},
    }
