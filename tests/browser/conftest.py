"""One browser for all these tests; a fresh profile and website for each, and no page may report an error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from infra.setup import browser
from tests.fakes.website import Website, lent, started
from tests.waiting import PATIENCE

expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Ended with its module: Playwright allows one at a time, and other tests start their own."""
    with browser.launched() as running:
        yield running


@pytest.fixture
def website() -> Iterator[Website]:
    shown = Website(answer=lent())
    server = started(shown)
    yield shown
    shown.answering.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    """A fresh profile. Errors that its pages throw or log fail the test; a failed request is a line of the browser."""
    errors: list[str] = []
    profile = chromium.new_context(locale="ru-RU")
    profile.set_default_timeout(PATIENCE * 1000)
    profile.on("weberror", lambda error: errors.append(str(error.error)))
    profile.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    yield profile
    profile.close()
    assert [line for line in errors if "Failed to load resource" not in line] == []


@pytest.fixture
def tab(context: BrowserContext) -> Page:
    return context.new_page()
