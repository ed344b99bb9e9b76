"""An account's rules: what they can ask, the first that fits decides, and what remains of an erased touch."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.attribution.channel_rules import PARTS, first_fitting, meets, parts_of
from chalicelib.attribution.rulebook import Rulebook, why
from chalicelib.core import wildcard
from chalicelib.core.canonical_json import canonical, sha256
from chalicelib.registry.types import Campaign, ChannelRule, Comparison, Condition, SelfReportedRule
from chalicelib.visits.classify_source import arrival_of, classify
from chalicelib.visits.types import Touch

AT = datetime(2026, 11, 22, 9, tzinfo=UTC)
URL = "https://www.shop.example/promo/sale?utm_source=Admitad&utm_medium=cpa&utm_campaign=Spring_1&yclid=1&from=x"
REFERRER = "https://www.partner.example/reviews/pallets?id=1"


def touch(url: str = URL, referrer: str = REFERRER) -> Touch:
    return Touch(AT, url, referrer, "", classify(url, referrer))


def rule(part: str, compare: str, *values: str, channel: str = "partners") -> ChannelRule:
    return ChannelRule(channel, (Condition(part, Comparison(compare), values),))


@pytest.mark.parametrize(
    ("part", "compare", "values", "fits"),
    [
        ("source", "exact", ["admitad"], True),
        ("source", "exact", ["ADMITAD"], True),
        ("source", "exact", ["admit"], False),
        ("source", "prefix", ["admit"], True),
        ("source", "contains", ["mita"], True),
        ("source", "glob", ["ad?itad"], True),
        ("source", "glob", ["other", "a*d"], True),
        ("medium", "exact", ["cpc", "cpa"], True),
        ("medium", "exact", [""], False),
        ("campaign", "glob", ["spring_*"], True),
        ("keyword", "exact", [""], True),
        ("channel", "exact", ["other_paid"], True),
        ("host", "exact", ["partner.example"], True),
        ("host", "glob", ["*.example"], True),
        ("host", "prefix", ["www."], False),
        ("path", "prefix", ["/reviews/"], True),
        ("click_id", "exact", ["yclid"], True),
        ("click_id", "exact", ["gclid"], False),
        ("landing_host", "exact", ["shop.example"], True),
        ("landing_path", "glob", ["/promo/*"], True),
        ("tag", "exact", ["from=x"], True),
        ("tag", "prefix", ["from="], True),
        ("tag", "prefix", ["promo="], False),
    ],
)
def test_a_condition_asks_one_part_of_a_touch(part: str, compare: str, values: list[str], *, fits: bool) -> None:
    assert meets(rule(part, compare, *values), parts_of(touch())) is fits


def test_every_part_that_people_see_can_be_tested() -> None:
    assert set(parts_of(touch())) == set(PARTS)


def test_the_digest_of_a_rulebook_is_the_one_that_earlier_reports_show() -> None:
    as_before = {"campaigns": [], "rules": [], "time_zone": "UTC", "answers": [{"channel": "ai", "phrases": ["бот"]}]}
    rulebook = Rulebook(self_reported_rules=(SelfReportedRule("ai", ("бот",)),))
    assert rulebook.digest == sha256(canonical(as_before))[:16] != Rulebook().digest


def test_all_conditions_must_hold_and_the_first_rule_that_fits_decides() -> None:
    both = ChannelRule("both", (*rule("source", "exact", "admitad").when, *rule("host", "exact", "no.example").when))
    rules = [both, rule("medium", "exact", "cpa"), rule("source", "exact", "admitad")]
    assert first_fitting(rules, parts_of(touch())) == 1
    assert first_fitting(rules[:1], parts_of(touch())) is None


def test_a_rule_may_give_source_and_medium_of_its_own() -> None:
    rulebook = Rulebook(rules=(replace(rule("source", "exact", "admitad"), source="partners", medium=""),))
    found = rulebook.decide(touch())
    assert (found.source.channel, found.source.source, found.source.medium) == ("partners", "partners", "")
    assert (found.source.campaign, found.rule, found.campaign_id) == ("Spring_1", 0, "")


def test_without_rules_and_campaigns_the_stored_source_counts() -> None:
    assert Rulebook().decide(touch()).source == touch().source


def test_of_an_erased_touch_only_rules_decide_that_ask_for_what_is_kept() -> None:
    erased = replace(touch(), url="", referrer="")
    by_host, by_source = rule("host", "glob", "*"), rule("source", "exact", "admitad", channel="kept")
    assert Rulebook(rules=(by_host, by_source)).decide(touch()).source.channel == "partners"
    assert Rulebook(rules=(by_host, by_source)).decide(erased).source.channel == "kept"
    assert Rulebook(rules=(by_host,)).decide(erased).source == erased.source


def test_campaigns_see_what_the_rules_made_of_a_touch_and_their_channel_wins() -> None:
    rules = (replace(rule("source", "exact", "admitad"), source="cpa networks"),)
    campaign = Campaign("c1", "s1", "Сети", channel="сети", match={"source": "cpa networks"})
    found = Rulebook((campaign,), rules).decide(touch())
    assert (found.source.channel, found.source.campaign, found.campaign_id) == ("сети", "Сети", "c1")


def test_it_says_which_rule_decides_and_why() -> None:
    named = replace(rule("host", "glob", "*.example"), name="Партнёры")
    campaign = Campaign("c1", "s1", "Весна", channel="весна", match={"campaign": "spring_1"})
    rulebook, basis = Rulebook((campaign,), (named,)), arrival_of(URL, REFERRER).basis
    reason = why(rulebook, rulebook.decide(touch()), basis)
    assert reason == (
        "Rule 0 (Партнёры) decides: host is like *.example. It belongs to campaign Весна and takes its channel весна."
    )
    assert why(Rulebook(), Rulebook().decide(touch()), basis) == (
        "No rule of the account fits, so the built-in rules decide by the link's utm tags."
    )


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_pattern_without_wildcards_is_only_itself(pattern: str, text: str) -> None:
    if not wildcard.is_pattern(pattern) and pattern.lower() != text.lower():
        assert not wildcard.fits(pattern, text) or pattern.casefold() == text.casefold()
    assert wildcard.fits(pattern, pattern)
    assert wildcard.fits("*", text) and wildcard.fits(f"*{pattern}*", text + pattern + text)


def test_many_stars_are_quick() -> None:
    assert not wildcard.fits("*a" * 12 + "b", "a" * 30)
