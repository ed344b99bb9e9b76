"""The story is the same every time, and nothing in it could be understood in two ways."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from infra.demo.events import GRACE, Story, Visit, day_of
from infra.demo.sources import MARKETS
from infra.demo.story import tell

LAST_DAY = date(2026, 11, 21)
GUARD = timedelta(seconds=2)  # after a lease, before its number is lent again


@pytest.fixture(scope="module")
def story() -> Story:
    return tell(LAST_DAY)


def holding(story: Story, market: str) -> list[Visit]:
    return [visit for visit in story.visits if visit.market.key == market and not visit.overflow]


def test_the_same_seed_tells_the_same_story(story: Story) -> None:
    assert tell(LAST_DAY) == story
    assert tell(LAST_DAY, seed=7) != story


def test_another_day_moves_the_story_and_changes_nothing_else(story: Story) -> None:
    later = tell(LAST_DAY + timedelta(days=30))
    assert [visit.at + timedelta(days=30) for visit in story.visits] == [visit.at for visit in later.visits]
    assert [call.talk for call in story.calls] == [call.talk for call in later.calls]


def test_it_is_as_long_and_as_full_as_promised(story: Story) -> None:
    assert len(story.days) == 14
    assert {day_of(visit.at) for visit in story.visits} == set(story.days)
    assert len({visit.person for visit in story.visits}) > 300
    assert len(story.calls) > 200
    assert {visit.source.channel for visit in story.visits} >= {"paid_search", "organic_search", "email", "direct"}


def test_everything_a_tracker_can_meet_happens(story: Story) -> None:
    calls = story.calls
    assert any(not call.talk for call in calls)
    assert any(call.back_to for call in calls)
    assert any(call.remembered for call in calls)
    assert any(call.person is None for call in calls)
    assert any(call.visit and call.visit.overflow for call in calls)
    assert any(call.visit and not call.visit.overflow and call.at > call.visit.lease_ends_at for call in calls)
    assert any(deal.won and deal.call is None for deal in story.deals)
    assert any(deal.won and deal.call and day_of(deal.last.at) > day_of(deal.call.at) for deal in story.deals)
    assert {call.carrier for call in calls} == {"generic", "twilio"}


@pytest.mark.parametrize("market", MARKETS, ids=lambda market: market.key)
def test_a_number_is_free_for_everybody_but_those_of_a_rush(story: Story, market: object) -> None:
    numbers, held = len(market.numbers), holding(story, market.key)  # type: ignore[attr-defined]
    for visit in story.visits:
        if visit.market is market:
            taken = sum(1 for other in held if other.at < visit.at < other.lease_ends_at + GUARD)
            assert taken == numbers if visit.overflow else taken < numbers


def test_a_late_call_comes_before_anybody_else_could_have_the_number(story: Story) -> None:
    for call in story.calls:
        if call.visit and not call.visit.overflow and call.at >= call.visit.lease_ends_at:
            held = holding(story, call.visit.market.key)
            assert call.at < call.visit.lease_ends_at + GRACE
            assert not [visit for visit in held if call.visit.lease_ends_at <= visit.at <= call.at]


def test_a_remembered_number_has_been_nobodys_for_a_while(story: Story) -> None:
    for call in story.calls:
        if call.remembered:
            held = holding(story, MARKETS[0].key)
            assert not [visit for visit in held if visit.at <= call.at <= visit.lease_ends_at + GRACE + GUARD]


def test_nothing_happens_after_the_last_day(story: Story) -> None:
    assert all(day_of(call.ends_at) <= LAST_DAY for call in story.calls)
    assert all(day_of(step.at) <= LAST_DAY for deal in story.deals for step in deal.steps)


@pytest.mark.parametrize("seed", range(5))
def test_other_seeds_tell_stories_as_clear(seed: int) -> None:
    other = tell(LAST_DAY, seed=seed)
    for market in MARKETS:
        test_a_number_is_free_for_everybody_but_those_of_a_rush(other, market)
    test_a_late_call_comes_before_anybody_else_could_have_the_number(other)
    test_a_remembered_number_has_been_nobodys_for_a_while(other)
