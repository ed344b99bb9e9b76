"""The snippet in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.fakes.website import LENT_NUMBER, OWN_NUMBER, Website, at_rest, lent, page

pytestmark = pytest.mark.browser

TEL_LINK = f'<a id="call" href="tel:{OWN_NUMBER}">+7 (495) 000-00-01</a>'
FORMATS = [
    ("+74950000001", "+74990000077"),
    ("+7 (495) 000-00-01", "+7 (499) 000-00-77"),
    ("+7 495 000 00 01", "+7 499 000 00 77"),
    ("8 (495) 000-00-01", "8 (499) 000-00-77"),
    ("8 495 000 00 01", "8 499 000 00 77"),
    ("84950000001", "84990000077"),
    ("74950000001", "74990000077"),
    ("8-495-000-00-01", "8-499-000-00-77"),
    ("8.495.000.00.01", "8.499.000.00.77"),
    ("(495) 000-00-01", "(499) 000-00-77"),
    ("495 000-0001", "499 000-0077"),
    ("+7\u00a0(495)\u00a0000\u201100\u201101", "+7\u00a0(499)\u00a0000\u201100\u201177"),
    ("+7\u202f495\u2009000\u201300\u221201", "+7\u202f499\u2009000\u201300\u221277"),
    ("Тел.:+7(495)000-00-01, доб. 5", "Тел.:+7(499)000-00-77, доб. 5"),
    ("1. (495) 000-00-01", "1. (499) 000-00-77"),
    ("8 495 000 00 01 или +7 495 000-00-01", "8 499 000 00 77 или +7 499 000-00-77"),
]
LINKS = [
    ("tel:+74950000001", "tel:+74990000077"),
    ("tel:84950000001", "tel:84990000077"),
    ("TEL:+7-495-000-00-01", "tel:+7-499-000-00-77"),
    ("tel:+7%20(495)%20000-00-01", "tel:+7%20(499)%20000-00-77"),
    ("tel:+74950000001;ext=12", "tel:+74990000077;ext=12"),
    ("tel:%E0%A4%A", "tel:%E0%A4%A"),
    ("tel:+74950000002", "tel:+74950000002"),
    ("/74950000001", "/74950000001"),
    ("tel:+74950000001", "tel:+74990000077"),
]
OTHER_NUMBERS = [
    "+7 (495) 000-00-02",
    "+1 495 000 00 01",
    "1-495-000-00-01",
    "+375 (49) 500-00-001",
    "№ 7495000000199",
    "INN 0074950000001234",
    "2026",
]


def show(website: Website, tab: Page, body: str) -> None:
    website.pages["/"] = page(body)
    tab.goto(website.address())


def swapped(tab: Page) -> None:
    tab.wait_for_function(f"() => window.callpath && window.callpath.number() === '{LENT_NUMBER}'")


def test_every_way_of_writing_the_number_keeps_its_form(website: Website, tab: Page) -> None:
    show(website, tab, "".join(f"<p class=it>{written}</p>" for written, _ in FORMATS))
    swapped(tab)
    assert tab.locator(".it").all_text_contents() == [expected for _, expected in FORMATS]


def test_other_numbers_are_left_alone(website: Website, tab: Page) -> None:
    show(website, tab, "".join(f"<p class=other>{text}</p>" for text in OTHER_NUMBERS))
    swapped(tab)
    assert tab.locator(".other").all_text_contents() == OTHER_NUMBERS


def test_a_number_spread_over_inline_elements_is_one_number(website: Website, tab: Page) -> None:
    show(website, tab, "<div id=it><span>+7</span>\n   <small>(495)</small>\n  <b>000-<i>00</i>-01</b></div>")
    swapped(tab)
    assert tab.inner_html("#it") == "<span>+7</span>\n   <small>(499)</small>\n  <b>000-<i>00</i>-77</b>"


def test_digits_of_two_blocks_are_not_one_number(website: Website, tab: Page) -> None:
    show(website, tab, "<div id=it><p>8 495 000</p><p>00 01</p></div>")
    swapped(tab)
    assert tab.inner_html("#it") == "<p>8 495 000</p><p>00 01</p>"


def test_telephone_links_dial_the_lent_number(website: Website, tab: Page) -> None:
    show(website, tab, "".join(f'<a class=it href="{href}">call</a>' for href, _ in LINKS))
    swapped(tab)
    hrefs = tab.locator(".it").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert hrefs == [expected for _, expected in LINKS]


def test_what_a_screen_reader_says_is_swapped_too(website: Website, tab: Page) -> None:
    show(
        website,
        tab,
        f'<a id=it aria-label="Позвонить 8 495 000 00 01" title="{OWN_NUMBER}" href="tel:{OWN_NUMBER}">☎</a>',
    )
    swapped(tab)
    assert tab.get_attribute("#it", "aria-label") == "Позвонить 8 499 000 00 77"
    assert tab.get_attribute("#it", "title") == LENT_NUMBER


def test_what_must_not_change_is_ignored(website: Website, tab: Page) -> None:
    ignored = '<p data-callpath-ignore="">8 495 000 00 01 <a href="tel:+74950000001">x</a></p>'
    show(website, tab, f"<div id=it>{ignored}</div><textarea>8 495 000 00 01</textarea><input value=84950000001>")
    swapped(tab)
    assert tab.inner_html("#it") == ignored
    assert tab.input_value("textarea") == "8 495 000 00 01"
    assert tab.input_value("input") == "84950000001"


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ("<b class=callpath-number>8 (812) 111-22-33</b>", '<b class="callpath-number">8 (499) 000-00-77</b>'),
        ("<b class=callpath-number></b>", f'<b class="callpath-number">{LENT_NUMBER}</b>'),
        (
            "<a class=callpath-number href=tel:+78121112233>+7 812 111-22-33</a>",
            f'<a class="callpath-number" href="tel:{LENT_NUMBER}">+7 499 000-00-77</a>',
        ),
        (
            "<a class=callpath-number href='#'>Позвонить</a>",
            f'<a class="callpath-number" href="tel:{LENT_NUMBER}">Позвонить</a>',
        ),
    ],
)
def test_elements_named_by_a_selector_show_the_lent_number(
    website: Website, tab: Page, element: str, expected: str
) -> None:
    show(website, tab, f"<div id=it>{element}</div>")
    swapped(tab)
    assert tab.inner_html("#it") == expected


def test_a_number_of_another_country_is_written_in_full(website: Website, tab: Page) -> None:
    website.answer = lent("+442079460077")
    show(website, tab, "<p id=it>8 (495) 000-00-01</p>")
    tab.wait_for_function("() => window.callpath && window.callpath.number()")
    assert tab.text_content("#it") == "+442079460077"


def test_foreign_trunk_prefixes_are_kept(website: Website, tab: Page) -> None:
    website.answer = lent("+442079460077", swap=[{"number": "+442079460001"}])
    show(website, tab, "<p>020 7946 0001</p><p>+44 20 7946 0001</p><p>+44 (0)20 7946 0001</p>")
    tab.wait_for_function("() => window.callpath && window.callpath.number()")
    assert tab.locator("p").all_text_contents() == ["020 7946 0077", "+44 20 7946 0077", "+442079460077"]


def test_content_that_comes_later_is_swapped(website: Website, tab: Page) -> None:
    show(website, tab, "<div id=it></div>" + TEL_LINK)
    swapped(tab)
    tab.evaluate(
        "() => document.querySelector('#it').innerHTML = '<p>8 495 000 00 01</p><a href=tel:84950000001>x</a>'"
    )
    expect(tab.locator("#it p")).to_have_text("8 499 000 00 77")
    expect(tab.locator("#it a")).to_have_attribute("href", "tel:84990000077")
    tab.evaluate("() => document.querySelector('#it p').firstChild.data = '+7 495 000 00 01'")
    expect(tab.locator("#it p")).to_have_text("+7 499 000 00 77")
    tab.evaluate("() => document.querySelector('#call').href = 'tel:+74950000001'")
    expect(tab.locator("#call")).to_have_attribute("href", f"tel:{LENT_NUMBER}")


def test_its_own_changes_do_not_wake_it(website: Website, tab: Page) -> None:
    website.pages["/"] = page(
        "<script>changes = 0; new MutationObserver(r => changes += r.length).observe(document, "
        "{subtree: true, characterData: true, attributes: true})</script><p>8 495 000 00 01</p>"
    )
    tab.clock.install()
    tab.goto(website.address())
    swapped(tab)
    tab.clock.fast_forward(10_000)
    assert tab.evaluate("changes") == 1


def test_it_asks_with_the_page_and_its_referrer_and_without_a_preflight(website: Website, tab: Page) -> None:
    website.pages["/landing"] = page(TEL_LINK)
    tab.goto(website.address("/landing?utm_source=yandex"), referer="https://yandex.ru/")
    swapped(tab)
    (request,) = website.asked
    assert request["type"].startswith("text/plain")
    assert request["body"] == {
        "url": website.address("/landing?utm_source=yandex"),
        "referrer": "https://yandex.ru/",
    }


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_a_failing_service_leaves_the_page_as_it_was(website: Website, tab: Page, status: int) -> None:
    website.status = status
    show(website, tab, TEL_LINK)
    assert website.wait_for("number", 1)
    at_rest(tab)
    assert tab.inner_html("body").startswith(TEL_LINK.replace("'", '"'))


def test_a_service_that_is_gone_leaves_the_page_as_it_was(website: Website, tab: Page) -> None:
    tab.route("**/number", lambda route: route.abort("connectionrefused"))
    show(website, tab, TEL_LINK)
    tab.wait_for_function("() => window.callpath")
    at_rest(tab)
    assert tab.inner_html("body").startswith(TEL_LINK)


@pytest.mark.parametrize(
    "answer",
    [
        lent("+74950000001", kind="original", lease=None),
        lent(number=None),
        lent(number="<b>1</b>"),
        {},
    ],
)
def test_an_answer_without_a_number_leaves_the_page_as_it_was(
    website: Website, tab: Page, answer: dict[str, object]
) -> None:
    website.answer = answer
    show(website, tab, TEL_LINK)
    website.wait_for("number", 1)
    at_rest(tab)
    assert tab.inner_html("body").startswith(TEL_LINK)


def test_a_valid_lease_is_shown_even_when_the_service_is_down(website: Website, tab: Page) -> None:
    show(website, tab, TEL_LINK)
    swapped(tab)
    website.status = 503
    tab.goto(website.address("/?utm_source=again"))
    website.wait_for("number", 2)
    expect(tab.locator("#call")).to_have_text("+7 (499) 000-00-77")


def test_two_tabs_share_one_lease(website: Website, context: BrowserContext) -> None:
    website.pages["/"] = page(TEL_LINK)
    website.answering.clear()
    first, second = context.new_page(), context.new_page()
    for each in (first, second):
        each.goto(website.address())
    website.wait_for("number", 1)
    website.answering.set()
    swapped(first)
    swapped(second)
    assert len(website.bodies("number")) == 1


def test_the_next_page_shows_the_number_without_asking_again(website: Website, tab: Page) -> None:
    website.pages["/next"] = page(TEL_LINK)
    show(website, tab, TEL_LINK + "<a id=next href=/next>next</a>")
    swapped(tab)
    tab.click("#next")
    tab.wait_for_url("**/next")
    swapped(tab)
    assert len(website.bodies("number")) == 1
    assert website.bodies("release") == []


def test_a_new_campaign_is_sent_with_the_lease_one_has(website: Website, tab: Page) -> None:
    show(website, tab, TEL_LINK)
    swapped(tab)
    tab.goto(website.address("/?yclid=1"))
    arrival = website.wait_for("number", 2)[-1]
    assert arrival["url"].endswith("?yclid=1")
    assert arrival["lease"] == f"lease of {LENT_NUMBER}"


def test_a_click_on_the_number_is_reported(website: Website, tab: Page) -> None:
    show(website, tab, TEL_LINK)
    swapped(tab)
    tab.click("#call")
    (event,) = website.wait_for("events", 1)
    assert (event["type"], event["visitor_id"]) == ("tel_click", "v-1")


FORM = """<form data-callpath-lead="order" action="/thanks"><input name=name value="Anna">
    <input name=tel data-callpath-phone value="8 916 000-00-01"><button id=send>send</button></form>"""


def test_a_marked_form_is_reported_with_the_field_its_author_marked_and_no_other(website: Website, tab: Page) -> None:
    show(website, tab, FORM + '<form id=other action="/search"><input name=q value="+79160000002"></form>')
    swapped(tab)
    tab.locator("#other").evaluate("form => form.requestSubmit()")
    tab.wait_for_url("**/search**")
    show(website, tab, FORM)
    swapped(tab)
    tab.click("#send")
    tab.wait_for_url("**/thanks**")
    (event,) = website.wait_for("events", 1)
    assert {name: event[name] for name in ("type", "form", "phone", "visitor_id", "url")} == {
        "type": "form",
        "form": "order",
        "phone": "8 916 000-00-01",
        "visitor_id": "v-1",
        "url": website.address("/"),
    }
    assert "Anna" not in str(event)


def test_a_form_without_a_marked_field_reports_no_number(website: Website, tab: Page) -> None:
    show(website, tab, FORM.replace("data-callpath-phone", ""))
    swapped(tab)
    tab.click("#send")
    (event,) = website.wait_for("events", 1)
    assert event["form"] == "order" and "phone" not in event


def test_a_click_on_an_e_mail_address_is_reported_without_the_address(website: Website, tab: Page) -> None:
    show(website, tab, '<a id=mail href="MailTo:anna@shop.example">write</a>')
    swapped(tab)
    tab.click("#mail")
    (event,) = website.wait_for("events", 1)
    assert event["type"] == "email_click" and "anna" not in str(event)


def test_a_page_reports_its_chat_and_knows_its_visitor(website: Website, tab: Page) -> None:
    show(website, tab, "")
    swapped(tab)
    assert tab.evaluate("callpath.visitor()") == "v-1"
    tab.evaluate("callpath.lead({ type: 'chat', form: 'bot' })")
    (event,) = website.wait_for("events", 1)
    assert (event["type"], event["form"], event["visitor_id"]) == ("chat", "bot", "v-1")


def test_what_is_done_before_the_first_answer_waits_for_it(website: Website, tab: Page) -> None:
    website.answering.clear()
    show(website, tab, "")
    tab.evaluate("callpath.lead({ form: 'quick' })")
    website.wait_for("number", 1)
    website.answering.set()
    assert [event["visitor_id"] for event in website.wait_for("events", 1)] == ["v-1"]


def test_without_storage_a_cookie_remembers_the_visitor(website: Website, context: BrowserContext, tab: Page) -> None:
    context.add_init_script(
        "delete window.localStorage; Object.defineProperty(window, 'localStorage', "
        "{get() { throw new Error('SecurityError') }})"
    )
    show(website, tab, TEL_LINK)
    swapped(tab)
    tab.goto(website.address("/?utm_source=again"))
    assert website.wait_for("number", 2)[-1]["visitor_id"] == "v-1"


def test_the_page_sees_one_global_only(website: Website, tab: Page) -> None:
    website.pages["/"] = page("<script>before = new Set(Object.keys(window))</script>" + TEL_LINK)
    tab.goto(website.address())
    swapped(tab)
    assert tab.evaluate("Object.keys(window).filter(name => !before.has(name))") == ["before", "callpath"]
