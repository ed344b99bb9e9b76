"""The page and its lease over hours: what it shows ends when the lease ends, with any tabs and clocks."""

from __future__ import annotations

import random

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.hours import ELSEWHERE, GRACE, HOLD, IDLE, LOOKS, RENEW, Hours
from tests.fakes.website import OWN_NUMBER, Website, at_rest, lent

pytestmark = pytest.mark.browser

HOUR, DAY = 3_600, 86_400
FIRST, SECOND = "+74990000000", "+74990000001"


@pytest.fixture
def hours(context: BrowserContext, website: Website) -> Hours:
    return Hours(context, website)


def idle(hours: Hours) -> None:
    """Nobody touches anything until every lease has ended; none is shown for longer."""
    for _ in range((IDLE + HOLD) // LOOKS + 1):
        hours.wait(LOOKS)
        assert all(shown == OWN_NUMBER or hours.service.runs(shown) for shown in map(hours.shown, hours.tabs))


# ---- the end of a lease


def test_a_page_that_nobody_touches_shows_its_own_number_again_when_the_lease_ends(hours: Hours) -> None:
    tab = hours.open()
    while hours.shown(tab) == FIRST and hours.service.now < 2 * IDLE:
        hours.wait(LOOKS)
    assert hours.shown(tab) == OWN_NUMBER
    assert IDLE < hours.service.now == hours.service.ends[FIRST] <= IDLE + HOLD


def test_the_lease_is_renewed_in_time_while_the_page_is_used(hours: Hours) -> None:
    tab = hours.open()
    for _ in range(HOUR // 60):
        hours.touch(tab)
        hours.wait(60)
        assert hours.shown(tab) == FIRST
    assert hours.asked == 1 + HOUR // RENEW
    assert all(body["lease"] == f"lease of {FIRST}" for body in hours.website.bodies("number")[1:])


def test_a_lease_shorter_than_half_a_minute_is_renewed_when_it_says(hours: Hours) -> None:
    hours.website.answer = lent(FIRST, expires_in=20, renew_in=10)
    tab = hours.open()
    for asked in range(1, 6):
        hours.wait(9)
        assert (hours.shown(tab), hours.asked) == (FIRST, asked)
        hours.wait(1)
        assert (hours.shown(tab), hours.asked) == (FIRST, asked + 1)


def test_a_page_that_nobody_touches_asks_nothing_and_has_no_timer_once_its_lease_has_ended(hours: Hours) -> None:
    tab = hours.open()
    idle(hours)
    tab.evaluate("() => { timers = 0; const set = setTimeout; setTimeout = (...all) => (timers++, set(...all)) }")
    asked = hours.asked
    for _ in range(20):
        hours.wait(HOUR)
    assert (hours.asked, hours.shown(tab), tab.evaluate("timers")) == (asked, OWN_NUMBER, 0)


USES = {
    "pointer": lambda tab: tab.mouse.move(10, 10),
    "click": lambda tab: tab.mouse.down(),
    "key": lambda tab: tab.keyboard.press("Shift"),
    "wheel": lambda tab: tab.mouse.wheel(0, 1),
    "scroll": lambda tab: tab.evaluate("() => new Promise((done) => { onscroll = done; scrollTo(0, 500); })"),
    "touch": lambda tab: tab.context.new_cdp_session(tab).send(
        "Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": 10, "y": 10}]}
    ),
    "focus": lambda tab: tab.evaluate("window.dispatchEvent(new Event('focus'))"),
    "visible": lambda tab: tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))"),
    "back": lambda tab: tab.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))"),
}


@pytest.mark.parametrize("use", USES)
def test_the_first_use_after_the_end_asks_again_with_the_lease_that_ended(hours: Hours, use: str) -> None:
    tab = hours.open()
    idle(hours)
    asked = hours.asked
    USES[use](tab)
    assert len(hours.website.wait_for("number", asked + 1)) == asked + 1
    hours.settle()
    assert hours.shown(tab) == SECOND
    last = hours.website.bodies("number")[-1]
    assert (last["visitor_id"], last["lease"]) == ("v-1", f"lease of {FIRST}")


