"""The script as it is served; what it does in a browser is tested in tests/browser."""

from __future__ import annotations

import gzip
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core.errors import NotFound
from chalicelib.pool.serve_snippet import script_of, serve
from chalicelib.registry import store
from chalicelib.registry.types import Account, Site
from chalicelib.runtime.http import Request
from infra.setup import minify_snippet

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SITE_KEY = "pk_shop"


def asking(**headers: str) -> Request:
    return Request("GET", f"/v1/sites/{SITE_KEY}/snippet.js", {}, headers, b"", "203.0.113.7", NOW)


def config_of(script: str) -> dict[str, str]:
    return json.loads(re.search(r"\}\)\((\{.*\})\);\n$", script)[1])  # type: ignore[index,no-any-return]


@pytest.fixture
def shop(aws: Any) -> Site:
    account = store.create_account(Account("a1", "shop", NOW))
    return store.create_site(
        Site("s1", account.account_id, SITE_KEY, "Shop", (), "Europe/Moscow", currency="RUB", country="RU")
    )


def test_the_script_knows_its_site_and_this_service(shop: Site) -> None:
    answer = serve(asking(), SITE_KEY)
    assert (answer.status, answer.content_type) == (200, "application/javascript; charset=utf-8")
    assert config_of(answer.body) == {"base": "https://calls.example.com/api", "site": SITE_KEY}


def test_browsers_keep_it_for_five_minutes_and_ask_again_by_its_tag(shop: Site) -> None:
    first = serve(asking(), SITE_KEY)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    again = serve(asking(**{"if-none-match": first.headers["ETag"]}), SITE_KEY)
    assert (again.status, again.body, again.headers["ETag"]) == (304, "", first.headers["ETag"])
    assert serve(asking(**{"if-none-match": '"another"'}), SITE_KEY).status == 200


def test_a_key_that_no_site_has_is_not_found(shop: Site) -> None:
    with pytest.raises(NotFound) as refused:
        serve(asking(), "pk_other")
    assert refused.value.field == "site_key"


@pytest.mark.parametrize("hostile", ['";alert(1)//', "</script><script>", "\\", "\u2028", "ключ"])
def test_no_key_or_address_can_end_the_string_it_is_in(hostile: str) -> None:
    script = script_of(f"https://x/{hostile}", hostile)
    assert config_of(script) == {"base": f"https://x/{hostile}", "site": hostile}
    assert script.isascii()
    assert "</script" not in script


def test_what_is_served_was_made_from_the_source_that_is_read() -> None:
    made = minify_snippet.RESULT.read_text(encoding="ascii")
    assert made.startswith(minify_snippet.first_line(minify_snippet.SOURCE.read_bytes())), (
        "run python -m infra.setup.minify_snippet"
    )


def test_it_is_small() -> None:
    assert len(gzip.compress(script_of("https://calls.example.com/api", SITE_KEY).encode(), 9)) < 4_000
