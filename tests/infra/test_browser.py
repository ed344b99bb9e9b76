from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.setup import browser
from infra.setup.browser import BrowserUnavailable, chromium_path, fetched_chromium

pytestmark = pytest.mark.browser
NO_SUCH_CHARACTER = "\ue000"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser.launched() as running:
        yield running


def picture_of(page: Any, text: str, font: str) -> bytes:
    page.set_content(f"<p style='font: 40px {font}'>{text}</p>")
    return bytes(page.screenshot())


@pytest.mark.parametrize("font", ["Arial", "serif", "monospace"])
def test_russian_text_is_drawn_with_letters_of_its_own(chromium: Any, font: str) -> None:
    page = chromium.new_page(viewport={"width": 200, "height": 120})
    drawn = [picture_of(page, letter, font) for letter in ("Ж", "Щ", "Ё", "₽", NO_SUCH_CHARACTER)]
    page.close()
    assert len(set(drawn)) == len(drawn)


def test_scripts_run_in_the_page(chromium: Any) -> None:
    page = chromium.new_page()
    page.set_content("<a href='tel:+74951234567'>позвонить</a>")
    assert page.evaluate("document.querySelector('a').pathname") == "+74951234567"
    page.close()


def test_the_fetched_browser_runs_on_a_machine_without_one() -> None:
    version = subprocess.run([fetched_chromium(), "--version"], capture_output=True, text=True, check=True).stdout
    assert "Chromium" in version or "Headless" in version or "Chrome" in version


def test_the_named_browser_is_the_one_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLPATH_CHROMIUM", str(fetched_chromium()))
    assert chromium_path() == fetched_chromium()


def test_a_named_browser_that_does_not_run_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CALLPATH_CHROMIUM", str(tmp_path / "none"))
    with pytest.raises(BrowserUnavailable, match="does not run"):
        chromium_path()
