"""The table of real arrivals (arrivals.txt), row by row."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from chalicelib.visits import classify_source, page_view
from chalicelib.visits.channels import CHANNELS
from chalicelib.visits.classify_source import CLICK_IDS, classify

PAGE = "https://shop.example/pallets"
COLUMNS = ("channel", "source", "medium", "keyword", "campaign", "creative")


class Row(NamedTuple):
    what: str
    url: str
    referrer: str
    expected: dict[str, str]


def rows() -> list[Row]:
    found = []
    for line in (Path(__file__).parent / "arrivals.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            what, url, referrer, *cells = ["" if cell == "-" else cell for cell in line.split(" | ")]
            assert 3 <= len(cells) <= len(COLUMNS), line
            found.append(Row(what, url or PAGE, referrer, dict.fromkeys(COLUMNS, "") | dict(zip(COLUMNS, cells))))  # noqa: B905 - trailing columns may be left out
    return found


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.what)
def test_an_arrival_is_counted_as_the_table_says(row: Row) -> None:
    found = classify(row.url, row.referrer)
    assert {name: getattr(found, name) for name in COLUMNS} == row.expected


def test_the_table_is_as_long_as_it_claims_and_names_channels_we_have() -> None:
    assert len(rows()) >= 120
    assert {row.expected["channel"] for row in rows()} <= set(CHANNELS)
    assert Counter(row.what for row in rows()).most_common(1)[0][1] == 1


@pytest.mark.parametrize(
    ("url", "referrer", "basis", "continues"),
    [
        ("https://shop.example/?utm_source=vk", "", classify_source.Basis.TAGS, False),
        ("https://shop.example/?yclid=1", "", classify_source.Basis.CLICK_ID, False),
        ("https://shop.example/?calltouch_tm=yd_c:1_ad:2", "", classify_source.Basis.MARKER, False),
        (PAGE, "https://vk.com/", classify_source.Basis.REFERRER, False),
        ("https://shop.example/?from=avito", "", classify_source.Basis.ORIGIN_NAME, False),
        (PAGE, "https://yookassa.ru/", classify_source.Basis.PASSAGE, True),
        (PAGE, "https://spb.shop.example/", classify_source.Basis.OWN_SITE, True),
        (PAGE, "", classify_source.Basis.NOTHING, False),
    ],
)
def test_what_decided_a_source_is_named(
    url: str, referrer: str, basis: classify_source.Basis, *, continues: bool
) -> None:
    found = classify_source.arrival_of(url, referrer)
    assert (found.basis, found.continues) == (basis, continues)


def test_further_hosts_of_a_website_are_its_own() -> None:
    assert classify(PAGE, "https://other-shop.example/").channel == "referral"
    assert classify(PAGE, "https://www.other-shop.example/", ["other-shop.example"]).channel == "direct"


def test_every_tag_that_names_a_source_makes_the_page_view_an_arrival() -> None:
    for name in [*CLICK_IDS, "utm_source", "_openstat", "calltouch_tm", "roistat", "rs", "erid"]:
        for url in (f"https://shop.example/?{name}=1", f"https://shop.example/#{name}=1"):
            assert page_view.is_marked(page_view.visit_of(url, "", {})), name
