"""docs/campaigns.md against the code: its channels, its rules and its columns."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from chalicelib.api.campaign_import import HEADINGS
from chalicelib.api.channel_rules import NewRules, rules_in, tried
from chalicelib.attribution.campaign_match import PLATFORMS
from chalicelib.attribution.channel_rules import PARTS
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.core.json_body import decode
from chalicelib.reports.layouts.labels import ENGLISH
from chalicelib.visits.channels import CHANNELS
from chalicelib.visits.classify_source import classify
from tests.factories import NOW

PAGE = (Path(__file__).parent.parent.parent / "docs" / "campaigns.md").read_text()


def test_every_channel_is_in_the_table_by_the_name_reports_give_it() -> None:
    table = PAGE[PAGE.index("| key | name |") : PAGE.index("What is worth knowing")]
    listed = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", table, re.MULTILINE))
    assert listed == {channel: ENGLISH[f"channel:{channel}"] for channel in CHANNELS}


def test_every_part_and_platform_is_explained() -> None:
    parts = PAGE[PAGE.index("| part | is |") : PAGE.index("`compare` is")]
    assert set(re.findall(r"`(\w+)`", parts)) - {"www"} >= set(PARTS)
    (platforms,) = re.findall(r"^\| `platform_ids` \| ([^|]+) \|", PAGE, re.MULTILINE)
    assert platforms.strip().split(", ") == list(PLATFORMS)


def test_the_headings_it_names_are_read() -> None:
    table = PAGE[PAGE.index("| field | CSV heading |") : PAGE.index("A touch is a campaign's if")]
    cells = [row.split("|")[2].strip() for row in table.splitlines()[2:] if row]
    read = {*HEADINGS, *HEADINGS.values(), *PLATFORMS}
    assert {name for cell in cells for name in cell.split(", ")} <= read


@pytest.mark.parametrize(
    ("url", "referrer", "channel"),
    [
        ("https://s.example/?utm_source=x&utm_medium=affiliate", "", "Партнёры"),
        ("https://s.example/", "https://www.irecommend.ru/x", "Обзоры"),
        ("https://s.example/leaflet-12", "", "offline"),
        ("https://s.example/leaflet-12", "https://ya.ru/", "organic_search"),
        ("https://s.example/", "https://pay.ourbank.example/", "direct"),
    ],
)
def test_the_rules_it_shows_do_what_they_say(url: str, referrer: str, channel: str) -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    rules = rules_in(decode(json.dumps(json.loads(shown)).encode(), NewRules).rules)
    assert tried(Rulebook(rules=rules), url, referrer, NOW)["source"]["channel"] == channel


def test_a_macro_beside_a_name_is_cut_away_as_it_says() -> None:
    assert classify("https://s.example/?utm_source=x&utm_campaign=brand_{campaign_id}", "").campaign == "brand"
