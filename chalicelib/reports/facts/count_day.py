"""One day's calls and deals as facts: what is counted is decided here, once, for every report. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chalicelib.attribution.credit import Path, paths_of, shared_by
from chalicelib.attribution.models import MODELS, model_of
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.attribution.self_reported_answer import self_reported_by_call, self_reported_of, shown_kind
from chalicelib.calls.callbacks import called_back
from chalicelib.calls.evidence import AttributedCall, EvidenceKind
from chalicelib.calls.self_reported import SelfReported
from chalicelib.calls.types import Credit, Direction
from chalicelib.core.money import round_half_up
from chalicelib.deals.types import Deal, OutcomeStatus
from chalicelib.registry.types import Site
from chalicelib.reports.fact_rows import CallFact, CreditFact, DealFact, PathFact, columns_of
from chalicelib.visits.types import Source

PathsOf = Callable[[AttributedCall, Site, Rulebook], tuple[Path, ...]]
NO_SOURCE = Source("unknown", "", "", "", "", "")  # of a deal that comes from nothing known and names none itself


@dataclass(frozen=True, slots=True)
class DayFacts:
    """The facts of one site's day; spend has its own."""

    calls: tuple[CallFact, ...]
    credits: tuple[CreditFact, ...]
    paths: tuple[PathFact, ...]
    deals: tuple[DealFact, ...]


def facts_of_day(
    site: Site,
    rulebook: Rulebook,
    calls: Sequence[AttributedCall],
    deals: Sequence[Deal],
    first_call_of: Callable[[str], datetime | None],
    *,
    paths: PathsOf = paths_of,
    own_sources: Mapping[str, Source] | None = None,
    reached: frozenset[str] | None = None,
) -> DayFacts:
    """Count one day.

    `first_call_of` returns when a caller (by key) first called, ever; it is used for won deals only. `own_sources` is
    external id → the source of a deal that has no call. `reached` are the missed calls that were called back, by id;
    without it the day's own calls decide.
    """
    marks, answers = quality_marks(deals), self_reported_by_call(deals)
    if reached is None:
        reached = called_back((attributed.call for attributed in calls), site.zone)
    counted: list[CallFact] = []
    credited: list[CreditFact] = []
    steps: list[PathFact] = []
    for attributed in calls:
        found = paths(attributed, site, rulebook)
        threshold = talk_threshold(site, rulebook, shared_by(model_of(site.model), found))
        region = found[0].steps[-1].region
        answer = self_reported_of(attributed, answers)
        quality = marks.get(attributed.call.call_id)
        fact = _call_fact(site, attributed, threshold, reached, quality, region, answer, rulebook)
        counted.append(fact)
        if attributed.call.direction is Direction.IN:
            credited.extend(_credit_facts(fact, found))
            steps.extend(_path_facts(fact, found))
    own = own_sources or {}
    cards = (_deal_fact(site, rulebook, deal, first_call_of, own.get(deal.external_id, NO_SOURCE)) for deal in deals)
    return DayFacts(tuple(counted), tuple(credited), tuple(steps), tuple(cards))


def quality_marks(deals: Iterable[Deal]) -> dict[str, Decimal]:
    """Return call id → the mean quality mark of the call's deals."""
    marks: dict[str, list[int]] = defaultdict(list)
    for deal in deals:
        if deal.call_id is not None and deal.quality is not None:
            marks[deal.call_id].append(deal.quality)
    return {call_id: round_half_up(Decimal(sum(given)) / len(given), 2) for call_id, given in marks.items()}


def talk_threshold(site: Site, rulebook: Rulebook, credit: Sequence[Credit]) -> int:
    """Seconds of talk that make a call a target call: those of the campaign with the most credit, or the site's."""
    heaviest = max(credit, key=lambda part: part.weight, default=None)
    campaign = rulebook.campaign(heaviest.campaign_id) if heaviest else None
    own = campaign.target_talk_seconds if campaign else None
    return site.target_talk_seconds if own is None else own


