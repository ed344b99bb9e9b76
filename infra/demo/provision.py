"""The shop as its owner sets it up: through the manage API, with the operator's first key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from infra.demo.carrier_webhooks import CRM_SECRET, GENERIC_SECRET, TWILIO_TOKEN
from infra.demo.events import HOLD, ZONE_NAME
from infra.demo.service import Service, Transport, UnexpectedAnswer
from infra.demo.sources import MARKETS, MOSCOW, PETERSBURG, PLACEMENTS, Market


@dataclass(frozen=True, slots=True)
class Shop:
    """What the rest of the demo needs of the shop."""

    site_id: str
    site_key: str
    endpoints: Mapping[str, str]  # carrier or "crm" → URL of its webhooks
    service: Service  # with a key of the shop's own account


def provision(transport: Transport, operators_key: str, at: datetime | None = None) -> Shop:
    """Open the account, its site, pools, numbers, campaigns and endpoints, at the story's moment or now."""
    operator = Service(transport, operators_key)
    account = operator.manage("POST", "accounts", at, {"name": "Светлый дом"})
    key = operator.manage("POST", "keys", at, {"label": "demo", "account_id": account["account_id"]})
    owner = Service(transport, key["key"])
    site = owner.manage(
        "POST",
        "sites",
        at,
        {
            "name": "Светлый дом",
            "time_zone": ZONE_NAME,
            "currency": "RUB",
            "country": "RU",
            "swap": [{"number": MOSCOW.target}, {"selector": ".callpath-number"}],
            "share_credit": False,  # the truth is in whole calls, and the report must be equal to it
        },
    )
    opening = _Opening(owner, f"sites/{site['site_id']}", at)
    for market in MARKETS:
        opening.pool(market)
    opening.static_numbers()
    return Shop(site["site_id"], site["site_key"], opening.endpoints(), owner)


@dataclass(frozen=True, slots=True)
class _Opening:
    """The site as it is set up."""

    owner: Service
    here: str
    at: datetime | None

    def pool(self, market: Market) -> None:
        """Open a market's pool and import its numbers."""
        pool = {
            "name": market.name,
            "target_number": market.target,
            "overflow_number": market.overflow,
            "hold_seconds": int(HOLD.total_seconds()),
            "condition": {"landing_patterns": [market.path]},
        }
        made = self._post("pools", pool)
        table = "\r\n".join(("Номер", *market.numbers)).encode()
        query = urlencode({"pool_id": made["pool_id"], "kind": "dynamic"})
        _all_landed(self._post(f"numbers?{query}", table), len(market.numbers))

    def static_numbers(self) -> None:
        """Give the numbers that are printed their campaigns."""
        rows: list[dict[str, Any]] = []
        for placement in PLACEMENTS:
            campaign = self._post("campaigns", {"name": placement.name, "channel": placement.channel})
            row = {"number": placement.number, "kind": "static", "campaign_id": campaign["campaign_id"]}
            rows.append(row | {"target_number": MOSCOW.target, "label": placement.name})
        _all_landed(self._post("numbers", rows), len(rows))

    def endpoints(self) -> dict[str, str]:
        """Open the webhooks of the carriers and of the CRM; their URLs."""
        carriers = {
            "generic": {"credentials": {"secret": GENERIC_SECRET}, "target_number": MOSCOW.target},
            "twilio": {"credentials": {"auth_token": TWILIO_TOKEN}, "target_number": PETERSBURG.target},
        }
        opened = {
            vendor: self._post("endpoints", {"kind": "carrier", "vendor": vendor, **details})["url"]
            for vendor, details in carriers.items()
        }
        crm = {"kind": "crm", "vendor": "generic", "credentials": {"secret": CRM_SECRET}}
        return opened | {"crm": self._post("endpoints", crm)["url"]}

    def _post(self, path: str, content: Any) -> Any:
        return self.owner.manage("POST", f"{self.here}/{path}", self.at, content)


def _all_landed(result: dict[str, Any], expected: int) -> None:
    if result["landed"] != expected:
        raise UnexpectedAnswer(f"{result['landed']} of {expected} numbers landed: {result['rejected']}")