def test_what_a_page_does_by_itself_is_no_use_of_it(hours: Hours) -> None:
    tab = hours.open()
    tab.evaluate("document.body.insertAdjacentHTML('beforeend', '<div id=slides><p>1</p></div>')")
    for _ in range((IDLE + HOLD) // LOOKS + 1):
        tab.evaluate("document.querySelector('#slides').dispatchEvent(new Event('scroll'))")
        tab.evaluate("document.querySelector('#slides').dispatchEvent(new FocusEvent('focus'))")
        hours.wait(LOOKS)
    assert hours.shown(tab) == OWN_NUMBER


def test_the_overflow_number_ends_like_a_lent_one_and_is_asked_for_again(hours: Hours) -> None:
    overflow = "+74990000099"
    hours.service.ends[overflow] = DAY
    hours.website.answer = lent(overflow, kind="overflow", lease=None, expires_in=HOLD, renew_in=RENEW)
    tab = hours.open()
    assert hours.shown(tab) == overflow
    idle(hours)
    assert hours.shown(tab) == OWN_NUMBER
    hours.touch(tab)
    assert hours.shown(tab) == overflow


def test_where_the_lease_is_somebody_elses_by_now_the_overflow_number_is_shown(hours: Hours) -> None:
    tab = hours.open()
    idle(hours)
    hours.website.answer = lent("+74990000099", kind="overflow", lease=None)
    hours.touch(tab)
    assert hours.shown(tab) == "+74990000099"


# ---- a service that does not answer


def test_a_lease_that_cannot_be_renewed_is_shown_to_its_end_and_no_second_longer(hours: Hours) -> None:
    tab = hours.open()
    hours.website.status = 503
    hours.wait(HOLD - 1)
    hours.touch(tab)
    assert (hours.shown(tab), hours.asked) == (FIRST, 2)
    hours.wait(1)
    assert hours.shown(tab) == OWN_NUMBER


def test_a_service_that_is_silent_at_the_renewal_does_not_prolong_the_lease(hours: Hours) -> None:
    tab = hours.open()
    hours.website.answering.clear()
    hours.wait(HOLD - 1)
    hours.website.wait_for("number", 2)
    assert hours.shown(tab) == FIRST
    hours.wait(1)
    assert hours.shown(tab) == OWN_NUMBER


def test_a_service_that_fails_is_asked_twice_a_minute_while_the_page_is_used(hours: Hours) -> None:
    tab = hours.open()
    hours.website.status = 503
    hours.wait(HOLD)
    asked = hours.asked
    for _ in range(30):
        hours.touch(tab)
        hours.wait(10)
    assert hours.asked - asked == 10
    hours.website.status = 200
    hours.wait(LOOKS)
    assert hours.shown(tab) == SECOND


def test_back_on_line_the_service_is_asked_at_once(hours: Hours) -> None:
    tab = hours.open()
    hours.sleep(2 * HOUR)
    hours.website.status = 503
    hours.touch(tab)
    hours.website.status = 200
    hours.touch(tab)
    assert (hours.shown(tab), hours.asked) == (OWN_NUMBER, 2)
    tab.evaluate("window.dispatchEvent(new Event('online'))")
    hours.settle()
    assert hours.shown(tab) == SECOND


def test_a_lease_is_counted_from_when_it_was_asked_for_not_from_when_the_answer_came(hours: Hours) -> None:
    hours.website.answering.clear()
    tab = hours.open()
    hours.website.wait_for("number", 1)
    hours.wait(3)
    hours.website.answering.set()
    at_rest(tab)
    hours.settle()
    assert hours.shown(tab) == FIRST
    hours.website.status = 503
    hours.wait(HOLD - 3)
    assert hours.shown(tab) == OWN_NUMBER


def test_an_answer_after_the_timeout_changes_nothing(hours: Hours) -> None:
    hours.website.answering.clear()
    tab = hours.open()
    hours.website.wait_for("number", 1)
    hours.wait(4)
    hours.website.answering.set()
    hours.settle()
    assert hours.shown(tab) == OWN_NUMBER


def test_an_answer_that_slept_with_the_machine_is_not_shown(hours: Hours) -> None:
    hours.website.answering.clear()
    tab = hours.open()
    hours.website.wait_for("number", 1)
    hours.sleep(2 * HOUR)
    hours.website.answering.set()
    hours.settle()
    assert (hours.shown(tab), hours.asked) == (OWN_NUMBER, 1)
    hours.touch(tab)
    assert hours.shown(tab) == SECOND


# ---- sleep, and clocks that are set


def test_after_sleep_the_first_use_takes_the_ended_number_away_before_anything_is_answered(hours: Hours) -> None:
    tab = hours.open()
    hours.sleep(2 * HOUR)
    hours.website.answering.clear()
    hours.move_pointer(tab)
    assert hours.shown(tab) == OWN_NUMBER
    hours.website.answering.set()
    hours.settle()
    assert hours.shown(tab) == SECOND


@pytest.mark.parametrize("covered", [False, True])
def test_after_sleep_the_ended_number_goes_within_half_a_minute_untouched(hours: Hours, covered: bool) -> None:
    tab = hours.open()
    hours.cover(tab, covered)
    hours.sleep(2 * HOUR)
    hours.wait(LOOKS)
    assert (hours.shown(tab), hours.asked) == (OWN_NUMBER, 1)


def test_a_short_sleep_costs_nothing(hours: Hours) -> None:
    tab = hours.open()
    hours.sleep(RENEW - LOOKS - 1)
    hours.wait(LOOKS)
    hours.touch(tab)
    assert (hours.shown(tab), hours.asked) == (FIRST, 1)


def test_timers_that_fire_hours_late_find_the_lease_ended(hours: Hours) -> None:
    tab = hours.open()
    hours.wait(5 * HOUR)
    assert (hours.shown(tab), hours.asked) == (OWN_NUMBER, 1)
    hours.touch(tab)
    assert hours.shown(tab) == SECOND


@pytest.mark.parametrize("status", [200, 503])
@pytest.mark.parametrize("back", [100, HOLD, HOUR, 400 * DAY])
def test_a_clock_that_is_set_back_prolongs_no_lease(hours: Hours, back: int, status: int) -> None:
    tab = hours.open()
    hours.wait(RENEW - LOOKS)
    hours.set_clock(-back)
    hours.website.status = status
    idle(hours)
    assert hours.shown(tab) == OWN_NUMBER
    hours.website.status = 200
    hours.touch(tab)
    assert hours.shown(tab) == SECOND


def test_after_the_clock_was_set_back_the_lease_goes_on_while_the_page_is_used(hours: Hours) -> None:
    tab = hours.open()
    hours.wait(LOOKS)
    hours.set_clock(-HOUR)
    for _ in range(HOUR // 60):
        hours.touch(tab)
        hours.wait(60)
        assert hours.shown(tab) == FIRST
    idle(hours)
    assert hours.shown(tab) == OWN_NUMBER


def test_a_clock_that_was_set_back_keeps_no_page_from_asking_again(hours: Hours) -> None:
    tab = hours.open()
    hours.website.status = 503
    hours.wait(HOLD)
    hours.set_clock(-30 * DAY)
    hours.wait(LOOKS)
    hours.website.status = 200
    hours.wait(LOOKS)
    assert hours.shown(tab) == SECOND
    idle(hours)
    asked = hours.asked
    hours.touch(tab)
    assert hours.asked == asked + 1
    assert hours.service.runs(hours.shown(tab))


def test_a_lease_seen_after_the_clock_was_set_back_goes_by_the_clock_as_it_is(hours: Hours) -> None:
    first, second = hours.open(), hours.open()
    hours.set_clock(-HOUR)
    hours.wait(RENEW)
    assert (hours.shown(first), hours.shown(second), hours.asked) == (FIRST, FIRST, 2)
    hours.set_clock(-200)
    idle(hours)
    assert (hours.shown(first), hours.shown(second)) == (OWN_NUMBER, OWN_NUMBER)


def test_a_clock_that_is_set_ahead_costs_one_more_question(hours: Hours) -> None:
    tab = hours.open()
    hours.wait(LOOKS)
    hours.set_clock(DAY)
    hours.touch(tab)
    assert (hours.shown(tab), hours.asked) == (FIRST, 2)


def test_a_stored_lease_from_the_future_is_not_believed(hours: Hours) -> None:
    first = hours.open()
    hours.set_clock(-HOUR)
    hours.website.answering.clear()
    second = hours.open()
    assert hours.shown(second) == OWN_NUMBER
    hours.website.answering.set()
    hours.settle()
    assert (hours.shown(first), hours.shown(second), hours.asked) == (FIRST, FIRST, 2)
    idle(hours)


# ---- two tabs


def test_a_lease_renewed_by_one_tab_keeps_the_number_of_the_other(hours: Hours) -> None:
    used, other = hours.open(), hours.open()
    hours.cover(other, True)
    for _ in range(HOUR // 60):
        hours.touch(used)
        hours.wait(60)
        assert (hours.shown(used), hours.shown(other)) == (FIRST, FIRST)
    assert hours.asked == 1 + HOUR // RENEW


def test_a_lease_ends_in_both_tabs_and_begins_in_both(hours: Hours) -> None:
    used, other = hours.open(), hours.open()
    idle(hours)
    assert (hours.shown(used), hours.shown(other)) == (OWN_NUMBER, OWN_NUMBER)
    asked = hours.asked
    hours.touch(used)
    assert (hours.shown(used), hours.shown(other), hours.asked) == (SECOND, SECOND, asked + 1)


def test_a_number_that_changed_in_one_tab_changes_in_the_other(hours: Hours) -> None:
    used, other = hours.open(), hours.open()
    hours.service.ends[FIRST] = -1  # it was archived
    hours.wait(RENEW)
    assert (hours.shown(used), hours.shown(other)) == (SECOND, SECOND)


def test_a_tab_that_missed_the_word_of_the_other_reads_what_is_stored(hours: Hours) -> None:
    deaf = hours.context.new_page()
    deaf.add_init_script("addEventListener('storage', (event) => event.stopImmediatePropagation(), true)")
    deaf.goto(hours.website.address())
    at_rest(deaf)
    used = hours.open()
    for _ in range(2 * HOLD // LOOKS):
        hours.touch(used)
        hours.wait(LOOKS)
        assert (hours.shown(used), hours.shown(deaf)) == (FIRST, FIRST)


def test_a_number_given_back_by_another_tab_ends_here_as_well(hours: Hours) -> None:
    left, frozen = hours.open(), hours.open()
    hours.cover(frozen, True)
    left.evaluate("key => localStorage.removeItem(key)", "callpath.pk_test.tabs")  # as if it had been frozen long
    hours.leave(left)
    assert len(hours.website.bodies("release")) == 1
    hours.wait(GRACE - 1)
    assert hours.shown(frozen) == FIRST
    hours.wait(1)
    assert (hours.shown(frozen), hours.asked) == (OWN_NUMBER, 1)


# ---- what is stored


def test_a_stored_number_whose_lease_has_ended_is_not_shown(hours: Hours) -> None:
    tab = hours.open()
    hours.leave(tab)
    hours.wait(DAY)
    hours.website.answering.clear()
    hours.open("/", tab)
    assert hours.shown(tab) == OWN_NUMBER
    hours.website.wait_for("number", 2)


def test_a_stored_number_whose_lease_runs_is_shown_before_the_answer(hours: Hours) -> None:
    tab = hours.open()
    hours.leave(tab)
    hours.wait(GRACE - 1)
    hours.website.answering.clear()
    hours.open("/", tab)
    assert hours.shown(tab) == FIRST


@pytest.mark.parametrize("kind", ["overflow", "original"])
def test_the_last_lease_is_sent_on_every_return_after_any_answer(hours: Hours, kind: str) -> None:
    tab = hours.open()
    hours.leave(tab)
    hours.website.answer = lent("+74990000099", kind=kind, lease=None)
    for _ in range(3):
        hours.wait(100 * DAY)
        hours.open("/", tab)
        hours.leave(tab)
    returns = hours.website.bodies("number")[1:]
    assert [(body["visitor_id"], body["lease"]) for body in returns] == [("v-1", f"lease of {FIRST}")] * 3


# ---- leaving


def test_leaving_gives_the_number_back_once(hours: Hours) -> None:
    tab = hours.open()
    hours.leave(tab)
    assert hours.website.bodies("release") == [{"visitor_id": "v-1", "lease": f"lease of {FIRST}"}]


def test_only_the_last_tab_gives_the_number_back(hours: Hours) -> None:
    first, second = hours.open(), hours.open()
    hours.leave(first)
    assert hours.website.bodies("release") == []
    hours.leave(second)
    assert len(hours.website.bodies("release")) == 1


def test_a_page_that_is_left_twice_gives_back_once_until_it_is_lent_a_number_again(hours: Hours) -> None:
    tab = hours.open()
    hide = "window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))"
    show = "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
    hours.website.status = 503
    for script in (hide, show, hide, show):
        tab.evaluate(script)
        hours.settle()
    assert tab.evaluate("localStorage.getItem('sent')") == "release "
    hours.website.status = 200
    hours.wait(LOOKS)
    hours.leave(tab)
    assert len(hours.website.bodies("release")) == 2


def test_a_lease_that_has_ended_is_not_given_back(hours: Hours) -> None:
    tab = hours.open()
    idle(hours)
    hours.leave(tab)
    assert hours.website.bodies("release") == []


def test_an_overflow_number_is_not_given_back(hours: Hours) -> None:
    tab = hours.open()
    idle(hours)
    hours.website.answer = lent("+74990000099", kind="overflow", lease=None)
    hours.touch(tab)
    hours.leave(tab)
    assert hours.website.bodies("release") == []


def test_after_a_click_on_the_number_it_is_kept_for_that_lease(hours: Hours) -> None:
    hours.website.answer = lent(FIRST, expires_in=HOLD, renew_in=RENEW)
    tab = hours.open()
    tab.click("#call")
    hours.wait(RENEW)
    assert hours.asked == 2
    hours.leave(tab)
    assert hours.website.bodies("release") == []
    hours.wait(HOUR)
    hours.open("/", tab)
    assert hours.shown(tab) == FIRST
    hours.leave(tab)
    assert len(hours.website.bodies("release")) == 1


# ---- everything at once


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 10])
def test_no_page_ever_shows_a_number_whose_lease_has_ended(hours: Hours, seed: int) -> None:
    rng, failed_at = random.Random(seed), float(-HOUR)
    tabs = [hours.open(), hours.open(), hours.open()]
    for _ in range(60):
        tab, step = rng.choice(tabs), rng.randrange(10)
        away = tab.url.endswith(ELSEWHERE)
        if step == 0:
            hours.open("/", tab) if away else hours.leave(tab)
        elif step == 1:
            hours.cover(tab, rng.random() < 0.5)
        elif step == 2:
            hours.sleep(rng.uniform(1, 2 * HOUR))
            hours.wait(LOOKS)
        elif step == 3:
            hours.set_clock(rng.choice([HOUR, -30 * DAY]))
            hours.wait(LOOKS)
        elif step == 4:
            hours.website.status = rng.choice([200, 503])
        elif step < 7:
            hours.wait(rng.uniform(1, 900))
        else:
            hours.touch(tab)
        if hours.website.status != 200:
            failed_at = hours.service.now
        open_tabs = [each for each in tabs if not each.url.endswith(ELSEWHERE)]
        assert all(shown == OWN_NUMBER or hours.service.runs(shown) for shown in map(hours.shown, open_tabs))
        if step >= 7 and tab in open_tabs and not covered(tab) and hours.service.now > failed_at + LOOKS:
            assert hours.service.runs(hours.shown(tab))


def covered(tab: Page) -> bool:
    return bool(tab.evaluate("document.hidden"))
