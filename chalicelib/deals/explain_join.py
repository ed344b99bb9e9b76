"""Explain in sentences what a deal comes from and why. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from chalicelib.contacts.types import ContactKind
from chalicelib.deals.join_rules import ORDER, Origin, Tie
from chalicelib.deals.types import Deal

KINDS = {
    "call": "the call",
    ContactKind.FORM: "the form",
    ContactKind.CHAT: "the chat",
    ContactKind.EMAIL_CLICK: "the e-mail click",
    ContactKind.VISIT: "the visit",
    ContactKind.PROMO_REPORTED: "the page view with the promo code",
}
BECAUSE = {
    Tie.HAND: "a person said so",
    Tie.CALL_ID: "the CRM named this very call",
    Tie.VISITOR_ID: "the CRM named its visitor",
    Tie.PROMO_CODE: "the CRM sent the promo code that was shown there",
    Tie.PHONE: "it has the deal's telephone number",
    Tie.DEAL: "another deal with the same number comes from there",
}


@dataclass(frozen=True, slots=True)
class OtherOrigin:
    """Another possible origin of the deal, and why it was not chosen."""

    origin: Origin
    says: str


@dataclass(frozen=True, slots=True)
class JoinStory:
    """How a deal was joined: one sentence, and the other origins, the latest first."""

    says: str
    others: tuple[OtherOrigin, ...]


def explain_join(deal: Deal, origins: Sequence[Origin], zone: ZoneInfo) -> JoinStory:
    """Explain a deal's join. `origins` are all possible ones, the latest first; times are shown in `zone`."""
    own = _own(deal, origins) if deal.joined_by else None
    others = [each for each in _each_once(origins) if each.ids != (deal.call_id, deal.contact_id)]
    return JoinStory(
        _says(deal, own, zone), tuple(OtherOrigin(each, _why_not(deal, own, each, zone)) for each in others)
    )


def _own(deal: Deal, origins: Iterable[Origin]) -> Origin | None:
    here = [each for each in origins if each.ids == (deal.call_id, deal.contact_id)]
    return next((each for each in here if each.tie == deal.joined_by), here[0] if here else None)


def _each_once(origins: Iterable[Origin]) -> list[Origin]:
    """Return each origin once, with its surest tie: one call may be tied in several ways."""
    surest: dict[tuple[str | None, str | None], Origin] = {}
    for origin in origins:
        known = surest.get(origin.ids)
        if known is None or _rank(origin.tie) < _rank(known.tie):
            surest[origin.ids] = origin
    return list(surest.values())


def _says(deal: Deal, own: Origin | None, zone: ZoneInfo) -> str:
    decision = deal.decision
    if deal.joined_by is None:
        if decision:
            return f"A person took it apart on {_moment(decision.at, zone)}: it counts for no source, on its own day."
        return "Nothing ties it to a call or a contact: it counts for no source, on its own day."
    name = f"{KINDS.get(own.kind, own.kind)} of {_moment(own.started_at, zone)}" if own else "what it was joined to"
    if decision:
        return f"It comes from {name}: a person said so on {_moment(decision.at, zone)}."
    if own is None:
        return f"It comes from {name}; who that was is erased or forgotten, and the join stays."
    tie = Tie(deal.joined_by)
    said = f"It comes from {name}, because {BECAUSE[tie]}"
    if own.other:
        said += f" ({own.other})"
    if tie in (Tie.PHONE, Tie.VISITOR_ID, Tie.DEAL):
        said += ", the latest before the deal" if own.started_at <= deal.outcome_at else ", right after the deal"
    return f"{said}."


def _why_not(deal: Deal, own: Origin | None, other: Origin, zone: ZoneInfo) -> str:
    name = f"{KINDS.get(other.kind, other.kind)} of {_moment(other.started_at, zone)}".capitalize()
    tie = BECAUSE[other.tie]
    if deal.decision:
        why = "a person decided otherwise"
    elif own and _rank(Tie(deal.joined_by or own.tie)) < _rank(other.tie):
        why = "what ties the deal to the other one is surer"
    elif other.started_at > deal.outcome_at:
        why = "it came after the deal"
    else:
        why = "the other one came later"
    return f"{name}: {tie}, but {why}."


def _rank(tie: Tie) -> int:
    return next((rank for rank, ties in enumerate(ORDER) if tie in ties), -1)


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
