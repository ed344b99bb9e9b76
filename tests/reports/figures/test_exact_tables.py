"""DOMAIN's tables come out exactly: calls, deals and spend as files in, the cells of the report files out."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.reports.files import Files

CHANNELS = {  # spend, leads, deals, gross profit → conversion, cost per order (exact, and on the page), ROMI
    "контекст": (50_000, 239, 71, 617_700, "29.71", "704.23", "704", "1135.40"),
    "SEO": (25_000, 82, 21, 182_700, "25.61", "1190.48", "1\u202f190", "630.80"),
    "соцсети": (35_000, 30, 7, 60_900, "23.33", "5000.00", "5\u202f000", "74.00"),
    "билборд": (8_000, 6, 1, 8_700, "16.67", "8000.00", "8\u202f000", "8.75"),
    "TOTAL": (118_000, 357, 100, 870_000, "28.01", "1180.00", "1\u202f180", "637.29"),
}
CAMPAIGNS = {
    "772040791973": (36, "15.1"),
    "592928737383": (54, "22.6"),
    "687268291002": (72, "30.1"),
    "781827892373": (12, "5.0"),
    "734861291821": (65, "27.2"),
}
KEYWORDS = {
    "купить поддоны деревянные": (3, "8.3"),
    "поддоны деревянные цена": (3, "8.3"),
    "поддоны деревянные новые": (1, "2.8"),
    "поддон 1200х800 деревянный": (8, "22.2"),
    "стоимость деревянного поддона": (6, "16.7"),
    "душевой поддон деревянный": (12, "33.3"),
    "поддоны деревянные 1200 1200": (3, "8.3"),
}
NUMBERS = {"+74990000001": ("Авито", 10, 2), "+74990000002": ("Циан", 15, 4), "+74990000003": ("визитки", 20, 6)}


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Every lead has a call of its own; gross profit is 8 700 a deal."""
    calls: list[dict[str, Any]] = []
    deals, spend = [], []
    for channel, (cost, leads, won, *_) in list(CHANNELS.items())[:-1]:
        for index in range(leads):
            call_id = f"{channel}-{index}"
            calls.append({"call_id": call_id, "from": f"+7916{len(calls):07d}", "talk_sec": 30, "channel": channel})
            outcome = (
                {"status": "won", "gross_profit": "8 700,00"} if index < won else {"status": "lost", "gross_profit": ""}
            )
            deals.append({"external_id": call_id, "call_id": call_id, "outcome_at": "05.11.2026 12:00", **outcome})
        spend.append({"date": "2026-11-03", "channel": channel, "cost": str(cost), "currency": "RUB"})
    return Files(tmp_path_factory.mktemp("channels")).report(calls, deals, spend, by="channel", model="last_touch")


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_channels_table_comes_out_in_json(channels: Files, channel: str) -> None:
    spend, leads, deals, profit, conversion, order, _, romi = CHANNELS[channel]
    row = channels.rows("channel")[channel]
    assert [row[name] for name in ("spend", "leads", "deals", "gross_profit")] == [spend, leads, deals, profit]
    assert [str(row[name]) for name in ("conversion", "cost_per_order", "romi")] == [conversion, order, romi]


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_channels_table_comes_out_in_csv(channels: Files, channel: str) -> None:
    spend, leads, deals, profit, conversion, order, _, romi = CHANNELS[channel]
    row = channels.csv("channel")[channel]
    counted = [row[name] for name in ("spend", "leads", "deals", "gross_profit")]
    assert counted == [f"{spend}.00", str(leads), str(deals), f"{profit}.00"]
    assert [row[name] for name in ("conversion", "cost_per_order", "romi")] == [conversion, order, romi]


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_channels_table_comes_out_in_the_workbook(channels: Files, channel: str) -> None:
    spend, leads, deals, profit, conversion, order, _, romi = CHANNELS[channel]
    row = channels.xlsx("Channel")[channel.replace("TOTAL", "Total")]
    assert [row[name] for name in ("Spend", "Leads", "Deals won", "Gross profit")] == [spend, leads, deals, profit]
    figures = [Decimal(str(row[name])) for name in ("Conversion, %", "Cost per order", "ROMI, %")]
    assert figures == [Decimal(conversion), Decimal(order), Decimal(romi)]


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_page_shows_the_channels_table_in_whole_roubles(channels: Files, channel: str) -> None:
    *_, conversion, _, order, romi = CHANNELS[channel]
    label = channel.replace("TOTAL", "Total")
    cells = channels.html().split(f'<th scope="row">{label}</th>')[1].split("</tr>")[0]
    assert [text for text in (conversion, order, romi) if f">{text}</td>" not in cells] == []