def _call_fact(
    site: Site,
    attributed: AttributedCall,
    threshold: int,
    reached: frozenset[str],
    quality: Decimal | None,
    region: str,
    answer: SelfReported | None,
    rulebook: Rulebook,
) -> CallFact:
    call, evidence = attributed.call, attributed.evidence
    local = site.local(call.started_at)
    return CallFact(
        site_id=call.site_id,
        call_id=call.call_id,
        started_at=call.started_at,
        day=attributed.day,
        hour=local.hour,
        weekday=local.isoweekday(),
        direction=call.direction,
        number=call.number or "",
        pool_id=evidence.pool_id or "",
        evidence=shown_kind(attributed, answer),
        caller_key=call.caller_key,
        caller_masked=call.caller_masked or "",
        status=call.status,
        answered=call.answered,
        missed=not call.answered,
        target=call.answered and call.talk_seconds >= threshold,
        called_back=call.call_id in reached,
        talk_seconds=call.talk_seconds,
        ring_seconds=call.ring_seconds,
        quality=quality,
        region=region,
        manager=call.answered_by or "",
        visitor=evidence.visitor or "",
        overflow=evidence.of_number.first_kind is EvidenceKind.OVERFLOW,
        wait_seconds=call.wait_seconds,
        end_missing=call.end_missing,
        self_reported=rulebook.read_self_reported(answer),
    )


def _credit_facts(fact: CallFact, paths: Sequence[Path]) -> Iterable[CreditFact]:
    for spec, model in MODELS.items():
        for part in shared_by(model, paths):
            yield CreditFact(
                site_id=fact.site_id,
                call_id=fact.call_id,
                day=fact.day,
                model=spec,
                **columns_of(part.source),
                region=part.region,
                landing_page=part.landing_page,
                weight=part.weight,
                caller_key=fact.caller_key,
                number=fact.number,
                hour=fact.hour,
                weekday=fact.weekday,
                manager=fact.manager,
                missed=fact.missed,
                target=fact.target,
                called_back=fact.called_back,
                talk_seconds=fact.talk_seconds,
                quality=fact.quality,
                candidate=part.candidate,
                share=part.share,
                self_reported=fact.self_reported,
            )


def _path_facts(fact: CallFact, paths: Sequence[Path]) -> Iterable[PathFact]:
    for candidate, path in enumerate(paths):
        for position, step in enumerate(path.steps):
            yield PathFact(
                site_id=fact.site_id,
                call_id=fact.call_id,
                day=fact.day,
                candidate=candidate,
                share=path.share,
                position=position,
                came_at=step.at,
                direct=step.direct,
                **columns_of(step.source),
                region=step.region,
                landing_page=step.landing_page,
            )


def _deal_fact(
    site: Site, rulebook: Rulebook, deal: Deal, first_call_of: Callable[[str], datetime | None], own: Source
) -> DealFact:
    won = deal.status is OutcomeStatus.WON
    ours = deal.currency == site.currency  # amounts of two currencies do not add up
    return DealFact(
        site_id=deal.site_id,
        source=deal.source,
        external_id=deal.external_id,
        call_id=deal.call_id,
        day=deal.day,
        outcome_at=deal.outcome_at,
        status=deal.status,
        won=won,
        amount=(deal.amount or None) if ours else None,  # 0: nobody typed it in
        gross_profit=deal.gross_profit if ours else None,
        currency=deal.currency,
        manager=deal.manager or "",
        quality=deal.quality,
        caller_key=deal.caller_key,
        first_call_at=first_call_of(deal.caller_key) if won and deal.caller_key else None,
        own_channel=own.channel,
        own_source=own.source,
        own_medium=own.medium,
        own_campaign=own.campaign,
        own_keyword=own.keyword,
        own_creative=own.creative,
        self_reported=rulebook.read_self_reported(deal.self_reported),
        contact_id=deal.contact_id,
    )
