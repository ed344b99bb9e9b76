"""What a request says of its visitor."""

from __future__ import annotations

import pytest

from chalicelib.core.errors import BadInput
from chalicelib.pool.lending.select_pool import fits
from chalicelib.registry.types import DisplayCondition
from chalicelib.visits.page_view import COUNTRY, REGION, is_marked, origin_of, visit_of


@pytest.mark.parametrize(
    ("url", "referrer", "marked"),
    [
        ("https://shop.example/", "", False),
        ("https://shop.example/?page=2", "https://shop.example/?utm_source=a", False),
        ("https://shop.example/?UTM_Source=a", "", True),
        ("https://shop.example/?yclid=1", "https://shop.example/", True),
        ("https://shop.example/?yclid=", "", False),
        ("https://shop.example/", "https://ya.ru/", True),
        ("https://shop.example/", "not an address", False),
        ("https://shop.example/", "http://[broken", False),
    ],
)
def test_an_arrival_is_marked_by_an_advertisements_tag_or_another_sites_page(
    url: str, referrer: str, marked: bool
) -> None:
    assert is_marked(visit_of(url, referrer, {})) is marked


@pytest.mark.parametrize("url", ["", "shop.example", "javascript:1", "https://", "http://[broken"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        visit_of(url, "", {})
    assert caught.value.field == "url"


def test_the_fragment_is_not_kept_and_does_not_make_another_page() -> None:
    one, other = visit_of("https://a.example/#top", "", {}), visit_of("https://a.example/#end", "", {})
    assert one.url == "https://a.example/"
    assert one.fingerprint == other.fingerprint != visit_of("https://a.example/b", "", {}).fingerprint


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.example/#/c?utm_source=vk&page=2", "https://a.example/#utm_source=vk"),
        (
            "https://a.example/#tgWebAppData=user%3D%7Bname%7D&tgWebAppVersion=7.2",
            "https://a.example/#tgwebappversion=7.2",
        ),
        ("https://a.example/#" + "&".join(f"n{place}=1" for place in range(300)), "https://a.example/"),
    ],
)
def test_of_a_fragment_only_the_tags_of_an_arrival_are_kept(url: str, kept: str) -> None:
    assert visit_of(url, "", {}).url == kept


@pytest.mark.parametrize(
    ("headers", "region"),
    [({COUNTRY: "RU", REGION: "mow"}, "RU-MOW"), ({COUNTRY: "kz"}, "KZ"), ({REGION: "MOW"}, ""), ({}, "")],
)
def test_the_region_is_the_cdns(headers: dict[str, str], region: str) -> None:
    assert visit_of("https://a.example/", "", headers).region == region


@pytest.mark.parametrize(
    ("condition", "fit"),
    [
        (DisplayCondition(), True),
        (DisplayCondition(regions=("RU",)), True),
        (DisplayCondition(regions=("KZ", "ru-mow")), True),
        (DisplayCondition(regions=("RU-SPE",)), False),
        (DisplayCondition(sources=("yandex",)), True),
        (DisplayCondition(sources=("google",)), False),
        (DisplayCondition(landing_patterns=("/двери/*",)), True),
        (DisplayCondition(landing_patterns=("/doors/*",)), False),
        (DisplayCondition(regions=("RU",), sources=("google",)), False),
    ],
)
def test_every_part_of_a_condition_must_fit(condition: DisplayCondition, fit: bool) -> None:
    url = "https://a.example/%D0%B4%D0%B2%D0%B5%D1%80%D0%B8/oak?utm_source=Yandex"
    assert fits(condition, visit_of(url, "", {COUNTRY: "RU", REGION: "MOW"})) is fit


def test_an_origin_is_written_as_browsers_write_it() -> None:
    assert origin_of("https://user:secret@Shop.example:8443/a?b") == "https://shop.example:8443"
