"""What a customer says brought them: one form, no number in it, and the channel it means."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.attribution.self_reported_answer import self_reported_by_call, self_reported_of, shown_kind
from chalicelib.calls import self_reported_words
from chalicelib.calls.evidence import AttributedCall, EvidenceKind
from chalicelib.calls.self_reported import SelfReported
from chalicelib.calls.self_reported_words import agrees, channel_of, normal, parse, shown
from chalicelib.calls.types import Direction
from chalicelib.registry.types import SelfReportedRule
from chalicelib.visits.channels import CHANNELS
from tests.attribution.test_credit import CALL, attributed


@pytest.mark.parametrize(
    ("answer", "channel"),
    [
        ("Яндекс", "search"),
        ("нашёл в Яндексе", "search"),
        ("гугл", "search"),
        ("Google search", "search"),
        ("яндекс директ", "paid_search"),
        ("Яндекс.Карты", "maps"),
        ("2ГИС", "maps"),
        ("Авито", "classifieds"),
        ("avito", "classifieds"),
        ("знакомые посоветовали", "word_of_mouth"),
        ("по рекомендации коллеги", "word_of_mouth"),
        ("сарафанное радио", "word_of_mouth"),
        ("a friend recommended you", "word_of_mouth"),
        ("Word of mouth", "word_of_mouth"),
        ("уже заказывали у вас", "returning"),
        ("регулярно, постоянный клиент", "returning"),
        ("по радио", "offline"),
        ("radio", "offline"),
        ("увидел билборд на МКАДе", "offline"),
        ("группа ВК", "social"),
        ("Instagram", "social"),
        ("Телеграм-канал", "messenger"),
        ("спросил у ChatGPT", "ai"),
        ("в интернете", "internet"),
        ("советская улица", None),
        ("пыталась вспомнить", None),
    ],
)
def test_what_people_say_is_read(answer: str, channel: str | None) -> None:
    assert channel_of(normal(answer)) == channel


def test_an_answer_has_one_form() -> None:
    forms = (" Знакомые   посоветовали! ", "«знакомые посоветовали»", "ЗНАКОМЫЕ\tПОСОВЕТОВАЛИ.")
    assert {normal(form) for form in forms} == {"знакомые посоветовали"}
    assert normal("нашёл") == normal("НАШЕЛ")
    assert len(normal("слово " * 100)) <= self_reported_words.LONGEST


@pytest.mark.parametrize(
    "number", ["+79160000001", "8 (916) 000-00-01", "８９１６０００００01", "916.000.00.01", "4990000001"]
)
def test_a_telephone_number_or_an_address_is_never_kept(number: str) -> None:
    kept = normal(f"сосед, тел. {number}, посоветовал")
    assert kept == "сосед, тел. [*], посоветовал"
    assert normal(f"{number} ivan.petrov@mail.example") == "[*] [*]"
    assert shown(SelfReported(normal("ivan@mail.example"), "other")) == "other: [*]"


@given(st.text(max_size=400))
def test_any_text_in_its_form_stays_as_it_is_and_holds_no_number(text: str) -> None:
    once = normal(text)
    assert normal(once) == once
    assert sum(1 for _ in self_reported_words.PRIVATE.finditer(once)) == 0


def test_an_empty_answer_is_none() -> None:
    assert [parse(text) for text in (None, "", "  ", "!?", '""')] == [None] * 5


def test_an_accounts_own_reading_comes_before_the_dictionary() -> None:
    rules = (SelfReportedRule("Партнёры", ("яндекс услуг*", "профи ру")), SelfReportedRule("word_of_mouth", ("брат",)))
    assert channel_of("через яндекс услуги", rules) == "Партнёры"
    assert channel_of("через яндекс", rules) == "search"
    assert channel_of("профи.ру", rules) == "Партнёры"
    assert channel_of("брат") is None
    assert channel_of("брат", rules) == "word_of_mouth"


def test_what_the_dictionary_does_not_know_keeps_its_words_until_they_are_erased() -> None:
    kept = parse("Плакат в клубе")
    assert kept == SelfReported("плакат в клубе", "other")
    assert shown(kept) == "other: плакат в клубе"
    assert shown(kept, (SelfReportedRule("offline", ("плакат*",)),)) == "offline"
    assert shown(SelfReported(None, "other")) == "other"
    assert shown(SelfReported(None, "word_of_mouth")) == "word_of_mouth"


def test_people_remember_a_place_rather_than_a_click() -> None:
    assert agrees("search", "paid_search") and agrees("search", "organic_search")
    assert agrees("search", "offline") is False
    assert agrees("classifieds", "classifieds") and agrees("internet", "social")
    assert agrees("internet", "offline") is False
    assert agrees("Партнёры", "Партнёры") and agrees("Партнёры", "social") is False
    assert agrees("word_of_mouth", "direct") and agrees("word_of_mouth", "paid_search") is False
    assert [agrees("other: x", "direct"), agrees("search", "unknown"), agrees("search", "overflow")] == [None] * 3


def test_nothing_is_measured_as_what_only_people_say() -> None:
    assert not {"word_of_mouth", "returning", "search", "internet"} & set(CHANNELS)


def test_an_answer_noted_with_the_call_counts_before_its_deals() -> None:
    deals: dict[str, Any] = {CALL.call_id: SelfReported("авито", "classifieds")}
    plain = attributed(EvidenceKind.UNKNOWN)
    assert self_reported_by_call([]) == {} and self_reported_of(plain, {}) is None
    assert self_reported_of(plain, deals) == deals[CALL.call_id]
    noted = AttributedCall(CALL, plain.evidence, date(2026, 11, 22), self_reported=SelfReported("яндекс", "search"))
    assert self_reported_of(noted, deals) == noted.self_reported


def test_a_call_is_shown_as_self_reported_only_where_nothing_was_measured() -> None:
    answer = SelfReported("яндекс", "search")
    for kind in EvidenceKind:
        expected = EvidenceKind.SELF_REPORTED if kind is EvidenceKind.UNKNOWN else kind
        assert shown_kind(attributed(kind), answer) is expected
        assert shown_kind(attributed(kind), None) is kind


def test_nobody_asks_the_business_when_it_rings() -> None:
    call = attributed(EvidenceKind.UNKNOWN)
    out = replace(call, call=replace(CALL, direction=Direction.OUT), self_reported=SelfReported("яндекс", "search"))
    assert self_reported_of(out, {}) is None
