"""A page view as the page and the edge describe it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

from msgspec import Struct

from chalicelib.core.errors import BadInput
from chalicelib.visits.visitor_key import ARRIVAL_BYTES

# Tags that advertisements, engines and mini apps add to a link: a URL with one is an arrival, also within a visit.
# What each of them means: classify_source.py and tracking_tags.py.
COUNTRY, REGION = "cloudfront-viewer-country", "cloudfront-viewer-country-region"  # the CDN's viewer headers
CLICK_IDS = {
    *("gclid", "gbraid", "wbraid", "dclid", "yclid", "ymclid", "msclkid", "fbclid", "igshid", "igsh", "ttclid"),
    *("twclid", "vk_click", "vkclid", "rb_clickid", "li_fat_id", "epik", "sccid", "rdt_cid", "admitad_uid"),
    *("gad_source", "gad_campaignid", "ysclid", "srsltid", "mc_cid", "_hsenc", "erid"),
    *("tgwebappversion", "vk_app_id", "_openstat", "calltouch_tm", "roistat", "rs"),
}


class Visit(Struct, frozen=True):
    """One page view as the browser and the CDN report it."""

    url: str  # without its fragment, except the tags of an arrival that are there
    referrer: str
    region: str  # ISO 3166-2 as "RU-MOW", the country alone, or empty

    @property
    def tags(self) -> dict[str, str]:
        """Return the URL's arguments by lower-case name, the first of each; the query's before the fragment's."""
        page = urlsplit(self.url)
        return _arguments(page.fragment) | _arguments(page.query)

    @property
    def fingerprint(self) -> bytes:
        """Return six bytes that are equal for the same page with the same referrer."""
        return hashlib.blake2s(f"{self.url}\0{self.referrer}".encode(), digest_size=ARRIVAL_BYTES).digest()


def visit_of(url: str, referrer: str, headers: Mapping[str, str]) -> Visit:
    """Read what the browser sent. Raises BadInput naming `url`; an unreadable referrer counts as none."""
    try:
        page = urlsplit(url.strip())
        good = page.scheme in ("http", "https") and bool(page.hostname)
    except ValueError:
        good = False
    if not good:
        raise BadInput("url", "not an http or https address")
    try:
        comes_from = referrer.strip() if urlsplit(referrer.strip()).hostname else ""
    except ValueError:
        comes_from = ""
    return Visit(page._replace(fragment=_tags_behind(page.fragment)).geturl(), comes_from, region_of(headers))


def region_of(headers: Mapping[str, str]) -> str:
    """Return where the CDN saw the viewer, as ISO 3166-2."""
    country, part = headers.get(COUNTRY, "").strip().upper(), headers.get(REGION, "").strip().upper()
    return f"{country}-{part}" if country and part else country


def origin_of(url: str) -> str:
    """Return scheme, host and port of an http address, as a browser writes an Origin header."""
    page = urlsplit(url)
    return f"{page.scheme}://{page.netloc.rpartition('@')[2]}".lower()


def is_marked(visit: Visit) -> bool:
    """Return whether the page view is an arrival: a tag of an advertisement, or a referrer on another site."""
    if _marked(visit.tags):
        return True
    return bool(visit.referrer) and urlsplit(visit.referrer).hostname != urlsplit(visit.url).hostname


def _tags_behind(fragment: str) -> str:
    """Return an arrival's tags in a fragment. The rest is not read: mini apps write names of people there."""
    arguments = _arguments(fragment.rpartition("?")[2]) if "=" in fragment else {}
    return urlencode({name: value for name, value in arguments.items() if _marked([name])})


def _arguments(text: str) -> dict[str, str]:
    try:
        return {name.lower(): values[0] for name, values in parse_qs(text, max_num_fields=200).items()}
    except ValueError:  # more than anybody wrote by hand
        return {}


def _marked(names: Iterable[str]) -> bool:
    return any(name in CLICK_IDS or name.startswith("utm_") for name in names)
