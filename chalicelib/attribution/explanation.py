"""The chain from a carrier's webhook to the credit of a source, in sentences for a person. Pure.

Every sentence has the moment it speaks of, in the site's zone, and belongs to one of the chapters below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from chalicelib.attribution.self_reported_answer import self_reported_by_call, self_reported_of, shown_kind
from chalicelib.audit.hash_chain import ChainEntry
from chalicelib.calls.evidence import AttributedCall, Candidate, Evidence, EvidenceKind
from chalicelib.calls.self_reported_words import SELF_REPORTED_CHANNELS
from chalicelib.calls.types import Call, CallEvent, Credit, Direction
from chalicelib.deals.types import Deal
from chalicelib.visits.channels import CHANNELS
from chalicelib.visits.types import Source, Touch

HUNDRED = Decimal(100)


class Chapter(StrEnum):
    """The chapters in their order."""

    WEBHOOKS = "What the carrier reported"
    CALL = "The call they make"
    LEASE = "Who had the number"
    TOUCHES = "What had brought the visitor"
    ANSWER = "What the caller says brought them"
    CREDIT = "Which source gets the call"
    DEALS = "What it brought"
    PROOF = "What proves it"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One link of the chain."""

    chapter: Chapter
    says: str
    at: datetime | None = None  # in the site's zone


@dataclass(frozen=True, slots=True)
class Story:
    """All that is explained about one call."""

    attributed: AttributedCall
    events: Sequence[tuple[datetime, CallEvent]]  # with the moment each was received
    credits: Sequence[Credit]
    model: str
    deals: Sequence[Deal]
    proved: ChainEntry | None  # the last entry of the call's day
    waiting: bool  # the day changed since and is yet to be closed
    answer: str | None = None  # the channel that the self-reported source is counted as


def explain(story: Story, zone: ZoneInfo) -> list[Sentence]:
    """Explain one call link by link, from webhooks to proof; moments are in `zone`."""
    attributed = story.attributed
    reported = self_reported_of(attributed, self_reported_by_call(story.deals))
    sentences = [
        *_webhooks(story.events),
        *_call(attributed.call),
        *_lease(attributed.evidence, shown_kind(attributed, reported)),
        *_touches(attributed.evidence),
        *_answer(story),
        *_credit(story),
        *_deals(story.deals),
        *_proof(story),
    ]
    return [Sentence(each.chapter, each.says, each.at.astimezone(zone) if each.at else None) for each in sentences]


def as_text(sentences: Iterable[Sentence]) -> str:
    """Write the sentences by chapter, each with its moment, for a terminal."""
    lines: list[str] = []
    chapter = None
    for each in sentences:
        if each.chapter is not chapter:
            lines += ["", each.chapter.value]
            chapter = each.chapter
        moment = each.at.strftime("%Y-%m-%d %H:%M:%S") if each.at else ""
        lines.append(f"  {moment:<19}  {each.says}")
    return "\n".join(lines[1:])


def _webhooks(events: Sequence[tuple[datetime, CallEvent]]) -> Iterator[Sentence]:
    for received, event in sorted(events, key=lambda each: (each[0], each[1].event_id)):
        what = "; ".join(_reported_by(event)) or "nothing that changes the call"
        yield Sentence(Chapter.WEBHOOKS, f"Event {event.event_id}: {what}.", received)


def _reported_by(event: CallEvent) -> Iterator[str]:
    if event.closing:
        yield "closed by us, because no event reported the end"
    if event.unread:
        yield f"stored as it came, because {event.unread}"
    if event.number:
        yield f"number {event.number}"
    moments = {"started": event.started_at, "rang": event.rang_at}
    moments |= {"answered": event.answered_at, "ended": event.ended_at}
    for what, moment in moments.items():
        if moment:
            yield f"{what} {moment:%H:%M:%S} UTC"
    if event.talk_seconds is not None:
        yield f"{event.talk_seconds} s of talk"
    if event.promo_code:
        yield f"promo code {event.promo_code} keyed"
    if event.status:
        yield f"status {event.status}"


def _call(call: Call) -> Iterator[Sentence]:
    outgoing = call.direction is Direction.OUT
    who = call.caller_masked or ("somebody who is erased" if call.caller_key else "a withheld number")
    line = f"{call.number or 'an unknown number'} rang {who}" if outgoing else f"{who} rang {call.number or 'us'}"
    yield Sentence(Chapter.CALL, f"{line}.", call.started_at)
    if call.answered_at and call.answered:
        by = f" by {call.answered_by}" if call.answered_by else ""
        yield Sentence(Chapter.CALL, f"Answered{by}, talked for {call.talk_seconds} s.", call.answered_at)
    ended = "no event reported the end" if call.end_missing else f"status {call.status}"
    cause = f", cause {call.hangup_cause}" if call.hangup_cause else ""
    yield Sentence(Chapter.CALL, f"It ended: {ended}{cause}.", call.ended_at)


