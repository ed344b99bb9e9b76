"""The demo shop's website with the snippet in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from infra.demo.screens import visit_site
from infra.demo.site_server import page_of, serving
from infra.demo.sources import MOSCOW
from tests.fakes.website import SITE_KEY, Website, at_rest, lent

pytestmark = pytest.mark.browser


def test_every_number_of_the_shop_is_swapped_but_the_one_that_opts_out(website: Website, tmp_path: Path) -> None:
    website.answer = lent(MOSCOW.numbers[4])
    assert visit_site(website.service, SITE_KEY, tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} == {"demo-site-before.png", "demo-site.png"}


def test_a_number_that_is_not_the_pools_is_noticed(website: Website, tmp_path: Path) -> None:
    website.answer = lent("+74990000099")
    assert visit_site(website.service, SITE_KEY, tmp_path) == [
        "the site shows +74990000099, which is not one of its pool's numbers"
    ]


def test_with_the_service_down_the_shop_keeps_its_number(website: Website, tab: Page) -> None:
    website.status = 503
    with serving(website.service, SITE_KEY) as address:
        tab.goto(address)
        website.wait_for("number", 1)
        at_rest(tab)
        assert tab.inner_text(".phone") == "+7 (495) 000-00-01"
        assert tab.get_attribute(".phone", "href") == f"tel:{MOSCOW.target}"


def test_the_tag_is_safe_in_the_page() -> None:
    assert 'src="http://x/&quot;&gt;/v1/sites/k/snippet.js"' in page_of('http://x/">', "k")
