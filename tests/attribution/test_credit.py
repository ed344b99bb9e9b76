"""From evidence to credit: touches, static numbers, the overflow number, and nothing known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.attribution.credit import credit_of, landing_page
from chalicelib.attribution.models import MODELS
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.calls.evidence import AttributedCall, Candidate, Evidence, EvidenceKind
from chalicelib.calls.fold import CallRecord, fold
from chalicelib.calls.types import CallEvent
from chalicelib.core.apportion import apportion
from chalicelib.core.errors import BadInput
from chalicelib.registry.types import Campaign, RepeatRule, Site
from chalicelib.visits.classify_source import classify
from chalicelib.visits.types import Touch
from tests.requests import NOW, SITE

CALL = fold(CallRecord("s1", "c1", "v", "e", ((NOW, CallEvent("e", "c")),)))
DIRECT_URL = "https://shop.example/pallets?utm_source=yandex&utm_medium=cpc&utm_campaign=338151"


def attributed(kind: EvidenceKind, touches: tuple[Touch, ...] = (), campaign_id: str | None = None) -> AttributedCall:
    return AttributedCall(CALL, Evidence(kind, "why", touches=touches, campaign_id=campaign_id), date(2026, 11, 22))


def touch(url: str, referrer: str = "") -> Touch:
    return Touch(NOW, url, referrer, "Москва", classify(url, referrer))


TOUCHES = (touch(DIRECT_URL), touch("https://shop.example/", "https://vk.com/"), touch("https://shop.example/"))


def test_touches_share_by_the_model_and_carry_region_and_landing_page() -> None:
    (credit,) = credit_of(attributed(EvidenceKind.LIVE, TOUCHES), SITE, Rulebook(), "first_touch")
    assert (credit.source.channel, credit.source.campaign, credit.weight) == ("paid_search", "338151", Decimal(1))
    assert (credit.region, credit.landing_page) == ("Москва", "shop.example/pallets")
    assert (
        sum(
            (c.weight for c in credit_of(attributed(EvidenceKind.LIVE, TOUCHES), SITE, Rulebook(), "linear")),
            Decimal(0),
        )
        == 1
    )


def test_another_model_gives_the_same_call_to_another_touch() -> None:
    call = attributed(EvidenceKind.GRACE, TOUCHES)
    winners = {
        model: credit_of(call, SITE, Rulebook(), model)[0].source.channel for model in ("last_touch", "last_non_direct")
    }
    assert winners == {"last_touch": "direct", "last_non_direct": "social"}


def test_a_campaign_of_the_registry_gives_its_channel_to_what_it_matches() -> None:
    ours = Campaign("c1", "s1", "Контекст", channel="контекст", match={"source": "Yandex", "campaign": "338151"})
    other = Campaign("c2", "s1", "Другая", channel="other", match={"source": "yandex", "campaign": "1"})
    empty = Campaign("c3", "s1", "Пустая", channel="nobody")
    (credit,) = credit_of(attributed(EvidenceKind.LIVE, TOUCHES[:1]), SITE, Rulebook((other, empty, ours)))
    assert (credit.source.channel, credit.source.campaign) == ("контекст", "338151")


def test_a_static_number_is_its_campaigns() -> None:
    call = attributed(EvidenceKind.STATIC, campaign_id="avito")
    (credit,) = credit_of(call, SITE, Rulebook((Campaign("avito", "s1", "Авито", "classifieds", {"source": "avito"}),)))
    assert (credit.source.channel, credit.source.source, credit.source.campaign) == ("classifieds", "avito", "Авито")
    (plain,) = credit_of(call, SITE, Rulebook((Campaign("avito", "s1", "Авито"),)))
    assert (plain.source.channel, plain.source.campaign, plain.weight) == ("offline", "Авито", Decimal(1))
    (gone,) = credit_of(call, SITE, Rulebook())
    assert (gone.source.channel, gone.source.campaign) == ("offline", "avito")


def test_overflow_and_unknown_are_rows_of_their_own() -> None:
    for kind, channel in ((EvidenceKind.OVERFLOW, "overflow"), (EvidenceKind.UNKNOWN, "unknown")):
        (credit,) = credit_of(attributed(kind), SITE, Rulebook())
        assert (credit.source.channel, credit.weight) == (channel, Decimal(1))


def test_a_visitor_without_touches_is_unknown() -> None:
    assert credit_of(attributed(EvidenceKind.LIVE), SITE, Rulebook(), "last_touch")[0].source.channel == "unknown"


def test_a_model_we_do_not_know_is_named() -> None:
    with pytest.raises(BadInput) as refused:
        credit_of(attributed(EvidenceKind.LIVE, TOUCHES), SITE, Rulebook(), "astrology")
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


def shared(kind: EvidenceKind = EvidenceKind.SHARED) -> AttributedCall:
    """Two visitors, one of them with two touches, and somebody unknown."""
    candidates = (
        Candidate(Decimal("0.6"), 6e-5, "a", touches=TOUCHES[:2]),
        Candidate(Decimal("0.3"), 3e-5, "b", touches=TOUCHES[2:]),
        Candidate(Decimal("0.1"), 1e-5),
    )
    evidence = Evidence(kind, "why", visitor="a", touches=TOUCHES[:2], candidates=candidates)
    return AttributedCall(CALL, evidence, date(2026, 11, 22))


def weights(call: AttributedCall, model: str, site: Site = SITE) -> dict[str, Decimal]:
    return {part.source.channel: part.weight for part in credit_of(call, site, Rulebook(), model)}


def test_candidates_share_and_the_model_shares_each_ones_part() -> None:
    last = weights(shared(), "last_touch")
    assert last == {"social": Decimal("0.6"), "direct": Decimal("0.3"), "unknown": Decimal("0.1")}
    linear = weights(shared(), "linear")
    assert linear == {
        "paid_search": Decimal("0.3"),
        "social": Decimal("0.3"),
        "direct": Decimal("0.3"),
        "unknown": Decimal("0.1"),
    }
    assert {part.share for part in credit_of(shared(), SITE, Rulebook(), "linear")} == set(
        map(Decimal, ("0.6", "0.3", "0.1"))
    )


def test_without_sharing_the_likeliest_has_it_whole_and_the_overflow_number_its_own() -> None:
    whole = replace(SITE, share_credit=False)
    assert weights(shared(), "last_touch", whole) == {"social": 1}
    assert weights(shared(EvidenceKind.OVERFLOW), "last_touch", whole) == {"overflow": 1}


def test_what_is_nobodys_stays_the_overflow_numbers() -> None:
    assert weights(shared(EvidenceKind.OVERFLOW), "last_touch")["overflow"] == Decimal("0.1")


def test_a_promo_code_is_the_visit_it_was_shown_to_or_the_campaign_it_belongs_to() -> None:
    assert weights(attributed(EvidenceKind.PROMO, TOUCHES), "last_touch") == {"direct": 1}
    coded = attributed(EvidenceKind.PROMO, campaign_id="avito")
    (credit,) = credit_of(coded, SITE, Rulebook((Campaign("avito", "s1", "Авито", "classifieds"),)))
    assert (credit.source.channel, credit.source.campaign) == ("classifieds", "Авито")


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=8), st.data(), st.sampled_from(sorted(MODELS)))
def test_any_candidates_under_any_model_are_exactly_one_call(
    amounts: list[int], data: st.DataObject, model: str
) -> None:
    shares = apportion([Decimal(amount) for amount in amounts])
    touched = [data.draw(st.lists(st.sampled_from(TOUCHES), max_size=5)) for _ in shares]
    candidates = tuple(
        Candidate(share, 1e-5, str(place), touches=tuple(touches))
        for place, (share, touches) in enumerate(zip(shares, touched, strict=True))
    )
    kind = data.draw(st.sampled_from(EvidenceKind))
    call = AttributedCall(CALL, Evidence(kind, "why", candidates=candidates), date(2026, 11, 22))
    rule = data.draw(st.sampled_from(RepeatRule))
    credit = credit_of(call, replace(SITE, repeat_rule=rule), Rulebook(), model)
    assert sum(part.weight for part in credit) == 1
    assert all(part.weight > 0 for part in credit)
