"""The message about one call that destinations receive: for machines and for people."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from chalicelib.attribution.credit import credit_of
from chalicelib.attribution.load_rulebook import load_rulebook
from chalicelib.calls import callers
from chalicelib.calls.evidence import AttributedCall, Evidence, as_builtins
from chalicelib.calls.types import Credit
from chalicelib.delivery.alerts import Alert, AlertKind, kind_of, wanted
from chalicelib.delivery.destinations import ALERTS, calls_of
from chalicelib.recordings.recording_links import shown_recordings
from chalicelib.registry.types import Destination, Site

STALE = timedelta(hours=24)  # no alert is sent for a call so old: it came late, through an outage


class CallMessage:
    """A call with what is sent of it; what takes a read is read once, by the first destination that wants it."""

    def __init__(self, attributed: AttributedCall, site: Site, now: datetime, news: str | None = None) -> None:
        """Make the message; `news` is the id of a recording that is stored now: only those who want it receive it."""
        self.attributed, self.site, self.now, self.news = attributed, site, now, news

    def is_for(self, receiver: Destination) -> bool:
        """Return whether a destination wants it. People receive no recording, and no call whose end is missing."""
        call = self.attributed.call
        if receiver.kind in ALERTS and (
            self.news or call.end_missing or self.now - (call.ended_at or call.started_at) > STALE
        ):
            return False
        if self.news and receiver.options.get("recordings") != "yes":
            return False
        return wanted(calls_of(receiver.kind, receiver.options), call)

    @cached_property
    def caller(self) -> str | None:
        """Return the caller's number in E.164: decrypted only here on the way to a destination."""
        return callers.open_caller(self.attributed.call)

    @cached_property
    def credit(self) -> Credit:
        """Return the heaviest part of the call's credit, whose source is in the message."""
        parts = credit_of(self.attributed, self.site, load_rulebook(self.site, self.now))
        return max(parts, key=lambda credit: credit.weight)

    @cached_property
    def payload(self) -> dict[str, Any]:
        """Return {"site", "call", "evidence", "source", "landing_page", "recordings"}.

        Besides, "alert": "missed" where nobody answered a customer, or "recording", the id of a new one. The caller's
        number is null where it was withheld or is erased.
        """
        call = self.attributed.call
        sent = {
            "site": {"site_id": self.site.site_id, "name": self.site.name},
            "call": {name: value for name, value in _plain(call).items() if name != "caller_sealed"}
            | {"caller": self.caller, "variables": dict(call.variables)}
            | {"answered": call.answered, "day": str(self.attributed.day)},
            "evidence": as_builtins(_brief(self.attributed.evidence), AS_THEY_ARE),
            "source": _plain(self.credit.source),
            "landing_page": self.credit.landing_page,
            "recordings": shown_recordings(self.attributed.recordings, self.attributed.transcripts),
        }
        if self.news:
            return sent | {"recording": self.news}
        return sent | {"alert": "missed"} if kind_of(call) is AlertKind.MISSED else sent

    @cached_property
    def alert(self) -> Alert:
        """Return the same for people."""
        call = self.attributed.call
        return Alert(
            kind=kind_of(call),
            site_name=self.site.name,
            time_zone=self.site.time_zone,
            caller=self.caller,
            number=call.number,
            started_at=call.started_at,
            ring_seconds=call.ring_seconds,
            talk_seconds=call.talk_seconds,
            answered_by=call.answered_by,
            source=self.credit.source,
            landing_page=self.credit.landing_page,
        )


AS_THEY_ARE = (datetime, date, Decimal)


def _brief(evidence: Evidence) -> Evidence:
    """Return the evidence without other people's touches: those of candidates and earlier calls are not sent.

    Nor is the visitor that the called number led to, where a promo code says more.
    """
    candidates = tuple(replace(each, touches=()) for each in evidence.candidates)
    return replace(evidence, earlier=(), by_number=None, candidates=candidates)


def _plain(value: Struct) -> dict[str, Any]:
    """Return a value, and all it is made of, as dicts; times and decimals stay what they are."""
    plain: dict[str, Any] = to_builtins(value, builtin_types=AS_THEY_ARE)
    return plain
