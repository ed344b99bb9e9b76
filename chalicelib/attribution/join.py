"""Outcomes into deals, and deals to calls: by the call they name, else by the caller's number."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from chalicelib import log
from chalicelib.attribution import answers, days, store, subjects
from chalicelib.attribution.carriers import CARRIERS, our_call_id
from chalicelib.attribution.join_rules import call_of_caller
from chalicelib.attribution.store import CallRef
from chalicelib.attribution.types import Deal, Outcome
from chalicelib.registry.types import Site


def record_outcome(site: Site, outcome: Outcome) -> bool:
    """Store what a CRM said, joined to its call, and mark the days it changes. False where nothing is new.

    Raises StorageUnavailable; doing it again is harmless.
    """
    known = store.deal(site.site_id, outcome.source, outcome.external_id)
    caller_key = _caller_key(site, outcome, known)
    call, joined_by = _find_call(site, outcome, caller_key)
    deal = answers.kept(_deal(site, outcome, caller_key, call, joined_by), known)
    written, before = store.put_deal(deal)
    if written:
        days.mark_all(site.site_id, (deal.day, before.day if before else None))
        log.event("deal", site_id=site.site_id, source=deal.source, status=deal.status, joined_by=joined_by)
    return written


def rejoin_caller(site: Site, caller_key: str) -> None:
    """Join the caller's deals anew, since a call of his is new or has moved. Raises StorageUnavailable."""
    by_phone = [deal for deal in store.deals_of_caller(site.site_id, caller_key) if deal.joined_by != "call_id"]
    if not by_phone:
        return
    calls = store.calls_of_caller(site.site_id, caller_key)
    for deal in by_phone:
        call = call_of_caller(calls, deal.outcome_at)
        day = _day(site, call.started_at if call else deal.outcome_at)
        if (call.call_id if call else None, day) == (deal.call_id, deal.day):
            continue
        if store.join_deal(deal, call.call_id if call else None, "phone" if call else None, day):
            days.mark_all(site.site_id, (day, deal.day))


def _caller_key(site: Site, outcome: Outcome, known: Deal | None) -> str | None:
    """The caller that an outcome's number names. Of one who was erased the deal's own pseudonym stays, and the join."""
    if outcome.phone is None:
        return None
    if known and known.caller_key and subjects.find_subject(site.site_id, outcome.phone) is None:
        erased = not subjects.subjects_by_id(site.site_id, [known.caller_key])
        if erased:
            return known.caller_key
    return subjects.subject_of(site.site_id, outcome.phone, outcome.outcome_at, site.days_of_persons).subject_id


def _find_call(site: Site, outcome: Outcome, caller_key: str | None) -> tuple[CallRef | None, str | None]:
    if outcome.call_id:
        ids = [outcome.call_id, *(our_call_id(vendor, outcome.call_id) for vendor in CARRIERS)]
        named = store.find_call(site.site_id, ids)
        if named:
            return named, "call_id"
    if caller_key:
        calls = store.calls_of_caller(site.site_id, caller_key)
        found = call_of_caller(calls, outcome.outcome_at)
        return found, "phone" if found else None
    return None, None


def _deal(site: Site, outcome: Outcome, caller_key: str | None, call: CallRef | None, joined_by: str | None) -> Deal:
    return Deal(
        site_id=site.site_id,
        source=outcome.source,
        external_id=outcome.external_id,
        outcome_at=outcome.outcome_at,
        status=outcome.status,
        amount=outcome.amount if outcome.amount is not None else Decimal(0),
        gross_profit=outcome.gross_profit,
        currency=outcome.currency or site.currency,
        manager=outcome.manager,
        quality=outcome.quality,
        promo_code=outcome.promo_code,
        caller_key=caller_key or (call.caller_key if call else None),
        call_id=call.call_id if call else None,
        day=_day(site, call.started_at if call else outcome.outcome_at),
        joined_by=joined_by,
        self_reported=outcome.self_reported,
    )


def _day(site: Site, moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(site.time_zone)).date()
