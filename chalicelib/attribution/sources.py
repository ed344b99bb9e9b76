"""Where an arrival came from: its URL's tags and click ids first, then its referrer. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from chalicelib.attribution.channels import UNPAID, channel_of
from chalicelib.attribution.referrers import Place, place_of_host, place_of_name
from chalicelib.attribution.types import Source

# Click id → who set it and what for. Facebook's and Instagram's are on unpaid links too, the rest on advertisements.
CLICK_IDS = {
    "gclid": Place("paid_search", "google"),
    "gbraid": Place("paid_search", "google"),
    "wbraid": Place("paid_search", "google"),
    "dclid": Place("display", "google"),
    "yclid": Place("paid_search", "yandex"),
    "ymclid": Place("classifieds", "yandex market"),
    "msclkid": Place("paid_search", "bing"),
    "vk_click": Place("paid_social", "vk"),
    "vkclid": Place("paid_social", "vk"),
    "rb_clickid": Place("paid_social", "vk"),
    "ttclid": Place("paid_social", "tiktok"),
    "twclid": Place("paid_social", "x"),
    "li_fat_id": Place("paid_social", "linkedin"),
    "epik": Place("paid_social", "pinterest"),
    "sccid": Place("paid_social", "snapchat"),
    "fbclid": Place("social", "facebook"),
    "igshid": Place("social", "instagram"),
}
MEDIUM_OF_CHANNEL = {
    "paid_search": "cpc",
    "paid_social": "cpc",
    "other_paid": "cpc",
    "display": "display",
    "organic_search": "organic",
    "direct": "",
}
SEARCH_WORDS = ("text", "q", "query", "p", "words")
MAX_VALUE = 500  # characters kept of one tag; what is longer was not written by a person
_HOST = re.compile(r"[\w.-]+")


def classify(url: str, referrer: str) -> Source:
    """The source of an arrival at `url` from `referrer`, as browsers give them. Never raises: the unreadable is absent.

    utm_source and utm_medium come out in lower case, so that `Yandex` and `yandex` are one row; the rest stays.
    """
    tags = _tags(url)
    click_name, click = _click(tags)
    click_id = f"{click_name}={tags[click_name]}" if click else None
    if tags.get("utm_source") or tags.get("utm_medium"):
        source, channel, medium = _tagged(tags, click, referrer)
    elif click and click.kind != "social":
        source, channel, medium = _named(click)
    else:
        source, channel, medium = _referred(url, referrer, click)
    keyword = tags.get("utm_term") or (_searched(referrer) if channel == "organic_search" else "")
    return Source(channel, source, medium, tags.get("utm_campaign", ""), keyword, tags.get("utm_content", ""), click_id)


def _tagged(tags: Mapping[str, str], click: Place | None, referrer: str) -> tuple[str, str, str]:
    source = tags.get("utm_source", "").lower() or (click.source if click else _host(referrer))
    medium = tags.get("utm_medium", "").lower()
    place = place_of_name(source)
    if click and not medium and click.kind != "social":
        return source, *_named(click)[1:]
    return source, channel_of(medium, place.kind if place else None), medium


def _named(place: Place) -> tuple[str, str, str]:
    channel = UNPAID.get(place.kind, "referral")
    return place.source, channel, MEDIUM_OF_CHANNEL.get(channel, channel)


def _referred(url: str, referrer: str, click: Place | None) -> tuple[str, str, str]:
    """By the referrer where it is known; a social network's click id speaks where the referrer does not."""
    host = _host(referrer)
    known = place_of_host(host, _split(referrer).path) or click
    if known:
        return _named(known)
    if not host or _site(host) == _site(_host(url)):
        return "", "direct", ""
    return _named(Place("referral", _site(host)))


def _searched(referrer: str) -> str:
    """The words searched for, in the few cases an engine still tells them."""
    asked = _query(_split(referrer).query)
    return next((asked[name] for name in SEARCH_WORDS if asked.get(name)), "")


def _click(tags: Mapping[str, str]) -> tuple[str, Place | None]:
    for name, place in CLICK_IDS.items():
        if tags.get(name):
            return name, place
    return "", None


def _tags(url: str) -> dict[str, str]:
    """The URL's parameters by name in lower case; some builders put them behind the `#`."""
    parts = _split(url)
    return _query(parts.fragment.rpartition("?")[2]) | _query(parts.query)


def _query(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in re.split("[&;]", text)[:200]:
        name, mark, value = pair.partition("=")
        if mark and value:
            found.setdefault(_text(name).lower(), _text(value)[:MAX_VALUE])
    return found


def _text(escaped: str) -> str:
    """A URL's escapes as text; old pages write Windows-1251."""
    raw = unquote_to_bytes(escaped.replace("+", " "))
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return raw.decode("cp1251", "replace").strip()


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # a bracket out of place
        return urlsplit("")


def _host(url: str) -> str:
    host = (_split(url).hostname or "").rstrip(".")
    return host if _HOST.fullmatch(host) else ""


def _site(host: str) -> str:
    return host.removeprefix("www.").removeprefix("m.")
