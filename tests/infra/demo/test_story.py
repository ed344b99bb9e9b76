"""The story is the same every time, and nothing in it could be understood in two ways."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from infra.demo.events import GRACE, Call, Story, Visit, day_of
from infra.demo.scenario import make_story
from infra.demo.scenes import SCENES
from infra.demo.sources import CITIES, KAZAN, MARKETS, Market

LAST_DAY = date(2026, 11, 21)
GUARD = timedelta(seconds=2)  # after a lease, before its number is lent again


@pytest.fixture(scope="module")
def story() -> Story:
    return make_story(LAST_DAY)


def holding(story: Story, market: str) -> list[Visit]:
    return [visit for visit in story.visits if visit.market.key == market and not visit.overflow]


def test_the_same_seed_makes_the_same_story(story: Story) -> None:
    assert make_story(LAST_DAY) == story
    assert make_story(LAST_DAY, seed=7) != story


def test_another_day_moves_the_story_and_changes_nothing_else(story: Story) -> None:
    later = make_story(LAST_DAY + timedelta(days=30))
    assert [visit.at + timedelta(days=30) for visit in story.visits] == [visit.at for visit in later.visits]
    assert [call.talk for call in story.calls] == [call.talk for call in later.calls]


def test_it_is_as_long_and_as_full_as_promised(story: Story) -> None:
    assert len(story.days) == 14
    assert {day_of(visit.at) for visit in story.visits} == set(story.days)
    assert len({visit.person for visit in story.visits}) > 300
    assert len(story.calls) > 200
    assert {visit.source.channel for visit in story.visits} >= {"paid_search", "organic_search", "email", "direct"}


def test_everything_a_tracker_can_meet_happens(story: Story) -> None:
    calls, deals = story.calls, story.deals
    assert any(not call.talk for call in calls)
    assert any(call.back_to for call in calls)
    assert any(call.remembered for call in calls)
    assert any(call.person is None for call in calls)
    assert any(call.visit and call.visit.overflow for call in calls)
    assert any(call.visit and not call.visit.overflow and call.at > call.visit.lease_ends_at for call in calls)
    assert any(call.code_of for call in calls)
    assert any(call.answer for call in calls)
    assert any(call.is_recorded for call in calls)
    assert any(deal.won and deal.by_file for deal in deals)
    assert any(deal.won and deal.call and day_of(deal.last.at) > day_of(deal.call.at) for deal in deals)
    assert any(deal.contact for deal in deals)
    assert any(deal.code_of for deal in deals)
    assert any(not (deal.call or deal.contact or deal.code_of or deal.by_file) for deal in deals)
    assert any(deal.answer for deal in deals)
    assert {len(deal.steps) for deal in deals if deal.by_file} == {1, 2}
    assert any(deal.last.status == "won" == deal.steps[-2].status for deal in deals if len(deal.steps) > 1)
    assert {call.carrier for call in calls} == {"generic", "twilio"}
    assert {contact.kind for contact in story.contacts} == {"form", "chat", "email_click", "tel_click", "reveal"}


def test_visitors_come_back_after_minutes_and_after_weeks(story: Story) -> None:
    seen: dict[object, Visit] = {}
    away = []
    for visit in story.visits:
        if visit.person in seen:
            away.append(visit.at - seen[visit.person].lease_ends_at)
        seen[visit.person] = visit
    assert min(away) > timedelta(0)
    assert sum(1 for each in away if each < timedelta(minutes=60)) > 3
    assert sum(1 for each in away if each > timedelta(days=7)) > 3


def test_nobody_calls_a_number_in_quarantine_but_strangers_nor_is_lent_it(story: Story) -> None:
    (quarantine,) = story.quarantines
    strays = [call for call in story.calls if call.remembered == quarantine.number and at_day(call) >= 9]
    assert len(strays) == 2 * ((quarantine.last_day - quarantine.first_day).days + 1)
    assert all(quarantine.begins_at + GRACE < call.at < quarantine.ends_at for call in strays)


def at_day(call: Call) -> int:
    """Return the hour of a call in the shop's zone."""
    return (call.at + timedelta(hours=3)).hour


def numbers_lent(story: Story, market: Market, at: object) -> int:
    away = {each.number for each in story.quarantines if each.begins_at <= at < each.ends_at}  # type: ignore[operator]
    return len(set(market.numbers) - away)


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.key)
def test_a_number_is_free_for_everybody_but_those_who_come_too_late(story: Story, market: Market) -> None:
    held = holding(story, market.key)
    for visit in story.visits:
        if visit.market is market:
            taken = sum(1 for other in held if other.at < visit.at < other.lease_ends_at + GUARD)
            numbers = numbers_lent(story, market, visit.at)
            assert taken == numbers if visit.overflow else taken < numbers


@pytest.mark.parametrize("market", CITIES, ids=lambda market: market.key)
def test_a_late_call_can_be_nobody_elses_whichever_number_was_lent(story: Story, market: Market) -> None:
    for call in story.calls:
        visit = call.visit
        if visit and visit.market is market and not visit.overflow and call.at >= visit.lease_ends_at:
            assert call.at < visit.lease_ends_at + GRACE
            others = [
                other
                for other in holding(story, market.key)
                if other.person != visit.person and other.at <= call.at and other.lease_ends_at + GRACE >= call.at
            ]
            assert not others


def test_a_remembered_number_has_been_nobodys_for_a_while(story: Story) -> None:
    for call in story.calls:
        if call.remembered and call.remembered not in {each.number for each in story.quarantines}:
            market = next(market for market in MARKETS if call.remembered in market.numbers)
            held = holding(story, market.key)
            assert not [visit for visit in held if visit.at <= call.at <= visit.lease_ends_at + GRACE + GUARD]


def test_a_call_in_the_town_of_one_number_comes_while_its_caller_has_it(story: Story) -> None:
    for call in story.calls:
        if call.visit and call.visit.market is KAZAN and not call.visit.overflow:
            assert call.visit.at + timedelta(seconds=16) < call.at < call.visit.lease_ends_at
    assert len(story.days) * 3 >= 2 * len(SCENES)


def test_nothing_happens_after_the_last_day(story: Story) -> None:
    assert all(day_of(call.ends_at) <= LAST_DAY for call in story.calls)
    assert all(day_of(step.at) <= LAST_DAY for deal in story.deals for step in deal.steps)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("length", [3, 14])
def test_other_seeds_make_stories_as_clear(seed: int, length: int) -> None:
    other = make_story(LAST_DAY, seed=seed, length=length)
    for market in MARKETS:
        test_a_number_is_free_for_everybody_but_those_who_come_too_late(other, market)
    for market in CITIES:
        test_a_late_call_can_be_nobody_elses_whichever_number_was_lent(other, market)
    test_a_remembered_number_has_been_nobodys_for_a_while(other)
    test_nothing_happens_after_the_last_day(other)
