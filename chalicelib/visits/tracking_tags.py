"""Tags of other tracking systems, read where nobody wrote utm: `_openstat`, Roistat's, Calltouch's, K50's. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.visits.referrers import Place, place_of_host, place_of_name

# The platform a marker begins with → where such a click was bought.
_PLATFORMS = {
    "direct": Place("paid_search", "yandex"),
    "yd": Place("paid_search", "yandex"),
    "yandex": Place("paid_search", "yandex"),
    "google": Place("paid_search", "google"),
    "ga": Place("paid_search", "google"),
    "adwords": Place("paid_search", "google"),
    "market": Place("classifieds", "yandex market"),
    "avito": Place("classifieds", "avito"),
    "vk": Place("paid_social", "vk"),
    "vkads": Place("paid_social", "vk"),
    "mytarget": Place("paid_social", "mytarget"),
    "facebook": Place("paid_social", "facebook"),
    "tiktok": Place("paid_social", "tiktok"),
}
_PLATFORM = re.compile(r"([a-z]+)(\d*)(?=[_:]|$)", re.IGNORECASE)
_CALLTOUCH = re.compile(r"(?:^|_)(c|ad):(\d+)")
_NAMED_ID = re.compile(r"(?:^|[|_;])(cid|campaign_id|aid|ad_id)[|:=_](\d{4,})(?=[|_;]|$)")  # K50: cid|59…|gid|1|aid|72…
_AD_NETWORKS = frozenset({"context", "d", "content"})  # as Direct and Google name their networks of partner sites


class Marker(NamedTuple):
    """What a marker tells: where the click was bought, and ids of the campaign and the advertisement; empty: untold."""

    place: Place | None
    campaign: str
    creative: str
    keyword: str = ""


def marker_of(tags: Mapping[str, str]) -> Marker | None:
    """The first marker among an address's tags, or None."""
    for name, read in (("_openstat", _openstat), ("calltouch_tm", _calltouch), ("roistat", _roistat), ("rs", _roistat)):
        if tags.get(name) and (found := read(tags[name])):
            return found
    return None


def ids_in(text: str) -> dict[str, str]:
    """Ids that a `utm_content` such as K50's names: `{"campaign": …, "creative": …}`, what there is."""
    names = {"cid": "campaign", "campaign_id": "campaign", "aid": "creative", "ad_id": "creative"}
    return {names[name]: told for name, told in _NAMED_ID.findall(text.lower())}


def _openstat(text: str) -> Marker | None:
    """`service;campaign;advertisement;place`, in clear or as URL-safe base64."""
    parts = (text if ";" in text else _from_base64(text)).split(";")
    if len(parts) < 4:
        return None
    service = parts[0].strip().lower()
    place = _PLATFORMS.get(service.partition(".")[0]) or place_of_host(service, "") or Place("paid", service)
    return Marker(place, parts[1].strip(), parts[2].strip()) if service else None


def _roistat(text: str) -> Marker | None:
    """`direct4_{network}_{group}_{advertisement}_{keyword}`; without a platform we know, a source of its own name."""
    parts = text.split("_")
    place = _platform(parts[0])
    if place is None:
        known = place_of_name(parts[0].lower())
        return Marker(known, "", "") if known else None
    if place.kind == "paid_search" and len(parts) > 1 and parts[1].lower() in _AD_NETWORKS:
        place = Place("display", place.source)
    ids = [part for part in parts[2:] if part.isdigit()]
    words = [part for part in parts[2:] if part and not part.isdigit()]
    return Marker(place, "", ids[-1] if ids else "", words[-1] if words else "")


def _calltouch(text: str) -> Marker | None:
    """`yd_c:{campaign}_gb:{group}_ad:{advertisement}_…`."""
    place = _platform(text)
    ids = dict(_CALLTOUCH.findall(text.lower()))
    return Marker(place, ids.get("c", ""), ids.get("ad", "")) if place and ids else None


def _platform(text: str) -> Place | None:
    """The platform a marker begins with. A network's own name is a post of ours there, with a number (`vk4`) an ad."""
    found = _PLATFORM.match(text)
    place = _PLATFORMS.get(found[1].lower()) if found else None
    return None if found and place and place.kind == "paid_social" and not found[2] else place


def _from_base64(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8")
    except ValueError:
        return ""
