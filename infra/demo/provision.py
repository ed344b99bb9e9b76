"""The shop as its owner sets it up: through the manage API, with the operator's first key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from infra.demo.events import HOLD, ZONE_NAME
from infra.demo.service import Service, UnexpectedAnswer
from infra.demo.sources import MARKETS, MOSCOW, PETERSBURG, PLACEMENTS, Market
from infra.demo.webhooks import CRM_SECRET, GENERIC_SECRET, TWILIO_TOKEN


@dataclass(frozen=True, slots=True)
class Shop:
    """What the rest of the demo needs of the shop."""

    site_id: str
    site_key: str
    endpoints: Mapping[str, str]  # carrier or "crm" → URL of its webhooks
    service: Service  # with a key of the shop's own account


def provision(base_url: str, operators_key: str) -> Shop:
    """Open the account, its site, pools, numbers, campaigns and endpoints."""
    operator = Service(base_url, operators_key)
    account = operator.manage("POST", "accounts", {"name": "Светлый дом"})
    key = operator.manage("POST", "keys", {"label": "demo", "account_id": account["account_id"]})
    owner = Service(base_url, key["key"])
    site = owner.manage(
        "POST",
        "sites",
        {
            "name": "Светлый дом",
            "time_zone": ZONE_NAME,
            "currency": "RUB",
            "country": "RU",
            "swap": [{"number": MOSCOW.target}, {"selector": ".callpath-number"}],
            "share_credit": False,  # the truth is told in whole calls, and the report must be equal to it
        },
    )
    here = f"sites/{site['site_id']}"
    for market in MARKETS:
        _open_pool(owner, here, market)
    _place_static_numbers(owner, here)
    return Shop(site["site_id"], site["site_key"], _open_endpoints(owner, here), owner)


def _open_pool(owner: Service, here: str, market: Market) -> None:
    pool = {
        "name": market.name,
        "target_number": market.target,
        "overflow_number": market.overflow,
        "hold_seconds": int(HOLD.total_seconds()),
        "condition": {"landing_patterns": [market.path]},
    }
    made = owner.manage("POST", f"{here}/pools", pool)
    table = "\r\n".join(("Номер", *market.numbers)).encode()
    query = urlencode({"pool_id": made["pool_id"], "kind": "dynamic"})
    _all_landed(owner.manage("POST", f"{here}/numbers?{query}", table), len(market.numbers))


def _place_static_numbers(owner: Service, here: str) -> None:
    rows: list[dict[str, Any]] = []
    for placement in PLACEMENTS:
        campaign = owner.manage("POST", f"{here}/campaigns", {"name": placement.name, "channel": placement.channel})
        row = {"number": placement.number, "kind": "static", "campaign_id": campaign["campaign_id"]}
        rows.append(row | {"target_number": MOSCOW.target, "label": placement.name})
    _all_landed(owner.manage("POST", f"{here}/numbers", rows), len(rows))


def _open_endpoints(owner: Service, here: str) -> dict[str, str]:
    carriers = {
        "generic": {"credentials": {"secret": GENERIC_SECRET}, "target_number": MOSCOW.target},
        "twilio": {"credentials": {"auth_token": TWILIO_TOKEN}, "target_number": PETERSBURG.target},
    }
    opened = {
        vendor: owner.manage("POST", f"{here}/endpoints", {"kind": "carrier", "vendor": vendor, **details})["url"]
        for vendor, details in carriers.items()
    }
    crm = {"kind": "crm", "vendor": "generic", "credentials": {"secret": CRM_SECRET}}
    return opened | {"crm": owner.manage("POST", f"{here}/endpoints", crm)["url"]}


def _all_landed(result: dict[str, Any], expected: int) -> None:
    if result["landed"] != expected:
        raise UnexpectedAnswer(f"{result['landed']} of {expected} numbers landed: {result['rejected']}")
