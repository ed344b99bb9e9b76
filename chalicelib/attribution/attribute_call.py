"""Find what is behind a call: which visitor held its number when it came, and the touches that brought them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple

from chalicelib.attribution import promo_evidence, redial_rules, repeat_callers
from chalicelib.attribution.find_evidence import evidence_of_number
from chalicelib.attribution.repeat_rules import own_evidence, with_earlier
from chalicelib.calls import call_item, callback_lookup, callers, calls_table, changed_days_table, retention
from chalicelib.calls.evidence import AttributedCall, Evidence, EvidenceKind
from chalicelib.calls.fold import CallRecord, fold
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


class Loaded(NamedTuple):
    """A call as its item is now: with who called settled, its events folded, and what was concluded so far."""

    site: Site
    item: call_item.Item
    settled: dict[str, str]  # attributes of the item
    record: CallRecord
    call: Call
    day: date  # in the site's zone
    before: AttributedCall | None
    erased: str | None  # the erasure that took something personal away, if any

    @property
    def is_news(self) -> bool:
        """Whether a carrier reported the call itself, rather than a file of its history."""
        return not all(event.imported for _, event in self.record.events)


class Concluded(NamedTuple):
    """The evidence found, and what the call's pool learns from it; None where it is no call to learn from."""

    evidence: Evidence
    noted: NotedCall | None


def attribute(message: dict[str, Any], now: datetime) -> None:
    """Find the evidence of a call from all its events, store it, and pass the call on once it has ended.

    `message` is {"site_id", "call_id"}; `now` is the present. Each new event of a call queues it again: the last run
    has seen all of them, and an earlier run never overwrites a later one. A message of callers, {"site_id", "callers",
    "since", "besides"}, queues their later calls again, but for one. Raises StorageUnavailable, NotFound.
    """
    if "callers" in message:
        repeat_callers.requeue(message)
        return
    tracing.annotate(site=message["site_id"])
    loaded = _load(message["site_id"], message["call_id"], now)
    concluded = _conclude(loaded, now)
    written = calls_table.put_evidence(loaded.call, concluded.evidence, loaded.day, loaded.settled, loaded.erased)
    if written is None:  # a later run has seen more events
        return
    _count(loaded.call, concluded, written.before, now)
    _propagate(loaded, now)
    _hand_on(loaded, message)
    status, kind = loaded.call.status, concluded.evidence.kind
    log.event("call_attributed", site_id=loaded.site.site_id, call_id=loaded.call.call_id, evidence=kind, status=status)


def _load(site_id: str, call_id: str, now: datetime) -> Loaded:
    """Read the call and settle who called; its recordings are queued first, whose links may live ten minutes."""
    item = calls_table.item(site_id, call_id)
    site = snapshot.site_by_id(site_id, now)
    if item is None or site is None:
        raise NotFound("No such call." if site else "No such site.")
    if not call_item.is_nameless(item):
        announce(item)
    settled = callers.settle(item, now, site.days_of_persons)
    record = call_item.record_of({**item, **call_item.attributes(settled)})
    call = fold(record)
    day = site.day_of(call.started_at)
    before, erased = call_item.attributed_of(item), call_item.erasure_of(item)
    return Loaded(site, item, settled, record, call, day, before, erased)


def _conclude(loaded: Loaded, now: datetime) -> Concluded:
    """Find the evidence: by the number, then by a promo code, a redial and the caller's earlier calls."""
    site, call, before = loaded.site, loaded.call, loaded.before
    if before and loaded.erased:
        return Concluded(before.evidence, None)  # looked for again, it would name who was taken out of it
    own, likelihoods = evidence_of_number(call, site, before, now)
    others = repeat_callers.earlier_calls(call)
    noted = redial_rules.noted_call(call, others, likelihoods, own.pool_id) if likelihoods else None
    known = own_evidence(before.evidence) if before else None
    own = promo_evidence.with_code(own, call, known, partial(touches_before, site))
    own = _with_redial(own, call, others, now)
    evidence = with_earlier(own, AttributedCall(call, own, loaded.day), others)
    repeat_callers.announce(AttributedCall(call, evidence, loaded.day), before)
    _note_visitors(call, evidence, before, site)
    return Concluded(evidence, noted)


def _propagate(loaded: Loaded, now: datetime) -> None:
    """Let everything that was concluded from the call be concluded anew: days, retention and deals."""
    site, call, day, before = loaded.site, loaded.call, loaded.day, loaded.before
    days = (day, before.day if before else None, *callback_lookup.days_changed_by(call))
    changed_days_table.mark_all(site.site_id, days)
    retention.look_again(site, day, now)
    join_deals.rejoin_named(site, call.call_id, call.vendor)
    if call.caller_key:
        came = calls_table.CallRef(call.call_id, call.started_at, call.caller_key)
        join_deals.rejoin_caller(site, call.caller_key, came if call.direction is Direction.IN else None)


def _hand_on(loaded: Loaded, message: dict[str, Any]) -> None:
    """Queue a call that has ended for delivery, unless it is history or erased."""
    if loaded.call.ended_at and loaded.is_news and not call_item.is_nameless(loaded.item):
        wait = settle_seconds(loaded.call, [event for _, event in loaded.record.events])
        sqs.send(settings().deliver_queue, message, delay_seconds=wait)


def _note_visitors(call: Call, evidence: Evidence, before: AttributedCall | None, site: Site) -> None:
    """Let the call be found by the visitors it names. Before the evidence: a note without a call does no harm."""
    for visitor in visitors_of(evidence) - (visitors_of(before.evidence) if before else frozenset()):
        visits_table.note_call(site.site_id, visitor, call.call_id, call.started_at, site.days_of_persons)


def _with_redial(own: Evidence, call: Call, others: Sequence[AttributedCall], now: datetime) -> Evidence:
    """Add the caller's last call to the number to the evidence. Raises StorageUnavailable."""
    if own.pool_id is None or own.delay_profile is None or redial_rules.last_dialled(call, others) is None:
        return own
    profile = delays_table.named_profile(own.pool_id, own.delay_profile, now)
    return redial_rules.with_redial(own, call, others, profile)


def _count(call: Call, concluded: Concluded, before: Evidence | None, now: datetime) -> None:
    """Add the call to its pool's census when evidence first names the pool: once, even if events come twice or at once.

    What the pool learns from it is written again where the caller's earlier calls became known since.
    """
    evidence, noted = concluded
    if evidence.pool_id is None or call.direction is Direction.OUT:
        return
    first = not (before and before.pool_id)
    if before and not first and (before.earlier, before.redial_of) == (evidence.earlier, evidence.redial_of):
        return
    try:
        if first:
            census_table.add_call(
                evidence.pool_id, call.started_at, overflow=evidence.of_number.first_kind is EvidenceKind.OVERFLOW
            )
        owner = snapshot.owner_at(call.number, call.started_at, now) if call.number else None
        if owner and owner.state is NumberState.QUARANTINE:
            census_table.add_stray_call(owner.number, call.call_id, call.started_at)
        elif noted is not None:
            delays_table.put_call(evidence.pool_id, call.call_id, call.started_at, noted)
    except StorageUnavailable:
        # The evidence is written and a retry would not count either: a gap in a statistic must not hold up the call.
        log.warning("call_not_counted", site_id=call.site_id, call_id=call.call_id)
