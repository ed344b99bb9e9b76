"""Settings come from the environment by name, and what is missing is named."""

from __future__ import annotations

import pytest

from chalicelib.runtime.settings import NotConfigured, settings
from tests.conftest import forget_caches


def test_a_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLPATH_POOLS_TABLE")
    with pytest.raises(NotConfigured, match=r"^CALLPATH_POOLS_TABLE is not set\.$"):
        settings()


def test_what_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLPATH_LINK_SECONDS", "a week")
    with pytest.raises(NotConfigured, match=r"^CALLPATH_LINK_SECONDS is not a number: 'a week'\.$"):
        settings()


def test_every_kind_of_setting_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (settings().test_clock, settings().link_seconds) == (False, 604_800)
    for name, text in (("TEST_CLOCK", "on"), ("LINK_SECONDS", "60"), ("PUBLIC_URL", "https://x.example/api/")):
        monkeypatch.setenv(f"CALLPATH_{name}", text)
    forget_caches()
    found = settings()
    assert (found.test_clock, found.link_seconds, found.public_url) == (True, 60, "https://x.example/api")
    assert isinstance(found.signing_key, bytes)
