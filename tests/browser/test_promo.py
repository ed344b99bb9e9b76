"""Promo codes as the snippet shows them, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.fakes.website import OWN_NUMBER, Website, at_rest, lent, page

pytestmark = pytest.mark.browser

CODE = {"visitor_id": "v-1", "code": "1234566", "spoken": "123 4566", "expires_in": 1209600}
PLACE = "<b class=code data-callpath-promo>скажите, откуда вы</b>"


# How often the page has asked for a code, answered or not.
COUNTED = "{ let asked = 0; const ask = fetch; fetch = (...all) => (/promo$/.test(all[0]) && asked++, ask(...all));"
COUNTED += " window.promosAsked = () => asked; }"


@pytest.fixture(autouse=True)
def code(website: Website, context: BrowserContext) -> None:
    website.promo = dict(CODE)
    context.add_init_script(COUNTED)


def show(website: Website, tab: Page, body: str, path: str = "/") -> None:
    website.pages[path] = page(body)
    tab.goto(website.address(path))


def settled(tab: Page, website: Website) -> None:
    """The page has its number, and has asked for a code if it does so."""
    website.wait_for("number", 1)
    at_rest(tab)
    website.wait_for("promo", tab.evaluate("promosAsked()"))


def test_every_place_gets_the_pages_code_by_one_request(website: Website, tab: Page) -> None:
    show(website, tab, f"{PLACE}<p>или {PLACE}</p>{OWN_NUMBER}", "/prices")
    expect(tab.locator(".code").first).to_have_text("123 4566")
    assert tab.locator(".code").all_text_contents() == ["123 4566"] * 2
    settled(tab, website)
    assert website.bodies("promo") == [{"visitor_id": "v-1", "url": website.address("/prices"), "referrer": ""}]
    assert website.bodies("events") == []


def test_a_page_without_a_place_asks_for_none(website: Website, tab: Page) -> None:
    show(website, tab, OWN_NUMBER)
    settled(tab, website)
    assert website.bodies("promo") == []


def test_a_place_that_comes_later_gets_it_and_one_more_place_asks_no_more(website: Website, tab: Page) -> None:
    show(website, tab, "<div id=later></div>")
    settled(tab, website)
    for _ in range(2):
        tab.evaluate(
            "html => document.querySelector('#later').insertAdjacentHTML('beforeend', html)", f"<p>{PLACE}</p>"
        )
        expect(tab.locator(".code").last).to_have_text("123 4566")
    settled(tab, website)
    assert len(website.bodies("promo")) == 1


def test_a_page_that_keeps_its_own_number_has_a_code_all_the_same(website: Website, tab: Page) -> None:
    website.answer = lent(number=None, kind="original", lease=None, swap=[])
    show(website, tab, PLACE)
    expect(tab.locator(".code")).to_have_text("123 4566")
    tab.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", PLACE)
    expect(tab.locator(".code").last).to_have_text("123 4566")


@pytest.mark.parametrize(
    ("status", "answer"),
    [(503, {}), (429, {"error": "too_many_requests"}), (200, CODE | {"code": None, "spoken": None})],
)
def test_without_a_code_the_authors_text_stays(
    website: Website, tab: Page, status: int, answer: dict[str, Any]
) -> None:
    errors: list[Any] = []
    tab.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108 - it looks at the signature
    website.promo, website.promo_status = answer, status
    show(website, tab, PLACE)
    assert website.wait_for("promo", 1)
    settled(tab, website)
    assert tab.locator(".code").all_text_contents() == ["скажите, откуда вы"]
    assert (len(website.bodies("promo")), errors) == (1, [])


def test_what_must_not_change_is_ignored(website: Website, tab: Page) -> None:
    show(website, tab, f"<div data-callpath-ignore>{PLACE}</div>")
    settled(tab, website)
    assert (website.bodies("promo"), tab.locator(".code").all_text_contents()) == ([], ["скажите, откуда вы"])


def test_the_next_page_of_a_visit_asks_for_its_own(website: Website, tab: Page) -> None:
    show(website, tab, f"{PLACE}<a href=/next>next</a>")
    expect(tab.locator(".code")).to_have_text("123 4566")
    website.promo = CODE | {"code": "7654325", "spoken": "765 4325"}
    website.pages["/next"] = page(PLACE)
    tab.click("a")
    expect(tab.locator(".code")).to_have_text("765 4325")
    assert [body["url"] for body in website.bodies("promo")] == [website.address("/"), website.address("/next")]
    assert len(website.bodies("number")) == 1
