"""The truth, by stories short enough to reckon in the head."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from infra.demo.compare import differences, table
from infra.demo.events import Answer, Call, Contact, Deal, Person, Spend, Step, Story, Visit
from infra.demo.expected import Truth, truth_of
from infra.demo.sources import DIRECT, MOSCOW, PLACEMENTS, SOURCES

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
ANNA, BORIS = Person(1, "+79160000001"), Person(2, "+79160000002")
SEARCH = SOURCES[0]


def visit(key: int, person: Person, minutes: int, source: object = SEARCH, **changes: object) -> Visit:
    at = NOON + timedelta(minutes=minutes)
    plain = Visit(key, person, MOSCOW, SEARCH, at, at + timedelta(minutes=5), says_goodbye=True)
    return dataclasses.replace(plain, source=source, **changes)  # type: ignore[arg-type]


def call(key: int, minutes: int, person: Person | None = ANNA, talk: int = 60, **how: object) -> Call:
    return Call(key, NOON + timedelta(minutes=minutes), person, 5, talk, **how)  # type: ignore[arg-type]


def truth_for(
    visits: list[Visit],
    calls: list[Call],
    deals: list[Deal] | None = None,
    cost: str = "0",
    contacts: tuple[Contact, ...] = (),
) -> Truth:
    named = (SEARCH.channel, SEARCH.source, SEARCH.medium, SEARCH.campaign, SEARCH.campaign_name, SEARCH.keyword)
    spend = (Spend(DAY, *named, cost=Decimal(cost)),) if Decimal(cost) else ()
    return truth_of(Story(DAY, DAY, tuple(visits), tuple(contacts), tuple(calls), tuple(deals or ()), spend))


def test_a_direct_return_is_credited_to_what_brought_the_visitor_first() -> None:
    first, again = visit(1, ANNA, 0), visit(2, ANNA, 240, DIRECT)
    truth = truth_for([first, again], [call(1, 242, visit=again)])
    assert set(truth.tables["channel"]) == {"paid_search"}
    assert set(truth.tables["keyword"]) == {"купить окна"}


def test_an_arrival_after_the_call_does_not_count() -> None:
    first, later = visit(1, ANNA, 0, DIRECT), visit(2, ANNA, 240)
    assert set(truth_for([first, later], [call(1, 2, visit=first)]).tables["channel"]) == {"direct"}


def test_overflow_and_remembered_numbers_are_nobodys_source() -> None:
    shared = visit(1, ANNA, 0, overflow=True)
    truth = truth_for([shared], [call(1, 1, visit=shared), call(2, 600, BORIS, remembered=MOSCOW.numbers[0])])
    assert set(truth.tables["channel"]) == {"overflow", "unknown"}
    assert truth.accuracy == Decimal("50.00")


def test_money_comes_out_as_the_formulas_say() -> None:
    seen = visit(1, ANNA, 0)
    called = call(1, 1, visit=seen)
    won = Step(NOON + timedelta(days=2, minutes=1), "won", Decimal(90000), Decimal(20000))
    truth = truth_for([seen], [called], [Deal("A-1", ANNA, (won,), called)], cost="15000")
    row = truth.tables["channel"]["paid_search"]
    assert (row["roi"], row["romi"]) == (Decimal("500.00"), Decimal("33.33"))
    assert (row["cost_per_order"], row["conversion"], row["sales_cycle"]) == (Decimal(15000), Decimal(100), Decimal(2))


def test_a_deal_opened_by_hand_belongs_to_the_latest_call_that_came_in() -> None:
    calls = [call(1, 1, placement=PLACEMENTS[2]), call(2, 60, talk=0, placement=PLACEMENTS[0])]
    calls.append(call(3, 90, back_to=calls[1]))
    by_hand = Deal("H-1", ANNA, (Step(NOON + timedelta(minutes=100), "won", Decimal(100), Decimal(10)),))
    truth = truth_for([], calls, [by_hand])
    assert truth.tables["channel"]["classifieds"]["deals"] == 1
    assert truth.tables["channel"]["offline"]["deals"] == 0


def test_a_known_callers_call_that_shows_nothing_is_credited_as_the_latest_one_that_did() -> None:
    seen, shared = visit(1, ANNA, 0), visit(2, ANNA, 100, DIRECT, overflow=True)
    calls = [call(1, 1, visit=seen), call(2, 101, visit=shared), call(3, 120, placement=PLACEMENTS[0])]
    truth = truth_for([seen, shared], [*calls, call(4, 150, visit=shared), call(5, 160, None, visit=shared)])
    assert {channel: row["calls"] for channel, row in truth.tables["channel"].items()} == {
        "paid_search": 2,
        "classifieds": 2,
        "overflow": 1,
    }
    assert truth.accuracy == Decimal("25.00")


def test_a_missed_caller_is_called_back_on_any_day_but_gets_through_alone_only_on_the_same() -> None:
    missed = call(1, 0, talk=0, placement=PLACEMENTS[0])
    assert truth_for([], [missed, call(2, 60, back_to=missed)]).total["called_back"] == 1
    assert truth_for([], [missed, call(2, 14 * 60, back_to=missed)]).total["called_back"] == 1
    assert truth_for([], [missed, call(2, 15 * 24 * 60, back_to=missed)]).total["called_back"] == 0
    assert truth_for([], [missed, call(2, 60, placement=PLACEMENTS[0])]).total["called_back"] == 1
    assert truth_for([], [missed, call(2, 14 * 60, placement=PLACEMENTS[0])]).total["called_back"] == 0
    assert truth_for([], [missed, call(2, 60, BORIS, placement=PLACEMENTS[0])]).total["called_back"] == 0


def test_repeated_callers_are_one_and_withheld_ones_are_each_another() -> None:
    calls = [call(1, 0, placement=PLACEMENTS[0]), call(2, 30, placement=PLACEMENTS[0])]
    calls += [call(3, 60, None, placement=PLACEMENTS[0]), call(4, 90, None, placement=PLACEMENTS[0])]
    total = truth_for([], calls).total
    assert (total["calls"], total["unique"]) == (Decimal(4), Decimal(3))


def won(minutes: int) -> tuple[Step, ...]:
    return (Step(NOON + timedelta(minutes=minutes), "won", Decimal(100), Decimal(10)),)


def test_a_keyed_promo_code_counts_before_the_shared_number() -> None:
    shared = visit(1, ANNA, 0, overflow=True, shows_code=True)
    truth = truth_for([shared], [call(1, 2, visit=shared, code_of=shared)])
    assert set(truth.tables["channel"]) == {"paid_search"}
    assert truth.accuracy == Decimal("0.00")


def test_a_deal_comes_from_its_visitors_latest_form_and_a_form_counts_by_itself() -> None:
    first, again = visit(1, ANNA, 0), visit(2, ANNA, 60, SOURCES[7])
    form = Contact(1, first, NOON + timedelta(minutes=1), "form")
    chat = Contact(2, again, NOON + timedelta(minutes=61), "chat")
    seen = Contact(3, again, NOON + timedelta(minutes=62), "reveal")
    deal = Deal("C-1", ANNA, won(90), contact=form, with_phone=False)
    truth = truth_for([first, again], [], [deal], contacts=(form, chat, seen))
    assert truth.tables["channel"]["paid_social"]["deals"] == 1
    assert truth.contacts["channel"]["paid_search"]["form"] == 1
    assert truth.contacts["channel"]["paid_social"]["chat"] == truth.contacts["channel"]["paid_social"]["reveal"] == 1
    assert truth.contacts_total["promo_shown"] == 0


def test_a_deal_by_its_number_comes_from_the_latest_call_or_form_that_named_it() -> None:
    first, again = visit(1, ANNA, 0), visit(2, ANNA, 60, SOURCES[7])
    form = Contact(1, again, NOON + timedelta(minutes=61), "form", leaves_phone=True)
    called = call(1, 1, visit=first)
    early, late = Deal("H-1", ANNA, won(30)), Deal("H-2", ANNA, won(90))
    truth = truth_for([first, again], [called], [early, late], contacts=(form,))
    assert truth.tables["channel"]["paid_search"]["deals"] == truth.tables["channel"]["paid_social"]["deals"] == 1


def test_a_promo_code_leads_to_the_first_time_its_page_showed_it() -> None:
    first, other, again = visit(1, ANNA, 0, DIRECT, shows_code=True), visit(2, ANNA, 60), visit(3, ANNA, 120, DIRECT)
    again = dataclasses.replace(again, shows_code=True)
    deal = Deal("P-1", ANNA, won(200), code_of=again, with_phone=False)
    truth = truth_for([first, other, again], [], [deal])
    assert truth.tables["channel"]["direct"]["deals"] == 1
    assert truth.contacts_total["promo_shown"] == 1


def test_the_last_step_of_a_card_counts() -> None:
    steps = (*won(60), Step(NOON + timedelta(minutes=90), "lost"))
    called = call(1, 1, placement=PLACEMENTS[0])
    total = truth_for([], [called], [Deal("A-1", ANNA, steps, called)]).total
    assert (total["leads"], total["deals"], total["revenue"]) == (Decimal(1), Decimal(0), Decimal("0.00"))


def test_what_an_operator_noted_counts_before_what_a_deal_says() -> None:
    search, friends = Answer("Яндекс", "search", frozenset({"paid_search"})), Answer("Друзья", "word_of_mouth")
    seen = visit(1, ANNA, 0)
    noted = call(1, 1, visit=seen, answer=search)
    other = call(2, 5, BORIS, placement=PLACEMENTS[0])
    deals = [Deal("A-1", ANNA, won(60), noted, answer=friends), Deal("A-2", BORIS, won(60), other, answer=friends)]
    truth = truth_for([seen], [noted, other], deals)
    assert dict(truth.cells) == {("paid_search", "search"): 1, ("classifieds", "word_of_mouth"): 1}
    assert truth.answers is not None
    assert [truth.answers[name] for name in ("asked", "agreeing", "claimed")] == [Decimal(2), Decimal(1), Decimal(1)]
    assert truth.answers["agreement_percent"] == Decimal("50.00")


def report_of(truth: Truth) -> dict[str, object]:
    """Return a report that says exactly the truth."""
    groupings = {
        by: {"rows": [{by: value, **figures} for value, figures in rows.items()], "total": dict(truth.total)}
        for by, rows in truth.tables.items()
    }
    contacts = {
        by: {"rows": [{by: value, **counts} for value, counts in rows.items()], "total": dict(truth.contacts_total)}
        for by, rows in truth.contacts.items()
    }
    cells = [{"measured": m, "told": t, "calls": count} for (m, t), count in truth.cells.items()]
    others = [{"answer": words, "count": count} for words, count in truth.others.items()]
    answers = {**truth.answers, "cells": cells, "others": others} if truth.answers else None
    return {
        "groupings": groupings,
        "tracking_accuracy": truth.accuracy,
        "contacts": contacts,
        "self_reported": answers,
    }


def test_a_true_report_has_no_differences() -> None:
    seen = visit(1, ANNA, 0)
    truth = truth_for([seen], [call(1, 1, visit=seen)], cost="10")
    assert differences(truth, report_of(truth)) == []


def test_contacts_and_answers_that_differ_are_named() -> None:
    seen = visit(1, ANNA, 0)
    form = Contact(1, seen, NOON + timedelta(minutes=1), "form")
    answer = Answer("Яндекс", "search", frozenset({"paid_search"}))
    truth = truth_for([seen], [call(1, 1, visit=seen, answer=answer)], contacts=(form,))
    report = report_of(truth)
    report["contacts"]["channel"]["rows"][0]["form"] = Decimal(2)  # type: ignore[index]
    report["self_reported"]["cells"][0]["told"] = "social"  # type: ignore[index]
    assert differences(truth, report) == [
        "answers paid_search × social: in the report, but not in the truth",
        "answers: paid_search × search is 1, but the report says -",
        "contacts by channel paid_search: form is 1, but the report says 2",
    ]


def test_every_figure_that_differs_is_named() -> None:
    seen = visit(1, ANNA, 0)
    truth = truth_for([seen], [call(1, 1, visit=seen), call(2, 2, BORIS, placement=PLACEMENTS[2])])
    report = report_of(truth)
    rows = report["groupings"]["channel"]["rows"]  # type: ignore[index]
    rows[0]["calls"] += 1
    rows[1]["channel"] = "elsewhere"
    report["tracking_accuracy"] = None
    assert differences(truth, report) == [
        "channel elsewhere: in the report, but not in the truth",
        "channel offline: not in the report",
        "channel paid_search: calls is 1, but the report says 2",
        "the report: tracking_accuracy is 100.00, but the report says -",
    ]
    assert sum("<-- differs" in line for line in table(truth, report, "channel")) == 2