def test_deals_won_alone_convert_calls_and_give_the_same_percentages(tmp_path: Path) -> None:
    calls = [{"call_id": str(index), "channel": "контекст"} for index in range(239)]
    deals = [{"call_id": str(index), "outcome_at": "2026-11-05T12:00:00Z", "status": "won"} for index in range(71)]
    row = Files(tmp_path).report(calls, deals).rows("channel")["контекст"]
    assert (row["conversion"], row["leads"], row["roi"]) == (Decimal("29.71"), None, None)


def test_the_campaigns_shares_come_out(tmp_path: Path) -> None:
    calls = [
        {"call_id": f"{campaign}-{index}", "utm_source": "yandex", "utm_medium": "cpc", "utm_campaign": campaign}
        for campaign, (count, _) in CAMPAIGNS.items()
        for index in range(count)
    ]
    rows = Files(tmp_path).report(calls, by="campaign").rows("campaign")
    shares = {key: (row["calls"], str(row["share"])) for key, row in rows.items()}
    assert shares == CAMPAIGNS | {"TOTAL": (239, "100.0")}


@pytest.mark.parametrize("by", ["keyword", "campaign_keyword"])
def test_the_keywords_shares_come_out(tmp_path: Path, by: str) -> None:
    calls = [
        {"call_id": f"{word}-{index}", "source": "yandex", "campaign": "772040791973", "keyword": word}
        for word, (count, _) in KEYWORDS.items()
        for index in range(count)
    ]
    if by == "campaign_keyword":  # shares are of the campaign, without regard to other campaigns
        calls += [{"call_id": str(index), "source": "vk", "campaign": "687268291002"} for index in range(72)]
    rows = Files(tmp_path).report(calls, by=by).rows(by)
    assert {key: (row["calls"], str(row["share"])) for key, row in rows.items() if key in KEYWORDS} == KEYWORDS


def test_the_static_numbers_come_out(tmp_path: Path) -> None:
    calls = [
        {"call_id": f"{number}-{index}", "to": number[1:], "evidence": "static", "channel": "offline", "campaign": name}
        for number, (name, count, _) in NUMBERS.items()
        for index in range(count)
    ]
    deals = [
        {"call_id": f"{number}-{index}", "outcome_at": "2026-11-05T12:00:00Z", "status": "won", "amount": "1000"}
        for number, (_, _, won) in NUMBERS.items()
        for index in range(won)
    ]
    rows = Files(tmp_path).report(calls, deals, by="number").json()["groupings"]["number"]["rows"]
    assert {row["number"]: (row["name"], row["calls"], row["deals"]) for row in rows} == NUMBERS


def test_a_caller_three_times_and_another_four_are_two_unique(tmp_path: Path) -> None:
    calls = [{"call_id": f"A{index}", "caller": "+79160000001", "channel": "SEO"} for index in range(3)]
    calls += [{"call_id": f"B{index}", "caller": "8 916 000-00-02", "channel": "SEO"} for index in range(4)]
    row = Files(tmp_path).report(calls).rows("channel")["SEO"]
    assert (row["calls"], row["unique"]) == (7, 2)


def test_unique_callers_of_rows_do_not_add_up_to_the_total(tmp_path: Path) -> None:
    calls = [
        {"call_id": "1", "caller": "+79160000001", "channel": "SEO"},
        {"call_id": "2", "caller": "+79160000001", "channel": "контекст"},
        {"call_id": "3", "caller": "anonymous", "channel": "контекст"},
        {"call_id": "4", "channel": "контекст"},
    ]
    rows = Files(tmp_path).report(calls).rows("channel")
    assert [rows[key]["unique"] for key in ("SEO", "контекст", "TOTAL")] == [1, 3, 3]


def test_spend_without_calls_and_calls_without_spend_are_rows(tmp_path: Path) -> None:
    spend = [{"date": "2026-11-03", "channel": "радио", "cost": "8000", "currency": "RUB"}]
    files = Files(tmp_path).report([{"channel": "SEO"}], spend=spend)
    rows = files.rows("channel")
    radio, seo = rows["радио"], rows["SEO"]
    assert (radio["calls"], radio["roi"], radio["romi"], radio["cpl"]) == (0, Decimal(-100), Decimal(-100), None)
    assert (seo["calls"], seo["spend"], seo["roi"]) == (1, 0, None)
    assert files.csv("channel")["радио"]["cpl"] == ""
    assert files.xlsx("Channel")["радио"]["CPL"] is None
