"""From evidence to credit: touches, static numbers, the overflow number, and nothing known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from chalicelib.attribution.book import Book
from chalicelib.attribution.credit import credit_of, landing_page
from chalicelib.attribution.merge import CallRecord, fold
from chalicelib.attribution.sources import classify
from chalicelib.attribution.types import AttributedCall, CallEvent, Evidence, EvidenceKind, Touch
from chalicelib.errors import BadInput
from chalicelib.registry.types import Campaign
from tests.attribution.examples import NOW, SITE

CALL = fold(CallRecord("s1", "c1", "v", "e", ((NOW, CallEvent("e", "c")),)))
DIRECT_URL = "https://shop.example/pallets?utm_source=yandex&utm_medium=cpc&utm_campaign=338151"


def attributed(kind: EvidenceKind, touches: tuple[Touch, ...] = (), campaign_id: str | None = None) -> AttributedCall:
    return AttributedCall(CALL, Evidence(kind, "why", touches=touches, campaign_id=campaign_id), date(2026, 11, 22))


def touch(url: str, referrer: str = "") -> Touch:
    return Touch(NOW, url, referrer, "Москва", classify(url, referrer))


TOUCHES = (touch(DIRECT_URL), touch("https://shop.example/", "https://vk.com/"), touch("https://shop.example/"))


def test_touches_share_by_the_model_and_carry_region_and_landing_page() -> None:
    (credit,) = credit_of(attributed(EvidenceKind.LIVE, TOUCHES), SITE, Book(), "first_touch")
    assert (credit.source.channel, credit.source.campaign, credit.weight) == ("paid_search", "338151", 1)
    assert (credit.region, credit.landing_page) == ("Москва", "shop.example/pallets")
    assert (
        sum((c.weight for c in credit_of(attributed(EvidenceKind.LIVE, TOUCHES), SITE, Book(), "linear")), Decimal(0))
        == 1
    )


def test_another_model_gives_the_same_call_to_another_touch() -> None:
    call = attributed(EvidenceKind.GRACE, TOUCHES)
    winners = {
        model: credit_of(call, SITE, Book(), model)[0].source.channel for model in ("last_touch", "last_non_direct")
    }
    assert winners == {"last_touch": "direct", "last_non_direct": "social"}


def test_a_campaign_of_the_registry_gives_its_channel_to_what_it_matches() -> None:
    ours = Campaign("c1", "s1", "Контекст", channel="контекст", match={"source": "Yandex", "campaign": "338151"})
    other = Campaign("c2", "s1", "Другая", channel="other", match={"source": "yandex", "campaign": "1"})
    empty = Campaign("c3", "s1", "Пустая", channel="nobody")
    (credit,) = credit_of(attributed(EvidenceKind.LIVE, TOUCHES[:1]), SITE, Book((other, empty, ours)))
    assert (credit.source.channel, credit.source.campaign) == ("контекст", "338151")


def test_a_static_number_stands_for_its_campaign() -> None:
    call = attributed(EvidenceKind.STATIC, campaign_id="avito")
    (credit,) = credit_of(call, SITE, Book((Campaign("avito", "s1", "Авито", "classifieds", {"source": "avito"}),)))
    assert (credit.source.channel, credit.source.source, credit.source.campaign) == ("classifieds", "avito", "Авито")
    (plain,) = credit_of(call, SITE, Book((Campaign("avito", "s1", "Авито"),)))
    assert (plain.source.channel, plain.source.campaign, plain.weight) == ("offline", "Авито", 1)
    (gone,) = credit_of(call, SITE, Book())
    assert (gone.source.channel, gone.source.campaign) == ("offline", "avito")


def test_overflow_and_unknown_are_rows_of_their_own() -> None:
    for kind, channel in ((EvidenceKind.OVERFLOW, "overflow"), (EvidenceKind.UNKNOWN, "unknown")):
        (credit,) = credit_of(attributed(kind), SITE, Book())
        assert (credit.source.channel, credit.weight) == (channel, 1)


def test_a_visitor_without_touches_is_unknown() -> None:
    assert credit_of(attributed(EvidenceKind.LIVE), SITE, Book(), "last_touch")[0].source.channel == "unknown"


def test_a_model_we_do_not_know_is_named() -> None:
    with pytest.raises(BadInput) as refused:
        credit_of(attributed(EvidenceKind.LIVE, TOUCHES), SITE, Book(), "astrology")
    assert refused.value.field == "model"


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://s.example?a=1", "s.example/"),
        ("https://s.example/a/b#c", "s.example/a/b"),
        ("", ""),
        ("https://[", ""),
    ],
)
def test_a_landing_page_has_no_tags(url: str, page: str) -> None:
    assert landing_page(url) == page
