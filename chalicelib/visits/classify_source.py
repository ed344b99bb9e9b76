"""Where an arrival came from: its URL's tags and click ids first, then its referrer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from chalicelib.visits import landing_url
from chalicelib.visits.channels import PAID, UNPAID, channel_of
from chalicelib.visits.referrers import (
    KnownSource,
    is_paid_name,
    is_passage,
    known_source_of_host,
    known_source_of_name,
)
from chalicelib.visits.tracking_tags import ids_in, marker_of
from chalicelib.visits.types import Source

# Click id → who set it and what for. Those of UNPAID_CLICKS are also on links nobody paid for: any known referrer
# decides before them.
CLICK_IDS = {
    "gclid": KnownSource("paid_search", "google"),
    "gbraid": KnownSource("paid_search", "google"),
    "wbraid": KnownSource("paid_search", "google"),
    "dclid": KnownSource("display", "google"),
    "yclid": KnownSource("paid_search", "yandex"),
    "ymclid": KnownSource("classifieds", "yandex market"),
    "msclkid": KnownSource("paid_search", "bing"),
    "vk_click": KnownSource("paid_social", "vk"),
    "vkclid": KnownSource("paid_social", "vk"),
    "rb_clickid": KnownSource("paid_social", "vk"),
    "ttclid": KnownSource("paid_social", "tiktok"),
    "twclid": KnownSource("paid_social", "x"),
    "li_fat_id": KnownSource("paid_social", "linkedin"),
    "epik": KnownSource("paid_social", "pinterest"),
    "sccid": KnownSource("paid_social", "snapchat"),
    "rdt_cid": KnownSource("paid_social", "reddit"),
    "gad_campaignid": KnownSource("paid_search", "google"),
    "gad_source": KnownSource("paid_search", "google"),
    "admitad_uid": KnownSource("paid", "admitad"),
    "fbclid": KnownSource("social", "facebook"),
    "igshid": KnownSource("social", "instagram"),
    "igsh": KnownSource("social", "instagram"),
    "ysclid": KnownSource("search", "yandex"),
    "srsltid": KnownSource("search", "google"),
    "tgwebappversion": KnownSource("messenger", "telegram"),
    "vk_app_id": KnownSource("social", "vk"),
    "mc_cid": KnownSource("email", "mailchimp"),
    "_hsenc": KnownSource("email", "hubspot"),
}
UNPAID_CLICKS = frozenset({"social", "search", "messenger", "email"})  # kinds of known sources
NOT_A_CLICK = frozenset({"gad_campaignid", "gad_source", "tgwebappversion", "vk_app_id", "_hsenc"})
MEDIUM_OF_CHANNEL = {
    "paid_search": "cpc",
    "paid_social": "cpc",
    "other_paid": "cpc",
    "display": "display",
    "organic_search": "organic",
    "direct": "",
}
SEARCH_WORDS = ("text", "q", "query", "p", "words")
ORIGIN_NAMES = ("from", "ref", "source", "src")  # what people write instead of utm_source; believed where known


class Basis(StrEnum):
    """What decided a source."""

    TAGS = "the link's utm tags"
    CLICK_ID = "the link's click id"
    MARKER = "another tracking system's tag in the link"
    REFERRER = "the referrer"
    ORIGIN_NAME = "a parameter such as `from` that names a known place"
    PASSAGE = "the referrer is a page people only pass through (payment, sign-in)"
    OWN_SITE = "the referrer is the website itself"
    NOTHING = "neither tags nor a referrer"


class Arrival(NamedTuple):
    """A source and what decided it."""

    source: Source
    basis: Basis

    @property
    def continues(self) -> bool:
        """Whether the visitor was here already: they come back from paying, signing in, or our other pages."""
        return self.basis in (Basis.PASSAGE, Basis.OWN_SITE)


class _Found(NamedTuple):
    source: str
    channel: str
    medium: str
    basis: Basis


def classify(url: str, referrer: str, own_hosts: Iterable[str] = ()) -> Source:
    """Return the source of an arrival at `url` from `referrer`, as browsers give them.

    Never raises: what cannot be read counts as absent. utm_source and utm_medium are in lower case, so that `Yandex`
    and `yandex` are one row; the rest stays.
    `own_hosts` are further hosts of the same website.
    """
    return arrival_of(url, referrer, own_hosts).source


def arrival_of(url: str, referrer: str, own_hosts: Iterable[str] = ()) -> Arrival:
    """Return what `classify` does, with what decided it."""
    tags = landing_url.tags_of(url)
    own = (landing_url.host_of(url), *own_hosts)
    if tags.get("utm_referrer") and _is_own(landing_url.host_of(referrer), own):
        referrer = tags["utm_referrer"]  # a redirect's way of handing on the referrer it would hide
    click_name, click = _click(tags)
    marker = marker_of(tags)
    if tags.get("utm_source") or tags.get("utm_medium"):
        found = _tagged(tags, click, referrer)
    elif click and click.kind not in UNPAID_CLICKS:
        found = _Found(*_named(click), Basis.CLICK_ID)
    elif marker and marker.platform:
        found = _Found(*_named(marker.platform), Basis.MARKER)
    else:
        found = _referred(tags, referrer, own, click)
    words = _searched(referrer) if found.channel == "organic_search" else ""
    ids = ids_in(tags.get("utm_content", ""))
    source = Source(
        channel=found.channel,
        source=found.source,
        medium=found.medium,
        campaign=_first(tags.get("utm_campaign"), marker and marker.campaign, ids.get("campaign"), *_google(tags)),
        keyword=_first(tags.get("utm_term"), marker and marker.keyword, words),
        creative=_first(ids.get("creative"), tags.get("utm_content"), marker and marker.creative),
        click_id=f"{click_name}={tags[click_name]}" if click and click_name not in NOT_A_CLICK else None,
    )
    return Arrival(source, found.basis)


def _tagged(tags: Mapping[str, str], click: KnownSource | None, referrer: str) -> _Found:
    source = tags.get("utm_source", "").lower() or (click.source if click else landing_url.host_of(referrer))
    medium = tags.get("utm_medium", "").lower()
    known = known_source_of_name(source)
    if click and not medium and click.kind not in UNPAID_CLICKS:
        return _Found(source, *_named(click)[1:], Basis.TAGS)
    if known and not medium and (is_paid_name(source) or tags.get("erid")):
        return _Found(source, PAID.get(known.kind, "other_paid"), medium, Basis.TAGS)
    return _Found(source, channel_of(medium, known.kind if known else None), medium, Basis.TAGS)


def _named(known: KnownSource) -> tuple[str, str, str]:
    channel = UNPAID.get(known.kind, "referral")
    return known.source, channel, MEDIUM_OF_CHANNEL.get(channel, channel)


def _referred(tags: Mapping[str, str], referrer: str, own: Iterable[str], click: KnownSource | None) -> _Found:
    """Classify by the referrer where it is known, else by an unpaid click id or a parameter."""
    host = landing_url.host_of(referrer)
    ours = _is_own(host, own)
    known = None if ours else known_source_of_host(host, landing_url.split(referrer).path)
    if known:
        return _Found(*_paid_or_not(known, tags), Basis.REFERRER)
    if click:
        return _Found(*_named(click), Basis.CLICK_ID)
    if host and not ours and not is_passage(host):
        return _Found(*_paid_or_not(KnownSource("referral", landing_url.site_of(host)), tags), Basis.REFERRER)
    names = (tags.get(name, "").lower() for name in ORIGIN_NAMES)
    named = next(filter(None, map(known_source_of_name, names)), None)
    if named:
        return _Found(*_paid_or_not(named, tags), Basis.ORIGIN_NAME)
    return _Found("", "direct", "", Basis.NOTHING if not host else Basis.OWN_SITE if ours else Basis.PASSAGE)


def _paid_or_not(known: KnownSource, tags: Mapping[str, str]) -> tuple[str, str, str]:
    """Return (source, channel, medium); a link with `erid`, the mark of advertisements in Russian law, was paid for."""
    if not tags.get("erid"):
        return _named(known)
    channel = PAID.get(known.kind, "other_paid")
    return known.source, channel, MEDIUM_OF_CHANNEL.get(channel, channel)


def _is_own(host: str, own: Iterable[str]) -> bool:
    return not host or any(landing_url.same_site(host, other) for other in own)


def _searched(referrer: str) -> str:
    """Return the words searched for, in the few cases an engine still sends them."""
    asked = landing_url.query_of(referrer)
    words = next((asked[name] for name in SEARCH_WORDS if asked.get(name)), "")
    return "" if words.startswith(("http://", "https://")) else words  # of a redirect: where it leads


def _google(tags: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(tags[name] for name in ("gad_campaignid", "campaign_id", "campaignid") if tags.get(name))


def _first(*texts: str | None) -> str:
    return next((text for text in texts if text), "")


def _click(tags: Mapping[str, str]) -> tuple[str, KnownSource | None]:
    for name, known in CLICK_IDS.items():
        if tags.get(name):
            return name, known
    return "", None
