"""What a website's visitors pay for the snippet."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from statistics import median

from playwright.sync_api import Browser, CDPSession

from chalicelib.pool.serve_snippet import script_of
from infra.setup import browser
from tests.benchmarks.row import Row
from tests.fakes.website import LENT_NUMBER, OWN_NUMBER, SITE_KEY, Website, lent, page, started

LOADS, WARM_UP = 20, 3
PRODUCTS, PHONES = 500, 12
SETTLED = 1000  # ms; numbers are asked for, swapped, and what the observer noted is looked through
SPENT = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")  # seconds of the main thread, by Chromium's count


def rows() -> Iterator[Row]:
    """`snippet_gzip_bytes`: the script as served, compressed as API Gateway does; `snippet_main_thread_ms`."""
    script = script_of("https://abcdefghij.execute-api.eu-central-1.amazonaws.com/api", "k" * 16)
    yield Row("snippet_gzip_bytes", len(gzip.compress(script.encode())), "bytes", note="as served, gzip")
    yield _main_thread()


def _main_thread() -> Row:
    """Measure what the snippet makes the main thread of a page at rest work until its numbers are swapped."""
    website = Website(answer=lent(), pages={"/": _shop()})
    server = started(website)
    with browser.launched() as chromium:
        worked = [_worked(chromium, website) for _ in range(WARM_UP + LOADS)][WARM_UP:]
    server.shutdown()
    server.server_close()
    note = f"a first visit: script, style and layout, for a page with {PRODUCTS * 4:,} elements and {PHONES} numbers; "
    return Row("snippet_main_thread_ms", round(median(worked), 1), "ms", note=note + "desktop, headless Chromium")


def _worked(chromium: Browser, website: Website) -> float:
    """Milliseconds of the main thread from when a page in a fresh profile gets the snippet."""
    profile = chromium.new_context()
    tab = profile.new_page()
    devtools = profile.new_cdp_session(tab)
    devtools.send("Performance.enable")  # it counts from here on
    tab.route("**/snippet.js", lambda route: route.abort())
    tab.goto(website.address())
    tab.unroute_all()
    before = _spent(devtools)
    source = f"{website.service}/v1/sites/{SITE_KEY}/snippet.js"
    tab.evaluate(
        "source => document.head.append(Object.assign(document.createElement('script'), {src: source}))", source
    )
    tab.wait_for_timeout(SETTLED)
    after = _spent(devtools)
    if tab.evaluate("() => window.callpath.number()") != LENT_NUMBER:
        raise AssertionError("the page's numbers were not swapped")
    profile.close()
    return after - before


def _spent(devtools: CDPSession) -> float:
    metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
    return float(sum(metrics[name] for name in SPENT)) * 1000


def _shop() -> str:
    item = (
        "<div class=item><h3>Поддон 1200×800, арт. {n}</h3><p>В наличии {n} шт., ГОСТ 33757-2016</p><b>{n} ₽</b></div>"
    )
    products = [item.format(n=1000 + number) for number in range(PRODUCTS)]
    phone = f'<p>Звоните: <a href="tel:{OWN_NUMBER}">8 (495) 000-00-01</a></p>'
    every = PRODUCTS // PHONES
    return page("".join(text + (phone if place % every == 0 else "") for place, text in enumerate(products)))
