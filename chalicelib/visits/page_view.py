"""A page view as the page and the edge describe it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

from msgspec import Struct

from chalicelib.core.errors import BadInput
from chalicelib.visits.visitor_key import ARRIVAL_BYTES

# Tags that advertisements, engines and mini apps add to a link: a URL with one is an arrival, whatever page was open
# before. What each of them means is told in attribution/sources.py and markers.py.
COUNTRY, REGION = "cloudfront-viewer-country", "cloudfront-viewer-country-region"  # the CDN's viewer headers
CLICK_IDS = {
    *("gclid", "gbraid", "wbraid", "dclid", "yclid", "ymclid", "msclkid", "fbclid", "igshid", "igsh", "ttclid"),
    *("twclid", "vk_click", "vkclid", "rb_clickid", "li_fat_id", "epik", "sccid", "rdt_cid", "admitad_uid"),
    *("gad_source", "gad_campaignid", "ysclid", "srsltid", "mc_cid", "_hsenc", "erid"),
    *("tgwebappversion", "vk_app_id", "_openstat", "calltouch_tm", "roistat", "rs"),
}


class Visit(Struct, frozen=True):
    """One page view as the browser and the CDN tell it."""

    url: str  # without its fragment, but for the tags of an arrival that stand there
    referrer: str
    region: str  # ISO 3166-2 as "RU-MOW", the country alone, or empty

    @property
    def tags(self) -> dict[str, str]:
        """The URL's arguments by lower-case name, the first of each; the query's before those behind the `#`."""
        page = urlsplit(self.url)
        return _arguments(page.fragment) | _arguments(page.query)

    @property
    def fingerprint(self) -> bytes:
        """Equal for the same page opened from the same place."""
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
    """Where the CDN saw the viewer."""
    country, part = headers.get(COUNTRY, "").strip().upper(), headers.get(REGION, "").strip().upper()
    return f"{country}-{part}" if country and part else country


def origin_of(url: str) -> str:
    """Scheme, host and port of an http address, as a browser writes an Origin header."""
    page = urlsplit(url)
    return f"{page.scheme}://{page.netloc.rpartition('@')[2]}".lower()


def is_marked(visit: Visit) -> bool:
    """Whether the address or the referrer tells of an arrival: a tag of an advertisement, or another site's page."""
    if _marked(visit.tags):
        return True
    return bool(visit.referrer) and urlsplit(visit.referrer).hostname != urlsplit(visit.url).hostname


def _tags_behind(fragment: str) -> str:
    """What of a fragment tells of an arrival. The rest is the page's own business: mini apps write names there."""
    told = _arguments(fragment.rpartition("?")[2]) if "=" in fragment else {}
    return urlencode({name: value for name, value in told.items() if _marked([name])})


def _arguments(text: str) -> dict[str, str]:
    try:
        return {name.lower(): values[0] for name, values in parse_qs(text, max_num_fields=200).items()}
    except ValueError:  # more than anybody wrote by hand
        return {}


def _marked(names: Iterable[str]) -> bool:
    return any(name in CLICK_IDS or name.startswith("utm_") for name in names)
