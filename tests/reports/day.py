"""A registered site with calls, deals and spend of one day, through the real storage."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from chalicelib.calls import callers, calls_table, changed_days_table, events_table
from chalicelib.calls.call_item import attributes, record_of
from chalicelib.calls.evidence import AttributedCall, Evidence, EvidenceKind
from chalicelib.calls.fold import fold
from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.deals import deals_table
from chalicelib.deals.types import Deal, OutcomeStatus
from chalicelib.registry import store as registry
from chalicelib.registry.types import Account, Site
from chalicelib.visits.types import Source, Touch

DAY = date(2026, 11, 3)
NOON = datetime(2026, 11, 3, 9, tzinfo=UTC)  # in Moscow
SITE = Site("s1", "a1", "key1", "Поддоны 24", (), "Europe/Moscow", "RUB", "RU")
CAMPAIGN = "772040791973"


def register() -> None:
    """The account and the site."""
    registry.create_account(Account("a1", "Account", NOON))
    registry.create_site(SITE)


def call(
    call_id: str,
    *,
    at: datetime = NOON,
    caller: str = "+79160000001",
    talk: int = 30,
    direction: Direction = Direction.IN,
    kind: EvidenceKind = EvidenceKind.LIVE,
    touches: tuple[str, ...] = ("paid_search",),
) -> AttributedCall:
    """Take in a finished call with touches of these channels and CAMPAIGN, an hour apart, and mark its day."""
    event = CallEvent(
        f"{call_id}-ended",
        call_id,
        direction=direction,
        caller=caller,
        number="+74950000001",
        started_at=at,
        talk_seconds=talk,
        status=CallStatus.ACCEPTED if talk else CallStatus.MISSED,
    )
    events_table.add_events(SITE.site_id, call_id, ("generic", "e1"), [event], at)
    item = calls_table.item(SITE.site_id, call_id)
    assert item is not None
    settled = callers.settle(item, at)
    folded = fold(record_of({**item, **attributes(settled)}))
    begun = at - timedelta(minutes=3, hours=len(touches) - 1)
    came = [(begun + timedelta(hours=hour), source(channel)) for hour, channel in enumerate(touches)]
    touched = tuple(Touch(when, "https://shop.example/", "", "Москва", source) for when, source in came)
    evidence = Evidence(kind, "for a test", pool_id="p1", touches=touched)
    calls_table.put_evidence(folded, evidence, DAY, settled)
    changed_days_table.mark_changed(SITE.site_id, DAY)
    return AttributedCall(folded, evidence, DAY)


def source(channel: str = "paid_search") -> Source:
    return Source(channel, "yandex", "cpc", CAMPAIGN, "купить поддоны", "")


def won(call: AttributedCall, profit: str = "8700", amount: str = "20000") -> Deal:
    """A deal won two days after its call."""
    deal = Deal(
        site_id=SITE.site_id,
        source="generic",
        external_id=f"deal-{call.call.call_id}",
        outcome_at=call.call.started_at + timedelta(days=2),
        status=OutcomeStatus.WON,
        amount=Decimal(amount),
        gross_profit=Decimal(profit),
        currency="RUB",
        manager="Иванов И.",
        quality=4,
        promo_code=None,
        caller_key=call.call.caller_key,
        call_id=call.call.call_id,
        day=DAY,
        joined_by="call_id",
    )
    deals_table.put_deal(deal)
    changed_days_table.mark_changed(SITE.site_id, DAY)
    return deal
