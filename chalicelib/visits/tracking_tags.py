"""Tags of other tracking systems, read where nobody wrote utm: `_openstat`, Roistat's, Calltouch's, K50's. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import NamedTuple

from chalicelib.visits.referrers import KnownSource, known_source_of_host, known_source_of_name

# The platform a marker begins with → where such a click was bought.
_PLATFORMS = {
    "direct": KnownSource("paid_search", "yandex"),
    "yd": KnownSource("paid_search", "yandex"),
    "yandex": KnownSource("paid_search", "yandex"),
    "google": KnownSource("paid_search", "google"),
    "ga": KnownSource("paid_search", "google"),
    "adwords": KnownSource("paid_search", "google"),
    "market": KnownSource("classifieds", "yandex market"),
    "avito": KnownSource("classifieds", "avito"),
    "vk": KnownSource("paid_social", "vk"),
    "vkads": KnownSource("paid_social", "vk"),
    "mytarget": KnownSource("paid_social", "mytarget"),
    "facebook": KnownSource("paid_social", "facebook"),
    "tiktok": KnownSource("paid_social", "tiktok"),
}
_PLATFORM = re.compile(r"([a-z]+)(\d*)(?=[_:]|$)", re.IGNORECASE)
_CALLTOUCH = re.compile(r"(?:^|_)(c|ad):(\d+)")
_NAMED_ID = re.compile(r"(?:^|[|_;])(cid|campaign_id|aid|ad_id)[|:=_](\d{4,})(?=[|_;]|$)")  # K50: cid|59…|gid|1|aid|72…
_AD_NETWORKS = frozenset({"context", "d", "content"})  # as Direct and Google name their networks of partner sites


class Marker(NamedTuple):
    """What a marker says: where the click was bought, and ids of the campaign and the advertisement; empty: unknown."""

    platform: KnownSource | None
    campaign: str
    creative: str
    keyword: str = ""


def marker_of(tags: Mapping[str, str]) -> Marker | None:
    """Return the first marker among an address's tags, or None."""
    for name, read in (("_openstat", _openstat), ("calltouch_tm", _calltouch), ("roistat", _roistat), ("rs", _roistat)):
        if tags.get(name) and (found := read(tags[name])):
            return found
    return None


def ids_in(text: str) -> dict[str, str]:
    """Return the ids in a `utm_content` such as K50's: `{"campaign": …, "creative": …}`, what there is."""
    names = {"cid": "campaign", "campaign_id": "campaign", "aid": "creative", "ad_id": "creative"}
    return {names[name]: value for name, value in _NAMED_ID.findall(text.lower())}


def _openstat(text: str) -> Marker | None:
    """`service;campaign;advertisement;platform`, in clear or as URL-safe base64."""
    parts = (text if ";" in text else _from_base64(text)).split(";")
    if len(parts) < 4:
        return None
    service = parts[0].strip().lower()
    platform = (
        _PLATFORMS.get(service.partition(".")[0]) or known_source_of_host(service, "") or KnownSource("paid", service)
    )
    return Marker(platform, parts[1].strip(), parts[2].strip()) if service else None


def _roistat(text: str) -> Marker | None:
    """`direct4_{network}_{group}_{advertisement}_{keyword}`; without a platform we know, a source of its own name."""
    parts = text.split("_")
    platform = _platform(parts[0])
    if platform is None:
        known = known_source_of_name(parts[0].lower())
        return Marker(known, "", "") if known else None
    if platform.kind == "paid_search" and len(parts) > 1 and parts[1].lower() in _AD_NETWORKS:
        platform = KnownSource("display", platform.source)
    ids = [part for part in parts[2:] if part.isdigit()]
    words = [part for part in parts[2:] if part and not part.isdigit()]
    return Marker(platform, "", ids[-1] if ids else "", words[-1] if words else "")


def _calltouch(text: str) -> Marker | None:
    """`yd_c:{campaign}_gb:{group}_ad:{advertisement}_…`."""
    platform = _platform(text)
    ids = dict(_CALLTOUCH.findall(text.lower()))
    return Marker(platform, ids.get("c", ""), ids.get("ad", "")) if platform and ids else None


def _platform(text: str) -> KnownSource | None:
    """Return the platform a marker begins with. A social network's bare name is our own post there, `vk4` an ad."""
    found = _PLATFORM.match(text)
    platform = _PLATFORMS.get(found[1].lower()) if found else None
    return None if found and platform and platform.kind == "paid_social" and not found[2] else platform


def _from_base64(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("utf-8")
    except ValueError:
        return ""
