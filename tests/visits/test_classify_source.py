"""Arrivals as browsers report them, and where they came from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.visits.channels import CHANNELS, PAID, UNPAID, channel_of
from chalicelib.visits.classify_source import CLICK_IDS, classify
from chalicelib.visits.referrers import known_source_of_name

PAGE = "https://shop.example/pallets"


@pytest.mark.parametrize(
    ("referrer", "channel", "source"),
    [
        ("https://yandex.ru/", "organic_search", "yandex"),
        ("https://yandex.ru/clck/jsredir?from=yandex.ru", "organic_search", "yandex"),
        ("https://www.yandex.kz/search/?text=x", "organic_search", "yandex"),
        ("https://ya.ru/", "organic_search", "yandex"),
        ("https://shop-example.turbopages.org/shop.example/s/", "organic_search", "yandex"),
        ("https://www.google.com/", "organic_search", "google"),
        ("https://www.google.co.uk/", "organic_search", "google"),
        ("https://www.google.com/amp/s/shop.example/x", "organic_search", "google"),
        ("https://shop-example.cdn.ampproject.org/", "organic_search", "google"),
        ("android-app://com.google.android.googlequicksearchbox/", "organic_search", "google"),
        ("https://go.mail.ru/search?q=x", "organic_search", "mail.ru"),
        ("https://nova.rambler.ru/search", "organic_search", "rambler"),
        ("https://www.bing.com/", "organic_search", "bing"),
        ("https://duckduckgo.com/", "organic_search", "duckduckgo"),
        ("https://www.baidu.com/link", "organic_search", "baidu"),
        ("https://yabs.yandex.ru/count/x", "paid_search", "yandex"),
        ("https://www.googleadservices.com/pagead/aclk", "paid_search", "google"),
        ("https://an.yandex.ru/count/x", "display", "yandex"),
        ("https://googleads.g.doubleclick.net/", "display", "google"),
        ("https://cas.criteo.com/", "other_paid", "criteo"),
        ("https://away.vk.com/away.php", "social", "vk"),
        ("https://vk.ru/pallets", "social", "vk"),
        ("https://ok.ru/", "social", "ok"),
        ("https://my.mail.ru/", "social", "my.mail.ru"),
        ("https://dzen.ru/a/x", "social", "dzen"),
        ("https://l.facebook.com/l.php", "social", "facebook"),
        ("https://t.co/x", "social", "x"),
        ("android-app://com.vkontakte.android/", "social", "vk"),
        ("https://t.me/pallets", "messenger", "telegram"),
        ("https://web.telegram.org/k/", "messenger", "telegram"),
        ("android-app://org.telegram.messenger/", "messenger", "telegram"),
        ("https://wa.me/79160000001", "messenger", "whatsapp"),
        ("https://e.mail.ru/inbox", "email", "mail.ru mail"),
        ("https://mail.yandex.ru/", "email", "yandex mail"),
        ("https://mail.google.com/", "email", "gmail"),
        ("https://yandex.ru/maps/org/pallets/1", "maps", "yandex maps"),
        ("https://www.google.com/maps/place/x", "maps", "google maps"),
        ("https://2gis.ru/moscow/firm/1", "maps", "2gis"),
        ("https://www.avito.ru/moskva/x", "classifieds", "avito"),
        ("https://spb.cian.ru/rent/1", "classifieds", "cian"),
        ("https://realty.yandex.ru/offer/1", "classifieds", "yandex realty"),
        ("https://chatgpt.com/", "ai", "chatgpt"),
        ("https://www.blog.example.org/review", "referral", "blog.example.org"),
        ("https://shop.example/", "direct", ""),
        ("https://www.shop.example/catalogue", "direct", ""),
        ("", "direct", ""),
        ("about:blank", "direct", ""),
        ("https://[broken", "direct", ""),
    ],
)
def test_a_referrer_decides_channel_and_source(referrer: str, channel: str, source: str) -> None:
    found = classify(PAGE, referrer)
    assert (found.channel, found.source) == (channel, source)


@pytest.mark.parametrize(
    ("tags", "channel", "source", "medium"),
    [
        ("utm_source=Yandex&utm_medium=CPC", "paid_search", "yandex", "cpc"),
        ("utm_source=google&utm_medium=ppc", "paid_search", "google", "ppc"),
        ("utm_source=yandex_direct&utm_medium=cpc", "paid_search", "yandex_direct", "cpc"),
        ("utm_source=yandex&utm_medium=cpm", "display", "yandex", "cpm"),
        ("utm_source=yandex&utm_medium=organic", "organic_search", "yandex", "organic"),
        ("utm_source=vk&utm_medium=cpc", "paid_social", "vk", "cpc"),
        ("utm_source=vk_ads&utm_medium=cpm", "paid_social", "vk_ads", "cpm"),
        ("utm_source=fb&utm_medium=paid_social", "paid_social", "fb", "paid_social"),
        ("utm_source=vk&utm_medium=social", "social", "vk", "social"),
        ("utm_source=tg&utm_medium=post", "messenger", "tg", "post"),
        ("utm_source=telegram&utm_medium=cpm", "paid_social", "telegram", "cpm"),
        ("utm_source=newsletter&utm_medium=email", "email", "newsletter", "email"),
        ("utm_source=avito&utm_medium=cpc", "classifieds", "avito", "cpc"),
        ("utm_source=2gis&utm_medium=maps", "maps", "2gis", "maps"),
        ("utm_source=2gis", "maps", "2gis", ""),
        ("utm_source=billboard-12&utm_medium=qr", "offline", "billboard-12", "qr"),
        ("utm_source=partner.example&utm_medium=cpa", "other_paid", "partner.example", "cpa"),
        ("utm_source=admitad&utm_medium=affiliate", "other_paid", "admitad", "affiliate"),
        ("utm_source=somebody", "referral", "somebody", ""),
        ("utm_source=somebody&utm_medium=anything", "referral", "somebody", "anything"),
        ("yclid=1", "paid_search", "yandex", "cpc"),
        ("gclid=1", "paid_search", "google", "cpc"),
        ("gbraid=1", "paid_search", "google", "cpc"),
        ("wbraid=1", "paid_search", "google", "cpc"),
        ("msclkid=1", "paid_search", "bing", "cpc"),
        ("vkclid=1", "paid_social", "vk", "cpc"),
        ("ttclid=1", "paid_social", "tiktok", "cpc"),
        ("fbclid=1", "social", "facebook", "social"),
        ("utm_source=fb&utm_medium=cpc&fbclid=1", "paid_social", "fb", "cpc"),
        ("utm_source=yandex&yclid=1", "paid_search", "yandex", "cpc"),
        ("YCLID=1", "paid_search", "yandex", "cpc"),
        ("utm_source=&utm_medium=&yclid=", "direct", "", ""),
    ],
)
def test_tags_and_click_ids_speak_before_the_referrer(tags: str, channel: str, source: str, medium: str) -> None:
    found = classify(f"{PAGE}?{tags}", "")
    assert (found.channel, found.source, found.medium) == (channel, source, medium)
    if "utm" in tags and "=&" not in tags:
        assert classify(f"{PAGE}?{tags}", "https://t.me/").channel == channel


def test_an_unpaid_click_id_gives_way_to_a_referrer_that_knows_better() -> None:
    assert classify(f"{PAGE}?fbclid=1", "https://l.instagram.com/").source == "instagram"


def test_the_rest_of_the_tags_is_kept_as_written() -> None:
    found = classify(
        f"{PAGE}?utm_source=yandex&utm_medium=cpc&utm_campaign=338151&utm_content=72057600001"
        "&utm_term=%D0%BA%D1%83%D0%BF%D0%B8%D1%82%D1%8C+%D0%9E%D0%BA%D0%BD%D0%B0&yclid=AbC",
        "https://yandex.ru/",
    )
    assert (found.campaign, found.creative, found.keyword) == ("338151", "72057600001", "купить Окна")
    assert found.click_id == "yclid=AbC"


def test_tags_behind_the_hash_and_in_windows_1251_are_read() -> None:
    found = classify("https://shop.example/#/p?utm_source=vk&utm_medium=cpc&utm_term=%EE%EA%ED%E0", "")
    assert (found.channel, found.keyword) == ("paid_social", "окна")


def test_an_engine_that_still_sends_the_words_is_believed() -> None:
    assert classify(PAGE, "https://yandex.ru/search/?text=%D0%BF%D0%BE%D0%B4%D0%B4%D0%BE%D0%BD").keyword == "поддон"


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_url_breaks_it_and_every_channel_is_known(url: str, referrer: str) -> None:
    assert classify(url, referrer).channel in CHANNELS
    assert classify("https://s.example/?" + url, "https://" + referrer).channel in CHANNELS


def test_every_rule_ends_in_a_known_channel() -> None:
    assert set(UNPAID.values()) | set(PAID.values()) <= set(CHANNELS)
    assert {UNPAID.get(place.kind) for place in CLICK_IDS.values()} <= set(CHANNELS)
    for medium in ("cpc", "cpm", "organic", "email", "", "nonsense"):
        for place in (None, "search", "social", "messenger", "maps", "ai"):
            assert channel_of(medium, place) in CHANNELS


def test_other_spellings_of_a_source_are_the_same_place() -> None:
    for name in ("vk", "vkontakte", "vk.com", "m.vk.com"):
        place = known_source_of_name(name)
        assert place is not None and place.source == "vk"
