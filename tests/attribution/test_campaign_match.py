"""Which campaign a touch belongs to: tags, platforms' ids, creatives, dates, and the closest of several."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import pytest

from chalicelib.attribution.campaign_match import best, fit_of, key_of, names_of
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.registry.types import Campaign
from chalicelib.visits.classify_source import classify
from chalicelib.visits.types import Source, Touch

DAY = date(2026, 11, 22)
ID = "592928737383"


def source(tags: str) -> Source:
    return classify(f"https://shop.example/?{tags}", "")


def campaign(campaign_id: str = "c1", **fields: Any) -> Campaign:
    return Campaign(campaign_id, "s1", f"name of {campaign_id}", **fields)


DIRECT = campaign(platform_ids={"yandex_direct": (ID, "600000000001"), "google_ads": ("20111222333",)})


@pytest.mark.parametrize(
    ("tags", "fits"),
    [
        (f"utm_source=yandex&utm_medium=cpc&utm_campaign={ID}", True),
        (f"utm_source=yandex&utm_medium=cpc&utm_campaign=brand_{ID}", True),
        (f"utm_source=yandex&utm_medium=cpc&utm_campaign={ID}|search|msk", True),
        (f"utm_source=yandex&utm_medium=cpc&utm_campaign=cid:{ID}", True),
        (f"utm_source=yandex&utm_medium=cpc&utm_content=k50id|1|cid|{ID}|gid|2|aid|3", True),
        (f"_openstat=direct.yandex.ru;{ID};1;x", True),
        (f"calltouch_tm=yd_c:{ID}_gb:1_ad:2", True),
        (f"utm_source=ads&utm_medium=cpc&utm_campaign={ID}", True),  # a source nobody knows may be any platform
        ("gad_source=1&gad_campaignid=20111222333", True),
        ("utm_source=google&utm_medium=cpc&utm_campaign=20111222333", True),
        ("utm_source=yandex&utm_medium=cpc&utm_campaign=600000000001", True),
        (f"utm_source=google&utm_medium=cpc&utm_campaign={ID}", False),  # Direct's id in Google's traffic
        (f"utm_source=yandex&utm_medium=cpc&utm_campaign=9{ID}", False),
        ("utm_source=yandex&utm_medium=cpc", False),
    ],
)
def test_a_platforms_id_is_found_where_platforms_write_it(tags: str, *, fits: bool) -> None:
    assert (fit_of(DIRECT, source(tags), DAY) is not None) is fits


def test_a_short_id_counts_only_alone() -> None:
    short = campaign(platform_ids={"vk_ads": ("8123",)})
    assert fit_of(short, source("utm_source=vk&utm_medium=cpc&utm_campaign=8123"), DAY)
    assert not fit_of(short, source("utm_source=vk&utm_medium=cpc&utm_campaign=sale_8123"), DAY)


@pytest.mark.parametrize(
    ("fields", "tags", "fits"),
    [
        ({"match": {"source": "Yandex", "campaign": "Brand"}}, "utm_source=yandex&utm_campaign=brand", True),
        ({"match": {"source": "yandex", "campaign": "brand"}}, "utm_source=yandex&utm_campaign=brand2", False),
        ({"match": {"campaign": "brand*"}}, "utm_source=yandex&utm_campaign=Brand_msk", True),
        ({"match": {"campaign": "[brand] a.b"}}, "utm_source=x&utm_campaign=[brand]+a.b", True),
        ({"match": {"campaign": "a.b"}}, "utm_source=x&utm_campaign=axb", False),
        ({"match": {"keyword": "*поддон*"}}, "utm_source=x&utm_term=купить+поддоны", True),
        ({"creatives": ("777",)}, "utm_source=x&utm_content=777", True),
        ({"creatives": ("777",)}, "utm_source=x&utm_content=778", False),
        ({"match": {"source": "vk"}, "creatives": ("777",)}, "utm_source=vk&utm_content=777", True),
        ({"match": {"source": "vk"}, "creatives": ("777",)}, "utm_source=vk&utm_content=778", False),
        ({"match": {"source": "vk"}, "creatives": ("777",)}, "utm_source=ok&utm_content=777", False),
        ({"match": {"source": "vk"}, "platform_ids": {"other": (ID,)}}, f"utm_source=x&utm_campaign={ID}", True),
        ({}, "utm_source=yandex", False),
    ],
)
def test_tags_and_creatives(fields: dict[str, Any], tags: str, *, fits: bool) -> None:
    assert (fit_of(campaign(**fields), source(tags), DAY) is not None) is fits


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "fits"),
    [
        (None, None, True),
        (DAY, DAY, True),
        (date(2026, 11, 23), None, False),
        (None, date(2026, 11, 21), False),
        (date(2026, 11, 1), date(2026, 11, 30), True),
    ],
)
def test_a_touch_outside_the_dates_is_not_the_campaigns(
    starts_on: date | None, ends_on: date | None, *, fits: bool
) -> None:
    dated = campaign(match={"source": "vk"}, starts_on=starts_on, ends_on=ends_on)
    assert (fit_of(dated, source("utm_source=vk"), DAY) is not None) is fits


def test_days_are_those_of_the_sites_zone() -> None:
    ended = campaign(match={"source": "vk"}, ends_on=DAY)
    late = Touch(
        datetime(2026, 11, 22, 21, 30, tzinfo=UTC), "https://s.example/?utm_source=vk", "", "", source("utm_source=vk")
    )
    assert Rulebook((ended,), time_zone="UTC").decide(late).campaign_id == "c1"
    assert Rulebook((ended,), time_zone="Europe/Moscow").decide(late).campaign_id == ""


def test_the_closest_campaign_wins_in_any_order() -> None:
    tags = f"utm_source=yandex&utm_medium=cpc&utm_campaign=brand_{ID}&utm_content=777"
    ladder = [
        campaign("a", match={"source": "yandex"}),
        campaign("z", match={"source": "yandex"}, starts_on=date(2026, 1, 1)),
        campaign("b", match={"source": "yandex"}, starts_on=date(2026, 11, 1)),
        campaign("c", match={"source": "yandex", "campaign": "br*"}),
        campaign("d", match={"source": "yandex", "campaign": "brand*"}),
        campaign("e", match={"source": "yandex", "medium": "cpc", "campaign": "*"}),
        campaign("f", platform_ids={"yandex_direct": (ID,)}),
        campaign("g", match={"source": "yandex"}, creatives=("777",)),
    ]
    for size in range(1, len(ladder) + 1):
        found = best(ladder[:size], source(tags), DAY)
        assert found is ladder[size - 1]
    for order in permutations(ladder[:4]):
        assert best(order, source(tags), DAY) is ladder[3]


def test_of_equal_campaigns_the_first_id_wins() -> None:
    twins = [campaign("b", match={"source": "vk"}), campaign("a", match={"source": "vk"})]
    assert best(twins, source("utm_source=vk"), DAY) is twins[1]


def test_reports_group_by_the_one_tag_or_id_and_else_by_the_name() -> None:
    tag = campaign("c1", match={"source": "yandex", "campaign": "338151"})
    one = campaign("c2", platform_ids={"yandex_direct": (ID,)})
    many = campaign("c3", match={"campaign": "brand*"}, platform_ids={"yandex_direct": (ID,)})
    assert [key_of(each) for each in (tag, one, many)] == ["338151", ID, "name of c3"]
    assert names_of([tag, one, many]) == {"338151": "name of c1", ID: "name of c2"}
    twin = campaign("c9", match={"source": "google", "campaign": "338151"})
    assert names_of([tag, twin])["338151"] == "name of c1 / name of c9"
