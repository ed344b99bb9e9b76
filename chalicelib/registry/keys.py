"""How the directory table is laid out. Pure: keys and bytes in and out, shared by the hot reads and the store.

| what | pk | sk | attributes besides |
|---|---|---|---|
| account | `ACCOUNTS` | account id | `doc` |
| an account's sites | `ACCOUNT#<account id>` | `SITE#<site id>` | |
| an account's (or `operator`'s) API keys | `ACCOUNT#<account id>` | `KEY#<key id>` | `doc` |
| an account's channel rules | `ACCOUNT#<account id>` | `CHANNEL-RULES` | `doc` |
| an account's reading of answers | `ACCOUNT#<account id>` | `ANSWER-RULES` | `doc` |
| API key by what it proves | `APIKEY#<fingerprint>` | `APIKEY` | `doc` |
| site | `SITES` | site id | `doc`, `version`, `published_key`, `published_parts` |
| pool | `POOLS` | `<site id>#<pool id>` | `doc` |
| campaign | `SITE#<site id>` | `CAMPAIGN#<campaign id>` | `doc` |
| a site's numbers | `SITE#<site id>` | `NUMBER#<E.164>` | `doc` |
| who owns a number | `NUMBER#<E.164>` | `NUMBER` | `doc`, `version`, `past` (who owned it before) |
| a site's endpoints, without credentials | `SITE#<site id>` | `ENDPOINT#<endpoint id>` | `doc` |
| endpoint with its credentials | `ENDPOINT#<endpoint id>` | `ENDPOINT` | `doc` |
| site snapshot, part n of several | `KEY#<site key>` | `0000`, `0001`, … | `doc`, `version`, `parts` |

`doc` is the value as JSON in a binary attribute, `past` a list of tenures likewise. A site's `version` counts its
changes: a snapshot is written in one transaction that raises it, so of two concurrent changes the later snapshot has
both. Parts of different versions never make a snapshot together. A number's `version` counts the changes of its record:
each is written over the version that was read. No index and no scan: every list is one partition's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from chalicelib.registry.types import NumberKind, NumberState, Pool, Site, SiteSnapshot, TrackingNumber

T = TypeVar("T")

PART_BYTES = 250_000  # an item may hold 400 KB
ACCOUNTS, SITES, POOLS = "ACCOUNTS", "SITES", "POOLS"
RULES, SELF_REPORTED_RULES = "CHANNEL-RULES", "ANSWER-RULES"
OPERATOR = "operator"  # in place of an account id, for keys that belong to none


def account_pk(account_id: str | None) -> str:
    return f"ACCOUNT#{account_id or OPERATOR}"


def site_pk(site_id: str) -> str:
    return f"SITE#{site_id}"


def number_pk(number: str) -> str:
    return f"NUMBER#{number}"


def endpoint_pk(endpoint_id: str) -> str:
    return f"ENDPOINT#{endpoint_id}"


def api_key_pk(fingerprint: str) -> str:
    return f"APIKEY#{fingerprint}"


def snapshot_pk(site_key: str) -> str:
    return f"KEY#{site_key}"


def pool_sk(site_id: str, pool_id: str) -> str:
    return f"{site_id}#{pool_id}"


def part_sk(index: int) -> str:
    return f"{index:04d}"


def assignment_of(number: TrackingNumber) -> str:
    """Return what a number is assigned to: site, kind, pool, campaign, group and slot."""
    where = (number.pool_id, number.campaign_id, number.group, number.slot)
    return "#".join([number.site_id, number.kind, *("" if part is None else str(part) for part in where)])


def encode(value: object) -> bytes:
    """Return a registry type as the JSON of its `doc`."""
    return msgspec.json.encode(value)


def decode(doc: bytes, shape: type[T]) -> T:
    """Return the registry type in a `doc`. Fields a newer version added are ignored."""
    return msgspec.json.decode(doc, type=shape)


def snapshot_of(site: Site, pools: Sequence[Pool], numbers: Iterable[TrackingNumber]) -> SiteSnapshot:
    """Return what the hot functions need of a site: pools in the order they are tried, lendable numbers by slot."""
    ordered = tuple(sorted(pools, key=lambda pool: (pool.order, pool.pool_id)))
    kept = list(numbers)
    return SiteSnapshot(site, ordered, {pool.pool_id: _slots(pool.pool_id, kept) for pool in ordered})


def split(doc: bytes) -> list[bytes]:
    """Split `doc` into parts that each fit into an item; at least one."""
    return [doc[start : start + PART_BYTES] for start in range(0, max(len(doc), 1), PART_BYTES)]


def _slots(pool_id: str, numbers: Sequence[TrackingNumber]) -> tuple[tuple[str, ...], ...]:
    """Return the pool's groups, each as long as its last slot that was ever given to a number."""
    groups: list[list[str]] = []
    for number in numbers:
        if number.kind is not NumberKind.DYNAMIC or number.pool_id != pool_id:
            continue
        if number.group is None or number.slot is None:
            continue
        while len(groups) <= number.group:
            groups.append([])
        group = groups[number.group]
        group.extend([""] * (number.slot + 1 - len(group)))
        group[number.slot] = number.number if number.state is NumberState.ACTIVE else ""
    return tuple(tuple(group) for group in groups)
