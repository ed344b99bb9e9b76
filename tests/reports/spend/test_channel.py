"""Which channel and campaign a row of spend is counted under."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.attribution.rulebook import Rulebook
from chalicelib.registry.types import Campaign, ChannelRule, Comparison, Condition
from chalicelib.reports.spend.channel import spend_fact
from chalicelib.reports.spend.row import SpendRow

DAY = date(2026, 11, 3)
RULE = ChannelRule("контекст", (Condition("source", Comparison.EXACT, ("yandex",)),))
BRAND = Campaign("c1", "s1", "Бренд", "бренд", platform_ids={"yandex_direct": ("592928737383", "1")}, ends_on=DAY)


def row(**fields: Any) -> SpendRow:
    empty = dict.fromkeys(("source", "medium", "channel", "campaign_id", "campaign_name", "ad_id", "keyword"), "")
    return SpendRow(**{"day": DAY, "currency": "RUB", "cost": Decimal(1), **empty, **fields})


@pytest.mark.parametrize(
    ("fields", "channel", "campaign"),
    [
        ({"source": "yandex", "medium": "cpc"}, "контекст", ""),
        ({"source": "vk", "medium": "cpc"}, "paid_social", ""),
        ({"source": "yandex", "channel": "Paid search"}, "paid_search", ""),
        ({"source": "yandex", "campaign_id": "592928737383"}, "бренд", "Бренд"),
        ({"source": "yandex", "campaign_id": "592928737383", "day": date(2026, 11, 4)}, "контекст", "592928737383"),
        ({"campaign_id": "c1", "day": date(2026, 11, 4)}, "бренд", "Бренд"),  # by its own id, on any date
        ({"campaign_name": "Бренд"}, "бренд", "Бренд"),
        ({"campaign_name": "Билборд"}, "offline", "Билборд"),
    ],
)
def test_spend_is_counted_where_its_calls_are(fields: dict[str, Any], channel: str, campaign: str) -> None:
    found = spend_fact("s1", row(**fields), Rulebook((BRAND,), (RULE,)))
    assert (found.channel, found.campaign) == (channel, campaign)
