"""Which known source a host, or a utm_source, is. Read from the lists in data/, on first use.

The one module of the pure ones that opens a file: the lists are part of the package.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parent / "data"
_EDITIONS = (["www"], ["m"], ["touch"], ["pda"], ["mobile"])  # labels that only say which edition of a site it is


# Banks' pages that confirm a card: acs3.bank.example, 3dsec.bank.example.
_CARD_CHECK = re.compile(r"(acs|3ds|3-ds|secure-?pay|securepayments?)[\w-]*\..+\..+")


class KnownSource(NamedTuple):
    """A known source: its kind (search, social, messenger, email, maps, classifieds, paid…, ai) and its short name."""

    kind: str
    source: str


class Lists(NamedTuple):
    """The lists in the form they are searched: by host, by path on a source's hosts, by name."""

    hosts: dict[str, KnownSource]
    paths: dict[str, dict[str, KnownSource]]
    names: dict[str, KnownSource]
    portals: frozenset[str]  # first labels of hosts whose subdomains differ: docs.google.com is no search
    passages: frozenset[str]  # hosts people only pass through
    paid_names: frozenset[str]  # names people write into utm_source of advertisements only


def known_source_of_host(host: str, path: str) -> KnownSource | None:
    """Return a referrer's source by the longest listed suffix of `host`, then by its path. None: not listed."""
    lists = _lists()
    labels = host.split(".")
    for start in range(len(labels)):
        known = lists.hosts.get(".".join(labels[start:]))
        if known:
            foreign = start and labels[start] in lists.portals and labels[:start] not in _EDITIONS
            return None if foreign or is_passage(host) else _on_path(lists, known, path)
    return None


def known_source_of_name(name: str) -> KnownSource | None:
    """Return what a utm_source in lower case means: a listed name, another spelling, or a host. None: not listed."""
    return _lists().names.get(name) or known_source_of_host(name, "")


def is_passage(host: str) -> bool:
    """Return whether people only pass through: to pay, to confirm a card, to sign in. Nobody comes *from* there."""
    labels = host.split(".")
    listed = _lists().passages
    return bool(_CARD_CHECK.fullmatch(host)) or any(".".join(labels[start:]) in listed for start in range(len(labels)))


def is_paid_name(name: str) -> bool:
    """Return whether a utm_source in lower case names an advertising platform: `yandex_direct`, not `yandex`."""
    return name in _lists().paid_names


def _on_path(lists: Lists, known: KnownSource, path: str) -> KnownSource:
    for prefix, other in lists.paths.get(known.source, {}).items():
        if path.startswith(prefix):
            return other
    return known


@lru_cache(maxsize=1)
def _lists() -> Lists:
    own: dict[str, Any] = json.loads((DATA / "own_referrers.json").read_bytes())
    kept: dict[str, Any] = json.loads((DATA / "referrers.json").read_bytes())
    hosts: dict[str, KnownSource] = {}
    names: dict[str, KnownSource] = {}
    for listed in (own, kept):  # the first to name a host or a source decides
        for kind, sources in listed["places"].items():
            for source, text in sources.items():
                known = KnownSource(kind, source.replace("yahoo!", "yahoo"))
                names.setdefault(source, known)
                for host in text.split():
                    hosts.setdefault(host, known)
    for source, text in own["aliases"].items():
        names.update((alias, names[source]) for alias in text.split())
    paths = {
        source: {prefix: KnownSource(*known) for prefix, known in found.items()}
        for source, found in own["paths"].items()
    }
    portals, passages, paid = (frozenset(own[name].split()) for name in ("portals", "passages", "paid_names"))
    return Lists(hosts, paths, names, portals, passages, paid)
