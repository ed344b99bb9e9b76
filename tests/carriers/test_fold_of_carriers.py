"""Every carrier's sequences, with legs, queues and transfers: one call in any order, grouping and repetition."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.carriers import CARRIERS
from tests.carriers.call_scenarios import STORIES
from tests.carriers.carrier_examples import folded, later
from tests.requests import CALLER, NOW, STATIC

Received = tuple[datetime, CallEvent]
EVENTS = {vendor: story.events for vendor, story in STORIES.items()}


def taken_in(*groups: list[Received]) -> list[Received]:
    """The events as the table holds them: an event that is there already changes nothing."""
    kept: dict[str, Received] = {}
    for received in itertools.chain.from_iterable(groups):
        kept.setdefault(received[1].event_id, received)
    return list(kept.values())


def test_every_carrier_has_a_story_with_more_than_one_telephone() -> None:
    assert set(STORIES) == set(CARRIERS)
    without_legs = {vendor for vendor, story in STORIES.items() if len(story.legs) < 2}
    assert without_legs == {"exolve"}  # it reports none


@pytest.mark.parametrize("vendor", CARRIERS)
def test_the_story_comes_out(vendor: str) -> None:
    story, call = STORIES[vendor], folded(EVENTS[vendor])
    assert (call.caller_key, call.number, call.direction) == (CALLER, STATIC, Direction.IN)
    assert (call.status, call.talk_seconds, call.wait_seconds, call.ring_seconds) == (
        story.status,
        story.talk,
        story.wait,
        story.ring,
    )
    assert (call.answered_by, call.last_answered_by) == (story.answered_by, story.last_answered_by)
    assert tuple((leg.who, leg.talk_seconds) for leg in call.legs) == story.legs
    assert call.started_at == NOW and call.ended_at is not None and not call.end_missing
    assert len({event.event_id for _, event in EVENTS[vendor]}) == len(EVENTS[vendor])


@pytest.mark.parametrize("vendor", CARRIERS)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_order_grouping_and_repetition_do_not_matter(vendor: str, data: st.DataObject) -> None:
    events = EVENTS[vendor]
    again = data.draw(st.lists(st.sampled_from(events), max_size=6))
    shuffled = data.draw(st.permutations(events + again))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=3)))
    groups = [shuffled[begin:end] for begin, end in itertools.pairwise([0, *cuts, len(shuffled)])]
    whole = folded(events)
    assert folded(shuffled) == whole
    assert folded(taken_in(*groups)) == whole
    assert folded(taken_in(*(taken_in(group) for group in reversed(groups)))) == whole


@pytest.mark.parametrize("vendor", CARRIERS)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_part_of_the_events_folds_alike_in_any_order_and_more_of_them_never_go_back(
    vendor: str, data: st.DataObject
) -> None:
    events = data.draw(st.permutations(EVENTS[vendor]))
    some = events[: data.draw(st.integers(1, len(events)))]
    part = folded(some)
    assert folded(data.draw(st.permutations(some))) == part
    assert part.started_at >= folded(events).started_at or part.started_at == part.first_seen_at
    assert part.answered == (part.status is CallStatus.ACCEPTED) or part.status is CallStatus.OPEN


@pytest.mark.parametrize("vendor", [vendor for vendor, story in STORIES.items() if story.answered_by])
def test_a_call_that_is_passed_on_is_not_over_in_between(vendor: str) -> None:
    """In their order, the events show the call open until its last leg has ended."""
    story = STORIES[vendor]
    statuses = [folded(story.events[:count]).status for count in range(1, len(story.events) + 1)]
    first_over = next(index for index, status in enumerate(statuses) if status is not CallStatus.OPEN)
    assert story.hooks[first_over].request.now >= later(story.talk)
    assert set(statuses[first_over:]) == {CallStatus.ACCEPTED}


def closing(call_id: str = "c") -> Received:
    at = later(4 * 3600)
    return at, CallEvent("closed", call_id, at=at, closing=True)


@pytest.mark.parametrize("vendor", CARRIERS)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_real_end_wins_over_the_clocks_whenever_either_comes(vendor: str, data: st.DataObject) -> None:
    events, real = EVENTS[vendor], folded(EVENTS[vendor])
    shuffled = data.draw(st.permutations([*events, closing(events[0][1].call_id)]))
    call = folded(shuffled)
    assert (call.ended_at, call.talk_seconds, call.status, call.end_missing, call.legs) == (
        real.ended_at,
        real.talk_seconds,
        real.status,
        False,
        real.legs,
    )


@pytest.mark.parametrize("vendor", CARRIERS)
def test_without_a_word_of_its_end_the_clock_ends_a_call_when_it_was_last_heard_of(vendor: str) -> None:
    first = EVENTS[vendor][0]
    closed = closing(first[1].call_id)
    call = folded([first, closed])
    assert (call.status, call.talk_seconds, call.end_missing) == (CallStatus.MISSED, 0, True)
    assert (call.ended_at, call.events) == (NOW, 2)
    assert folded([closed, first]) == call
    assert folded([first]).status is CallStatus.OPEN


def reported(**says: object) -> Received:
    return NOW, CallEvent(str(sorted(says)), "c", at=NOW, **says)  # type: ignore[arg-type]


def test_somebody_who_answered_talked_even_if_nobody_said_how_long() -> None:
    call = folded([reported(answered_at=NOW), closing()])
    assert (call.status, call.talk_seconds) == (CallStatus.ACCEPTED, 1)
    heard = (later(30), CallEvent("hold", "c", at=later(30)))
    assert folded([reported(answered_at=NOW), heard, closing()]).talk_seconds == 30


def test_a_recording_gives_the_talk_of_a_call_without_an_end() -> None:
    assert folded([reported(recording_seconds=44), closing()]).talk_seconds == 44
    rang = reported(leg="l", rang_at=NOW)
    assert folded([rang, reported(recording_seconds=44), closing()]).talk_seconds == 0  # of the ringing


def test_two_that_talk_at_once_do_not_count_twice() -> None:
    legs = [
        reported(leg="a", who="1", answered_at=NOW, ended_at=later(50)),
        reported(leg="b", who="2", answered_at=later(40), left_at=later(60)),
    ]
    assert folded(legs).talk_seconds == 60


def test_a_busy_telephone_is_no_busy_call_while_another_rings() -> None:
    busy = reported(leg="a", who="1", status=CallStatus.BUSY, ended_at=later(2))
    ringing = reported(leg="b", who="2", rang_at=later(3))
    assert folded([busy, ringing]).status is CallStatus.OPEN
    assert folded([busy]).status is CallStatus.BUSY


def test_the_carriers_own_count_of_waiting_wins() -> None:
    call = folded(
        [reported(started_at=NOW, answered_at=later(20), wait_seconds=12), reported(ended_at=NOW + timedelta(60))]
    )
    assert (call.wait_seconds, call.ring_seconds) == (12, 20)
