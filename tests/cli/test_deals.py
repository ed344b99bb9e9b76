"""`deal` on the command line: why a deal comes from where it does, taken apart and joined."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.__main__ import DONE, FAILED, main
from tests.contacts import leads_fixture
from tests.contacts.leads_fixture import PHONE, card
from tests.requests import open_site


@pytest.fixture(autouse=True)
def deal(aws: Any) -> None:
    open_site()
    leads_fixture.call("one", -60 * 24)
    leads_fixture.call("two", -10)
    card(phone=PHONE)


def run(capsys: pytest.CaptureFixture[str], action: str, *more: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["deal", action, "--site", "s1", "generic", "A-1", *more]) == DONE
    printed = capsys.readouterr().out
    answer: dict[str, Any] = json.loads(printed[printed.index("{\n") :])
    return answer


def test_a_deal_is_explained_taken_apart_and_joined(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run(capsys, "show")
    assert (shown["call_id"], [each["call_id"] for each in shown["others"]]) == ("generic-two", ["generic-one"])
    assert shown["says"].startswith("It comes from the call of 2026-11-22 12:42, because it has the deal's telephone")
    assert run(capsys, "unjoin")["joined_by"] is None
    assert run(capsys, "join", "--call", "generic-one")["joined_by"] == "hand"
    assert run(capsys, "join", "--by-rules")["call_id"] == "generic-two"


def test_what_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deal", "show", "--site", "s1", "generic", "none"]) == FAILED
    assert main(["deal", "join", "--site", "s1", "generic", "A-1", "--contact", "form-0"]) == FAILED
    assert "No such call or contact" in capsys.readouterr().err
