"""What an address says: its tags, its host, and whether two hosts are one website. Pure; never raises on a bad one."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

MAX_VALUE = 500  # characters kept of one tag; what is longer was not written by a person
MAX_TAGS = 200
_HOST = re.compile(r"[\w.-]+")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_JAVASCRIPT_ESCAPE = re.compile(r"%u([0-9A-Fa-f]{4})")  # JavaScript's old escape()
# Tags are parted by `&`; templates leave it as `&amp;`, old pages write `;`, and builders paste a second `?`.
_PAIRS = re.compile(r"&(?:amp;)*|;(?=utm_)|\?(?=utm_|_openstat|[yg]clid=)")
_MACRO = re.compile(r"\{\{?[^{}]*\}\}?|__[A-Z][A-Z_]+__|%%[A-Z_]+%%")  # {campaign_id}, {{ad.id}}, __CID__, %%SITE%%
_NOTHING = frozenset({"", "(none)", "(not set)", "(direct)", "(not provided)", "null", "undefined", "none", "nan"})
_MOJIBAKE = re.compile("[РСÐÑ][\x80-\uffff]")  # UTF-8 that somebody read as Windows-1251 or Latin-1
# Where strangers share a domain: without them one shop's page would pass for another's.
_SHARED_SUFFIXES = {
    "tilda.ws", "github.io", "gitlab.io", "blogspot.com", "blogspot.ru", "wordpress.com", "wixsite.com", "narod.ru",
    "ucoz.ru", "ucoz.net", "livejournal.com", "turbo.site", "taplink.ws", "taplink.cc", "netlify.app", "vercel.app",
    "web.app", "pages.dev", "myshopify.com", "business.site", "nethouse.ru", "insales.ru", "ecwid.com", "umi.ru",
    "ampproject.org", "turbopages.org", "translate.goog", "kiev.ua", "odessa.ua", "nsk.ru", "vk-apps.com",
}  # fmt: skip


def split(url: str) -> SplitResult:
    """Return the parts of an address; all empty where it cannot be read."""
    try:
        return urlsplit(url)
    except ValueError:  # a bracket out of place
        return urlsplit("")


def tags_of(url: str) -> dict[str, str]:
    """Return the address's parameters by name in lower case, without those that say nothing.

    They count wherever site builders put them: behind the `#`, or behind the path without a `?`. The query's win.
    """
    parts = split(url)
    fragment = parts.fragment.rpartition("?")[2]
    return _query(parts.path.partition("&")[2]) | _query(fragment) | _query(parts.query)


def query_of(url: str) -> dict[str, str]:
    """Return the parameters of the query alone."""
    return _query(split(url).query)


def host_of(url: str) -> str:
    """Return the host in lower case and in its own letters (купить.рф, not xn--…); empty where there is none."""
    try:
        host = (split(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
    return in_letters(host) if _HOST.fullmatch(host) else ""


def in_letters(host: str) -> str:
    """Return a host with its punycode labels decoded."""
    return ".".join(map(_label, host.lower().split("."))) if "xn--" in host.lower() else host.lower()


def site_of(host: str) -> str:
    """Return a host without the prefixes that only say which edition of a site it is."""
    return host.removeprefix("www.").removeprefix("m.")


def same_site(one: str, other: str) -> bool:
    """Return whether two hosts are one website: equal, one below the other, or both below one registered domain."""
    if not one or not other:
        return False
    one, other = sorted((site_of(one), site_of(other)), key=len)
    if one == other or other.endswith(f".{one}"):
        return one == other or one not in _SHARED_SUFFIXES
    domain = _registered(one)
    return bool(domain) and domain == _registered(other)


def text_of(escaped: str) -> str:
    """Decode a value's escapes, also doubled ones, JavaScript's, Windows-1251 and a wrong encoding."""
    text = _decoded(escaped.replace("+", " "))
    for _ in range(2):  # redirects escape what is escaped already
        if not _ESCAPE.search(text):
            break
        text = _decoded(text)
    return _mended(text).strip()


def said(value: str) -> str:
    """Return a tag's value without macros that no platform replaced; empty where nothing else is left."""
    if value.lower() in _NOTHING:
        return ""
    if "{" not in value and "__" not in value and "%%" not in value:
        return value
    return _MACRO.sub("", value).strip(" |_-:;,/") if _MACRO.search(value) else value


def _query(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in _PAIRS.split(text)[:MAX_TAGS]:
        name, mark, value = pair.partition("=")
        if mark and value and (kept := said(text_of(value)[:MAX_VALUE])):
            found.setdefault(text_of(name).lower(), kept)
    return found


def _decoded(escaped: str) -> str:
    """Decode one layer of escapes; old pages write Windows-1251."""
    raw = unquote_to_bytes(_JAVASCRIPT_ESCAPE.sub(lambda found: chr(int(found[1], 16)), escaped))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1251", "replace")


def _mended(text: str) -> str:
    """Repair UTF-8 text that somebody read as a one-byte encoding."""
    if not _MOJIBAKE.search(text):
        return text
    for encoding in ("cp1251", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return text


def _label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _registered(host: str) -> str:
    """Return the registered domain, as far as it is known without the whole public suffix list; else empty.

    A second label of up to three letters (co.uk, com.ru, msk.ru) counts as a suffix: two subdomains taken for two sites
    do less harm than two shops taken for one.
    """
    labels = host.split(".")
    size = 3 if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else 2
    domain = ".".join(labels[-size:])
    address = host.replace(".", "").isdigit()
    return "" if address or len(labels) < size or domain in _SHARED_SUFFIXES else domain
