"""`erase` and `export` as the operator types them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from chalicelib.__main__ import main
from tests.privacy.person_fixture import IVAN, IVANS_BROWSER, call, lend, open_shop


@pytest.fixture
def shop(aws: Any) -> None:
    open_shop()
    call("generic-own1", IVAN, lend())


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    printed = capsys.readouterr().out
    return json.loads(printed[printed.index("{\n") :])


def test_a_person_is_exported_and_erased_once(shop: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "--site", "s1", "--phone", "89160000001"]) == 0
    assert answer(capsys)["calls"][0]["caller"] == IVAN
    assert main(["erase", "--site", "s1", "--phone", "89160000001"]) == 0
    assert answer(capsys)["removed"] == {"numbers": 1, "calls": 1, "contacts": 0, "visits": 2, "self_reported": 0}
    assert main(["erase", "--site", "s1", "--phone", "89160000001"]) == 0
    assert answer(capsys)["removed"] == {}


def test_a_number_may_be_kept_out_of_the_shells_history(
    shop: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("+7 916 000-00-01\n"))
    assert main(["erase", "--site", "s1", "--phone", "-"]) == 0
    assert answer(capsys)["removed"]["numbers"] == 1


def test_a_browser_is_erased(shop: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erase", "--site", "s1", "--visitor", IVANS_BROWSER]) == 0
    assert answer(capsys)["removed"]["calls"] == 1


def test_what_is_wrong_is_said_without_the_number(shop: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["erase", "--site", "s1", "--phone", "+7916000000199999"]) == 2
    assert main(["erase", "--site", "none", "--phone", IVAN]) == 1
    refusal = capsys.readouterr().err
    assert "--phone" in refusal and "9160000001" not in refusal
    with pytest.raises(SystemExit):
        main(["erase", "--site", "s1"])
    with pytest.raises(SystemExit):
        main(["erase", "--site", "s1", "--phone", IVAN, "--visitor", "x"])
