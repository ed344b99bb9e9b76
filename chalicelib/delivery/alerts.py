"""Alerts: what people receive about a call, as facts and as text in their language. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from html import escape
from zoneinfo import ZoneInfo

from msgspec import Struct

from chalicelib.calls.types import Call, Direction
from chalicelib.delivery.alert_texts import WORDS
from chalicelib.visits.channels import CHANNELS
from chalicelib.visits.types import Source

MAX_VALUE = 200  # characters of one value: a keyword or a landing page may be of any length
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]+")


class Calls(StrEnum):
    """Which calls a destination wants. Missed and answered calls are a customer's; an outgoing call is neither."""

    ALL = "all"
    MISSED = "missed"
    ANSWERED = "answered"


class AlertKind(StrEnum):
    """What an alert is about."""

    MISSED = "missed"
    ANSWERED = "answered"
    OUTGOING = "outgoing"
    STORM = "storm"  # so many at once that the others of this minute are not reported one by one


class Alert(Struct, frozen=True):
    """One call as a person needs it to call back: who, when, which number, and what had brought the caller."""

    kind: AlertKind
    site_name: str
    time_zone: str
    caller: str | None  # E.164; None: withheld or erased
    number: str | None  # E.164 of the tracking number
    started_at: datetime
    ring_seconds: int | None
    talk_seconds: int
    answered_by: str | None
    source: Source
    landing_page: str


class Message(Struct, frozen=True):
    """An alert in words: one line above, and labelled values."""

    subject: str
    lines: tuple[tuple[str, str], ...]

    @property
    def plain(self) -> str:
        """Return the body of a plain e-mail."""
        return "\n".join([self.subject, "", *(f"{label}: {value}" for label, value in self.lines)]) + "\n"

    @property
    def page(self) -> str:
        """Return the body of an HTML e-mail. Every value is escaped: keywords and pages are written by strangers."""
        cells = "".join(
            f"<tr><th align=left>{escape(label)}</th><td>{escape(value)}</td></tr>" for label, value in self.lines
        )
        return f"<!doctype html><html><body><h3>{escape(self.subject)}</h3><table>{cells}</table></body></html>"

    @property
    def telegram(self) -> str:
        """Return the text of a Telegram message whose parse mode is HTML."""
        values = (f"{escape(label, quote=False)}: {escape(value, quote=False)}" for label, value in self.lines)
        return "\n".join([f"<b>{escape(self.subject, quote=False)}</b>", *values])


def kind_of(call: Call) -> AlertKind:
    """Return what an alert is about. Missed: a customer called and nobody talked to them, for any status."""
    if call.direction is Direction.OUT:
        return AlertKind.OUTGOING
    return AlertKind.ANSWERED if call.answered else AlertKind.MISSED


def wanted(calls: Calls, call: Call) -> bool:
    """Return whether a destination that wants these calls wants this one."""
    return calls is Calls.ALL or kind_of(call).value == calls.value


def message(alert: Alert, language: str) -> Message:
    """Write an alert in a language of WORDS."""
    words = WORDS[language]
    if alert.kind is AlertKind.STORM:
        return Message(_clipped(words["storm"].format(site=alert.site_name)), ((words["note"], words["storm_note"]),))
    caller = alert.caller or words["withheld"]
    subject = words[alert.kind].format(caller=caller, site=alert.site_name)
    source, seconds = alert.source, words["seconds"]
    rang = seconds.format(alert.ring_seconds) if alert.ring_seconds is not None else ""
    values = {
        "caller": caller,
        "number": alert.number or "",
        "when": alert.started_at.astimezone(ZoneInfo(alert.time_zone)).strftime("%d.%m.%Y %H:%M:%S %Z"),
        "rang": rang,
        "talked": seconds.format(alert.talk_seconds) if alert.talk_seconds else "",
        "answered_by": alert.answered_by or "",
        "channel": words.get(f"channel_{source.channel}", CHANNELS.get(source.channel, source.channel)),
        "source": " / ".join(part for part in (source.source, source.medium) if part),
        "campaign": source.campaign,
        "keyword": source.keyword,
        "creative": source.creative,
        "landing_page": alert.landing_page,
    }
    lines = ((words[name], _clipped(value)) for name, value in values.items() if value)
    return Message(_clipped(subject), tuple(lines))


def _clipped(text: str) -> str:
    """Return one line of at most MAX_VALUE characters, without what would break it or turn the text around."""
    line = " ".join(_UNPRINTABLE.sub(" ", text).split())
    return line if len(line) <= MAX_VALUE else line[: MAX_VALUE - 1] + "…"
