"""Single values a person writes: each check answers the value in its one form or raises BadInput naming the field."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from chalicelib.api.currencies import CURRENCIES
from chalicelib.attribution.models import model_of
from chalicelib.calls import self_reported_words
from chalicelib.core.errors import BadInput
from chalicelib.core.money import parse_currency
from chalicelib.core.phone import parse_phone
from chalicelib.registry.types import Answering

MOST_PHRASES, MOST_WORDS, MOST_LETTERS = 50, 10, 200
MOST_SPOKEN = 200  # characters: an endpoint's own text is in its URL
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


def time_zone(text: str, field: str) -> str:
    """Return an IANA name, as `Europe/Moscow`. Raises BadInput, as all here."""
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):  # unknown, malformed, a directory
        raise BadInput(field, "not an IANA time zone such as Europe/Moscow") from None


def currency(text: str, field: str) -> str:
    """Return a current ISO 4217 code in capitals."""
    code = parse_currency(text, field=field)
    if code not in CURRENCIES:
        raise BadInput(field, "not an ISO 4217 currency in use")
    return code


def country(text: str, field: str) -> str:
    """Return an ISO 3166 alpha-2 code in capitals, of a country with a telephone plan."""
    import phonenumbers  # 41 ms: only who sets up a site pays

    code = text.strip().upper()
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise BadInput(field, "not an ISO 3166 two-letter country code")
    return code


def phone(text: str, field: str, country: str) -> str:
    """Return a number as E.164; `country` is assumed where no prefix says otherwise."""
    return parse_phone(text, country=country, field=field).e164


def origins(texts: Iterable[str], field: str) -> tuple[str, ...]:
    """Return web origins in lower case, each once: scheme, host and perhaps a port, nothing behind."""
    return tuple(dict.fromkeys(_origin(text, f"{field}[{place}]") for place, text in enumerate(texts)))


def model(text: str, field: str) -> str:
    """Return the canonical spec of an attribution model: `time_decay` is `time_decay:7d`."""
    return model_of(text, field).spec


def answering(value: Answering, field: str) -> Answering:
    """Check how calls are put through: within what carriers take, and in texts that their markup can hold."""
    if not 5 <= value.ring_seconds <= 120:
        raise BadInput(f"{field}.ring_seconds", "not from 5 to 120")
    for name in ("announcement", "whisper"):
        _spoken(getattr(value, name), f"{field}.{name}")
    if value.language is not None and not _LANGUAGE.fullmatch(value.language):
        raise BadInput(f"{field}.language", "not a language such as ru-RU")
    return value


def _spoken(text: str | None, field: str) -> None:
    """Check a text to speak, or the https URL of a sound: the endpoint's URL and a carrier's XML must hold it."""
    if text is None:
        return
    if not text.strip() or len(text) > MOST_SPOKEN or not text.isprintable():
        raise BadInput(field, f"not a text of 1 to {MOST_SPOKEN} characters in one line")
    if "://" in text and not (text.startswith("https://") and " " not in text and urlsplit(text).hostname):
        raise BadInput(field, "a sound needs an https:// URL")


def flag(text: str | None, field: str) -> bool:
    """Read an argument that is `true` or `false`; false where it was not given."""
    if text not in (None, "true", "false"):
        raise BadInput(field, "not true or false")
    return text == "true"


def one_of(text: str, field: str, known: Iterable[str]) -> str:
    """Check that a text is one of the `known` names."""
    names = sorted(known)
    if text not in names:
        raise BadInput(field, f"not one of {', '.join(names)}")
    return text


def channel(text: str, field: str) -> str:
    """Return a channel of ours, by key or name, or one the account names itself."""
    name = self_reported_words.self_reported_channel_named(text)
    if not 1 <= len(name) <= 60:
        raise BadInput(field, "not a name of 1 to 60 characters")
    if name in self_reported_words.NOT_ADVERTISED:
        raise BadInput(field, "is what callers say of themselves: no advertising has it")
    return name


def self_reported_channel(text: str, field: str) -> str:
    """Return what an answer may mean: a channel, or what only callers say."""
    key = self_reported_words.self_reported_channel_named(text)
    return key if key in self_reported_words.NOT_ADVERTISED else channel(key, field)


def phrases(texts: Iterable[str], field: str) -> tuple[str, ...]:
    """Return phrases to look for in transcripts, each once: up to 50 of up to ten words."""
    from chalicelib.recordings.transcripts.phrases import normal

    found: dict[tuple[str, ...], str] = {}
    for place, text in enumerate(texts):
        words = tuple(normal(text))
        if not 1 <= len(words) <= MOST_WORDS or len(text) > MOST_LETTERS:
            raise BadInput(f"{field}[{place}]", f"not a phrase of 1 to {MOST_WORDS} words")
        found.setdefault(words, text.strip())
    if len(found) > MOST_PHRASES:
        raise BadInput(field, f"more than {MOST_PHRASES} phrases")
    return tuple(found.values())


def _origin(text: str, field: str) -> str:
    candidate = text.strip().lower().rstrip("/")
    try:
        host = (urlsplit(candidate).hostname or "").encode("idna").decode()
        port = urlsplit(candidate).port
    except (ValueError, UnicodeError):
        raise BadInput(field, "not an origin such as https://shop.example") from None
    # Browsers send the punycode form of a host in other letters.
    origin = f"{urlsplit(candidate).scheme}://{host}" + (f":{port}" if port else "")
    if not _ORIGIN.fullmatch(origin) or urlsplit(candidate).path:
        raise BadInput(field, "not an origin such as https://shop.example")
    return origin
