"""Find what is behind a call: who held its number when it came, and which touches had brought him."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.attribution import promo_evidence, redial_rules, repeat_callers
from chalicelib.attribution.find_evidence import evidence_of_number
from chalicelib.attribution.repeat_rules import own_evidence, with_earlier
from chalicelib.calls import call_item, callback_lookup, callers, calls_table, changed_days_table, retention
from chalicelib.calls.evidence import AttributedCall, Evidence, EvidenceKind
from chalicelib.calls.fold import fold
from chalicelib.calls.redaction import visitors_of
from chalicelib.calls.settle_delay import settle_seconds
from chalicelib.calls.types import Call, Direction
from chalicelib.core.errors import NotFound, StorageUnavailable
from chalicelib.deals import join_deals
from chalicelib.pool.lending import census_table
from chalicelib.pool.statistics import delays_table
from chalicelib.pool.statistics.redial_rates import NotedCall
from chalicelib.recordings.queue_recordings import announce
from chalicelib.registry import snapshot
from chalicelib.registry.types import NumberState, Site
from chalicelib.runtime import log, sqs, tracing
from chalicelib.runtime.settings import settings
from chalicelib.visits import visits_table
from chalicelib.visits.touches import touches_before


def attribute(message: dict[str, Any], now: datetime) -> None:
    """Fold the events of a call, settle who called, find its evidence, write both; pass the call on once it has ended.

    `message` is {"site_id", "call_id"}; `now` is the present. Each new event of a call queues it again: the last run
    has seen all of them, and an earlier run never overwrites a later one. A message of callers, {"site_id", "callers",
    "since", "besides"}, queues their later calls again, but for one. Raises StorageUnavailable, NotFound.
    """
    if "callers" in message:
        repeat_callers.requeue(message)
        return
    site_id, call_id = message["site_id"], message["call_id"]
    tracing.annotate(site=site_id)
    item = calls_table.item(site_id, call_id)
    site = snapshot.site_by_id(site_id, now)
    if item is None or site is None:
        raise NotFound("No such call." if site else "No such site.")
    if not call_item.is_nameless(item):
        announce(item)  # first of all: a link to a recording may live ten minutes
    settled = callers.settle(item, now, site.days_of_persons)
    before, erased = call_item.attributed_of(item), call_item.erasure_of(item)
    record = call_item.record_of({**item, **call_item.attributes(settled)})
    call = fold(record)
    day = call.started_at.astimezone(ZoneInfo(site.time_zone)).date()
    if before and erased:
        evidence, noted = before.evidence, None  # looked for again, it would find whom it was taken from
    else:
        own, raced = evidence_of_number(call, site, before, now)
        others = repeat_callers.earlier_calls(call)
        noted = redial_rules.noted_call(call, others, raced, own.pool_id) if raced else None
        known = own_evidence(before.evidence) if before else None
        own = promo_evidence.with_code(own, call, known, partial(touches_before, site))
        own = _with_redial(own, call, others, now)
        evidence = with_earlier(own, AttributedCall(call, own, day), others)
        repeat_callers.announce(AttributedCall(call, evidence, day), before)
        _note_visitors(call, evidence, before, site)
    kept = calls_table.put_evidence(call, evidence, day, settled, erased)
    if kept is None:
        return
    _count(call, evidence, noted, kept.before, now)
    changed_days_table.mark_all(site_id, (day, before.day if before else None, *callback_lookup.days_mended_by(call)))
    retention.look_again(site, day, now)
    join_deals.rejoin_named(site, call_id, call.vendor)
    if call.caller_key:
        came = calls_table.CallRef(call_id, call.started_at, call.caller_key)
        join_deals.rejoin_caller(site, call.caller_key, came if call.direction is Direction.IN else None)
    history = all(event.imported for _, event in record.events)  # which is no news
    if call.ended_at and not history and not call_item.is_nameless(item):
        wait = settle_seconds(call, [event for _, event in record.events])
        sqs.send(settings().deliver_queue, message, delay_seconds=wait)
    log.event("call_attributed", site_id=site_id, call_id=call_id, evidence=evidence.kind, status=call.status)


def _note_visitors(call: Call, evidence: Evidence, before: AttributedCall | None, site: Site) -> None:
    """Let the call be found by the visitors it names. Before the evidence: a note without a call does no harm."""
    for visitor in visitors_of(evidence) - (visitors_of(before.evidence) if before else frozenset()):
        visits_table.note_call(site.site_id, visitor, call.call_id, call.started_at, site.days_of_persons)


def _with_redial(own: Evidence, call: Call, others: Sequence[AttributedCall], now: datetime) -> Evidence:
    """The evidence with the caller's last call to the number. Raises StorageUnavailable."""
    if own.pool_id is None or own.delay_profile is None or redial_rules.last_dialled(call, others) is None:
        return own
    profile = delays_table.named_profile(own.pool_id, own.delay_profile, now)
    return redial_rules.with_redial(own, call, others, profile)


def _count(call: Call, evidence: Evidence, noted: NotedCall | None, before: Evidence | None, now: datetime) -> None:
    """Add the call to its pool's census when evidence first names the pool: once, whatever comes twice or at once.

    What the pool learns from it is written again where the caller's earlier calls became known since.
    """
    if evidence.pool_id is None or call.direction is Direction.OUT:
        return
    first = not (before and before.pool_id)
    if before and not first and (before.earlier, before.redial_of) == (evidence.earlier, evidence.redial_of):
        return
    try:
        if first:
            census_table.add_call(
                evidence.pool_id, call.started_at, overflow=evidence.of_number.told_by_itself is EvidenceKind.OVERFLOW
            )
        owner = snapshot.owner_at(call.number, call.started_at, now) if call.number else None
        if owner and owner.state is NumberState.QUARANTINE:
            census_table.add_stray_call(owner.number, call.call_id, call.started_at)
        elif noted is not None:
            delays_table.put_call(evidence.pool_id, call.call_id, call.started_at, noted)
    except StorageUnavailable:
        # The evidence stands and a retry would not count either: a gap in a statistic must not hold up the call.
        log.warning("call_not_counted", site_id=call.site_id, call_id=call.call_id)
