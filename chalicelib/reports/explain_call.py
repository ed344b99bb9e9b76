"""One call explained: everything from the carrier's webhooks to the proof, read from where it is kept."""

from __future__ import annotations

from datetime import datetime

from chalicelib.attribution import explanation
from chalicelib.attribution.credit import credit_of
from chalicelib.attribution.explanation import Sentence, Story
from chalicelib.attribution.load_rulebook import load_rulebook
from chalicelib.attribution.self_reported_answer import self_reported_by_call, self_reported_of
from chalicelib.audit import chain_table
from chalicelib.calls import call_item, calls_table, changed_days_table
from chalicelib.core.errors import NotFound
from chalicelib.deals import deals_table
from chalicelib.registry.types import Site


def explain(site: Site, call_id: str, model: str | None, now: datetime) -> list[Sentence]:
    """Explain the chain of a call under the site's model or another.

    Raises NotFound for a call there is none of or that attribution has not come to, StorageUnavailable.
    """
    item = calls_table.item(site.site_id, call_id)
    attributed = call_item.attributed_of(item) if item else None
    if item is None or attributed is None:
        raise NotFound("No such call of this site." if item is None else "The call is not attributed yet. Try again.")
    day = attributed.day
    entries = [entry for entry in chain_table.entries(site.site_id) if entry.day == day]
    rulebook = load_rulebook(site, now)
    deals = [deal for deal in deals_table.deals_of_day(site.site_id, day) if deal.call_id == call_id]
    story = Story(
        attributed=attributed,
        events=call_item.record_of(item).events,
        credits=credit_of(attributed, site, rulebook, model),
        model=model or site.model,
        deals=deals,
        proved=entries[-1] if entries else None,
        answer=rulebook.read_self_reported(self_reported_of(attributed, self_reported_by_call(deals))),
        waiting=any(
            (changed.site_id, changed.day) == (site.site_id, day) for changed in changed_days_table.changed_days()
        ),
    )
    return explanation.explain(story, site.zone)
