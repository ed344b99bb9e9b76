"""The demo in a real browser: the shop's site without and with tracking, and the report as it looks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from infra.demo.play import BROWSER
from infra.demo.site_server import serving
from infra.demo.sources import MOSCOW
from infra.setup import browser

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

ARRIVAL = "/?utm_source=yandex&utm_medium=cpc&utm_campaign=338151&utm_term=купить+окна&yclid=1"
SIZE: ViewportSize = {"width": 1160, "height": 900}
SHOWN = "() => window.callpath && window.callpath.number()"


def visit_site(base_url: str, site_key: str, folder: Path) -> list[str]:
    """Photograph the site before and after the snippet; a sentence for everything that was not swapped as it must."""
    with serving(base_url, site_key) as address, browser.launched() as chromium:
        # A headless browser says so, and crawlers are not lent numbers.
        context = chromium.new_context(viewport=SIZE, locale="ru-RU", user_agent=BROWSER)
        context.route("**/snippet.js", lambda route: route.abort())
        before = context.new_page()
        before.goto(address + ARRIVAL)
        before.wait_for_timeout(500)
        before.screenshot(path=folder / "demo-site-before.png")
        context.unroute("**/snippet.js")
        page = context.new_page()
        page.goto(address + ARRIVAL)
        page.wait_for_function(SHOWN)
        page.wait_for_timeout(600)  # what the page itself adds later
        page.screenshot(path=folder / "demo-site.png")
        number = str(page.evaluate("window.callpath.number()"))
        links = page.locator("a[href^=tel]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        text = page.locator("body").inner_text()
        context.close()
    return _problems(number, links, text)


def photograph_report(report: Path, folder: Path) -> None:
    """Take the HTML report as a picture."""
    with browser.launched() as chromium:
        page = chromium.new_page(viewport=SIZE)
        page.goto(report.resolve().as_uri())
        page.wait_for_timeout(300)
        page.screenshot(path=folder / "report.png")


def _problems(number: str, links: list[str], text: str) -> list[str]:
    own = _digits(MOSCOW.target)[1:]
    problems = [f"a link still dials {link}" for link in links if _digits(link)[1:] != _digits(number)[1:]]
    if number not in (*MOSCOW.numbers, MOSCOW.overflow):
        problems.append(f"the site shows {number}, which is not one of its pool's numbers")
    left = _digits(text).count(own)
    if left != 1:
        problems.append(f"the shop's own number is on the page {left} times, not once (where it opts out)")
    return problems


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())