def _lease(evidence: Evidence, kind: EvidenceKind) -> Iterator[Sentence]:
    if evidence.own_kind and evidence.own_why:
        yield Sentence(Chapter.LEASE, f"By itself ({evidence.own_kind}): {evidence.own_why}")
    if evidence.leased_at and evidence.expires_at:
        visitor = f"visitor {(evidence.visitor or 'erased')[:8]}"
        yield Sentence(Chapter.LEASE, f"The number was lent to {visitor}.", evidence.leased_at)
        yield Sentence(Chapter.LEASE, "That lease ended, or would have.", evidence.expires_at)
    if number := evidence.by_number:
        yield Sentence(Chapter.LEASE, f"By the called number alone ({number.kind}): {number.why}")
    if page := evidence.promo_page:
        yield Sentence(Chapter.LEASE, f"The keyed promo code was shown on {page.url.partition('?')[0]}.", page.at)
    yield Sentence(Chapter.LEASE, f"Certainty {kind}: {evidence.why}")
    for position, candidate in enumerate(evidence.candidates, 1):
        yield Sentence(Chapter.LEASE, f"Possible caller {position}: {_candidate(candidate)}.", candidate.shown_until)


def _candidate(candidate: Candidate) -> str:
    share = f"{_percent(candidate.share)} of the call"
    if candidate.visitor is None:
        return f"anybody else who had seen the number, {share}"
    delay = candidate.delay_seconds
    if delay is None:
        return f"visitor {candidate.visitor[:8]}, {share}"
    if candidate.called_at:
        return f"visitor {candidate.visitor[:8]}, {share}: the caller had called from this visit and dialled again"
    seen = "the number was on their page" if delay < 0 else f"they last saw the number {delay:.0f} s before the call"
    return f"visitor {candidate.visitor[:8]}, {share}: {seen}"


def _touches(evidence: Evidence) -> Iterator[Sentence]:
    if not evidence.touches and not any(each.touches for each in evidence.candidates):
        yield Sentence(Chapter.TOUCHES, "No arrival on the site is known.")
    shared = len(evidence.candidates) > 1
    paths = [each.touches for each in evidence.candidates] if shared else [evidence.touches]
    for number, touches in enumerate(paths, 1):
        for touch in touches:
            whose = f"Possible caller {number}: " if shared else ""
            yield Sentence(Chapter.TOUCHES, f"{whose}{_touch(touch)}.", touch.at)
    for earlier in evidence.earlier:
        yield Sentence(
            Chapter.TOUCHES, f"An earlier call of this caller, {earlier.call_id} ({earlier.kind}).", earlier.started_at
        )


def _touch(touch: Touch) -> str:
    page = f", on {touch.url.partition('?')[0]}" if touch.url else ""
    return f"{named(touch.source)}{page}"


def _answer(story: Story) -> Iterator[Sentence]:
    """Yield what the caller said, beside what was measured."""
    reported = self_reported_of(story.attributed, self_reported_by_call(story.deals))
    if reported is None:
        return
    words = "words that are erased" if reported.answer is None else f"“{reported.answer}”"
    means = SELF_REPORTED_CHANNELS.get(story.answer or "", story.answer) or ""
    by = "noted with the call" if story.attributed.self_reported else "reported by the CRM"
    heaviest = max(story.credits, key=lambda credit: credit.weight, default=None)
    measured = f" Measured was {named(heaviest.source)}." if heaviest else ""
    yield Sentence(
        Chapter.ANSWER,
        f"{words[0].upper()}{words[1:]}: {means}, {by}. It changes no credit.{measured}",
        reported.told_at,
    )


def _credit(story: Story) -> Iterator[Sentence]:
    if story.attributed.call.direction is Direction.OUT:
        yield Sentence(Chapter.CREDIT, "None: the business rang.")
        return
    for credit in story.credits:
        yield Sentence(Chapter.CREDIT, f"{_percent(credit.weight)} {named(credit.source)}, by the model {story.model}.")


def _deals(deals: Sequence[Deal]) -> Iterator[Sentence]:
    if not deals:
        yield Sentence(Chapter.DEALS, "No deal is joined to the call.")
    for deal in deals:
        profit = "" if deal.gross_profit is None else f", gross profit {deal.gross_profit}"
        money = f", {deal.amount} {deal.currency}{profit}" if deal.amount else ""
        joined = f", joined by {deal.joined_by.replace('_', ' ')}" if deal.joined_by else ""
        yield Sentence(
            Chapter.DEALS, f"Deal {deal.external_id} of {deal.source}: {deal.status}{money}{joined}.", deal.outcome_at
        )


def _proof(story: Story) -> Iterator[Sentence]:
    if story.proved is None:
        yield Sentence(Chapter.PROOF, "The day is not closed yet, so nothing is proved.")
        return
    entry = story.proved
    says = f"Entry {entry.sequence} of the site's chain proves {entry.day}, with root {entry.root[:16]}…"
    yield Sentence(Chapter.PROOF, says, entry.written_at)
    if story.waiting:
        yield Sentence(Chapter.PROOF, "The day has changed since and will be closed again within minutes.")


def named(source: Source) -> str:
    """Name a source for people: its channel, then what is known of it."""
    channel = CHANNELS.get(source.channel, source.channel)
    parts = {"": source.source, "campaign ": source.campaign, "keyword ": source.keyword, "creative ": source.creative}
    return ", ".join([channel, *(f"{what}{value}" for what, value in parts.items() if value)])


def _percent(share: Decimal) -> str:
    return f"{(share * HUNDRED).quantize(Decimal('0.1')).normalize():f} %"
