"""Store outcomes as deals, and join each deal to the call or contact it comes from, by the rules of join_rules.py."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

from msgspec.structs import replace

from chalicelib.calls import callers, changed_days_table
from chalicelib.contacts.types import Contact
from chalicelib.core.errors import NotFound, StorageUnavailable
from chalicelib.deals import deals_table, erased_self_reported, find_origins
from chalicelib.deals.find_origins import Fresh
from chalicelib.deals.join_rules import OF_ITS_OWN, Origin, Tie
from chalicelib.deals.types import Deal, Decision, Outcome
from chalicelib.registry.types import Site
from chalicelib.runtime import log
from chalicelib.runtime.settings import settings
from chalicelib.visits.visitor_key import visitor_key

TRIES = 4  # a person may decide, or another outcome land, between read and write


def record_outcome(site: Site, outcome: Outcome) -> bool:
    """Store an outcome as a deal joined to its origin and mark the days it changes; False where nothing is new.

    What a person decided about the deal's origin stays. Raises StorageUnavailable; to repeat it is harmless.
    """
    for _ in range(TRIES):
        known = deals_table.deal(site.site_id, outcome.source, outcome.external_id)
        deal = erased_self_reported.without_erased_words(_joined(site, _deal(site, outcome, known), known), known)
        written, before = deals_table.put_deal(deal)
        if written:
            _settle(site, deal, before)
            log.event("deal", site_id=site.site_id, source=deal.source, status=deal.status, joined_by=deal.joined_by)
        if written or before is None or before.decision == deal.decision:
            return written
    raise StorageUnavailable("The deal is being changed. Try again.")


def decide(site: Site, deal: Deal, decision: Decision | None) -> Deal:
    """Join a deal as a person decided, or by the rules again (None). Later outcomes do not change a decision.

    Raises NotFound where there is no such call or contact, StorageUnavailable.
    """
    changed = _joined(site, replace(deal, decision=decision), deal)
    if decision and (decision.call_id or decision.contact_id) and changed.joined_by is None:
        raise NotFound("No such call or contact of this site.", field="call_id" if decision.call_id else "contact_id")
    if not deals_table.join_deal(deal, changed):
        raise StorageUnavailable("The deal is being changed. Try again.")
    _settle(site, changed, deal)
    log.event("deal_decided", site_id=site.site_id, source=deal.source, joined_by=changed.joined_by)
    return changed


def rejoin_caller(site: Site, caller_key: str, fresh: Fresh = None) -> None:
    """Join the caller's deals again, after a call or contact of theirs is new or moved. Raises StorageUnavailable."""
    _rejoin(site, deals_table.deals_of_caller(site.site_id, caller_key), fresh)


def rejoin_visitor(site: Site, contact: Contact) -> None:
    """Join the deals that name the contact's visitor again, as the contact is new. Raises StorageUnavailable."""
    _rejoin(site, deals_table.deals_of_visitor(site.site_id, contact.visitor), contact)


def rejoin_named(site: Site, call_id: str, vendor: str) -> None:
    """Join the deals that named a call before it was known. Raises StorageUnavailable."""
    for named in {call_id, call_id.removeprefix(f"{vendor}-")}:
        _rejoin(site, deals_table.deals_waiting_for(site.site_id, named))


def _rejoin(site: Site, deals: Iterable[Deal], fresh: Fresh = None) -> None:
    for deal in deals:
        changed = _joined(site, deal, deal, fresh)
        if changed != deal and deals_table.join_deal(deal, changed):
            _settle(site, changed, deal)


def _settle(site: Site, deal: Deal, before: Deal | None) -> None:
    """Mark the days, and join the caller's other deals again where this deal has, or had, an origin of its own."""
    changed_days_table.mark_all(site.site_id, (deal.day, before.day if before else None))
    known = [each for each in (deal, before) if each and each.caller_key and each.joined_by in OF_ITS_OWN]
    if not known or (before and _tied(before) == _tied(deal)):
        return
    for caller_key in {each.caller_key for each in known if each.caller_key}:
        others = deals_table.deals_of_caller(site.site_id, caller_key)
        following = [other for other in others if other.joined_by not in OF_ITS_OWN and not _same(other, deal)]
        _rejoin(site, following, deal)


def _joined(site: Site, deal: Deal, known: Deal | None, fresh: Fresh = None) -> Deal:
    """Return the deal with its origin: the one a person decided, else the one the rules choose."""
    origin = _decided(site, deal.decision) if deal.decision else find_origins.find_origin(site, deal, fresh)
    if deal.decision is None and known and _stays(site, deal, origin, known):
        return replace(
            deal, call_id=known.call_id, contact_id=known.contact_id, joined_by=known.joined_by, day=known.day
        )
    return replace(
        deal,
        caller_key=deal.caller_key or (origin.caller_key if origin else None),
        call_id=origin.call_id if origin else None,
        contact_id=origin.contact_id if origin else None,
        joined_by=origin.tie if origin else None,
        day=_day(site, origin.started_at if origin else deal.outcome_at),
    )


def _stays(site: Site, deal: Deal, origin: Origin | None, known: Deal) -> bool:
    """Return whether the deal keeps a sure join that can only not be found any more.

    So it is by a promo code that expired since it was reported, or to a contact whose visitor was erased.
    """
    surer = origin.tie if origin else None
    if known.joined_by not in OF_ITS_OWN or surer in (Tie.CALL_ID, known.joined_by):
        return False
    if known.joined_by == Tie.PROMO_CODE and known.promo_code == deal.promo_code:
        return surer is not Tie.VISITOR_ID
    return find_origins.is_erased(site, known.contact_id)


def _decided(site: Site, decision: Decision) -> Origin | None:
    if decision.call_id:
        return find_origins.of_call(site, decision.call_id, Tie.HAND)
    return find_origins.of_contact(site, decision.contact_id, Tie.HAND) if decision.contact_id else None


def _deal(site: Site, outcome: Outcome, known: Deal | None) -> Deal:
    """Return the outcome as a deal that is joined to nothing yet."""
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
        caller_key=_caller_key(site, outcome, known),
        call_id=None,
        day=_day(site, outcome.outcome_at),
        joined_by=None,
        self_reported=outcome.self_reported,
        visitor=_visitor(site, outcome, known),
        call_named=outcome.call_id,
        decision=known.decision if known else None,
    )


def _caller_key(site: Site, outcome: Outcome, known: Deal | None) -> str | None:
    """Return the key of the outcome's number; for an erased caller the deal's own pseudonym stays, and the join."""
    if outcome.phone is None:
        return None
    if known and known.caller_key and callers.find_caller(site.site_id, outcome.phone) is None:
        erased = not callers.callers_by_id(site.site_id, [known.caller_key])
        if erased:
            return known.caller_key
    return callers.caller_of(site.site_id, outcome.phone, outcome.outcome_at, site.days_of_persons).subject_id


def _visitor(site: Site, outcome: Outcome, known: Deal | None) -> str | None:
    """Return the key of the outcome's visitor; for an erased one the deal keeps the alias."""
    if outcome.visitor_id is None:
        return None
    if known and known.visitor and find_origins.is_erased(site, known.contact_id):
        return known.visitor
    return visitor_key(site.site_id, outcome.visitor_id, settings().signing_key).hex()


def _tied(deal: Deal) -> tuple[str | None, str | None, str | None]:
    return deal.call_id, deal.contact_id, deal.joined_by


def _same(one: Deal, other: Deal) -> bool:
    return (one.source, one.external_id) == (other.source, other.external_id)


def _day(site: Site, moment: datetime) -> date:
    return site.day_of(moment)
