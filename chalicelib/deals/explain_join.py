"""Why a deal comes from where it does, in sentences for a person. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from chalicelib.deals.join_rules import ORDER, Origin, Tie
from chalicelib.deals.types import Deal

KINDS = {
    "call": "the call",
    "form": "the form",
    "chat": "the chat",
    "email_click": "the e-mail click",
    "visit": "the visit",
    "promo_told": "the page view with the promo code",
}
BECAUSE = {
    Tie.HAND: "a person said so",
    Tie.CALL_ID: "the CRM named this very call",
    Tie.VISITOR_ID: "the CRM named its visitor",
    Tie.PROMO_CODE: "the CRM told the promo code that was shown there",
    Tie.PHONE: "it has the deal's telephone number",
    Tie.DEAL: "another deal with the same number comes from there",
}


@dataclass(frozen=True, slots=True)
class OtherOrigin:
    """What else the deal might have come from, and why it does not."""

    origin: Origin
    says: str


@dataclass(frozen=True, slots=True)
class JoinStory:
    """How a deal was joined: one sentence, and the other origins, the latest first."""

    says: str
    others: tuple[OtherOrigin, ...]


def told(deal: Deal, origins: Sequence[Origin], zone: ZoneInfo) -> JoinStory:
    """The story of a deal. `origins` are all that come into question, the latest first; moments are of `zone`."""
    own = _own(deal, origins) if deal.joined_by else None
    others = [each for each in _each_once(origins) if each.place != (deal.call_id, deal.contact_id)]
    return JoinStory(
        _says(deal, own, zone), tuple(OtherOrigin(each, _why_not(deal, own, each, zone)) for each in others)
    )


def _own(deal: Deal, origins: Iterable[Origin]) -> Origin | None:
    here = [each for each in origins if each.place == (deal.call_id, deal.contact_id)]
    return next((each for each in here if each.tie == deal.joined_by), here[0] if here else None)


def _each_once(origins: Iterable[Origin]) -> list[Origin]:
    """One call may be tied in several ways: the surest stands for it."""
    surest: dict[tuple[str | None, str | None], Origin] = {}
    for origin in origins:
        known = surest.get(origin.place)
        if known is None or _rank(origin.tie) < _rank(known.tie):
            surest[origin.place] = origin
    return list(surest.values())


def _says(deal: Deal, own: Origin | None, zone: ZoneInfo) -> str:
    decision = deal.decision
    if deal.joined_by is None:
        if decision:
            return f"A person took it apart on {_moment(decision.at, zone)}: it counts for no source, on its own day."
        return "Nothing ties it to a call or a contact: it counts for no source, on its own day."
    place = f"{KINDS.get(own.kind, own.kind)} of {_moment(own.started_at, zone)}" if own else "what it was joined to"
    if decision:
        return f"It comes from {place}: a person said so on {_moment(decision.at, zone)}."
    if own is None:
        return f"It comes from {place}; who that was is erased or forgotten, and the join stays."
    tie = Tie(deal.joined_by)
    said = f"It comes from {place}, because {BECAUSE[tie]}"
    if own.other:
        said += f" ({own.other})"
    if tie in (Tie.PHONE, Tie.VISITOR_ID, Tie.DEAL):
        said += ", the latest before the deal" if own.started_at <= deal.outcome_at else ", right after the deal"
    return f"{said}."


def _why_not(deal: Deal, own: Origin | None, other: Origin, zone: ZoneInfo) -> str:
    place = f"{KINDS.get(other.kind, other.kind)} of {_moment(other.started_at, zone)}".capitalize()
    tie = BECAUSE[other.tie]
    if deal.decision:
        why = "a person decided otherwise"
    elif own and _rank(Tie(deal.joined_by or own.tie)) < _rank(other.tie):
        why = "what ties the deal to the other one is surer"
    elif other.started_at > deal.outcome_at:
        why = "it came after the deal"
    else:
        why = "the other one came later"
    return f"{place}: {tie}, but {why}."


def _rank(tie: Tie) -> int:
    return next((place for place, ties in enumerate(ORDER) if tie in ties), -1)


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
