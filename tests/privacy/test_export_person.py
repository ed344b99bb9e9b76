"""What a person is shown: all that is theirs, with the digits, and nothing of anybody else."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.calls import calls_table
from chalicelib.calls.evidence import Candidate, EvidenceKind
from chalicelib.privacy import find_person
from chalicelib.privacy.erase_person import erase
from chalicelib.privacy.export_person import SOMEBODY_ELSE, export
from tests.privacy.person_fixture import IVAN, IVANS_BROWSER, MARIA, call, lend, open_shop, visitor, won
from tests.requests import NOW


@pytest.fixture
def shop(aws: Any) -> Any:
    open_shop()
    call("generic-call1", IVAN, lend())
    call("generic-call2", IVAN)
    call("generic-hers", MARIA)
    won(IVAN)
    won(MARIA, "A-2")
    return aws


def test_everything_of_a_number_is_shown_and_nothing_of_another(shop: Any) -> None:
    exported = export(find_person.by_phone("s1", IVAN))
    assert {each["call_id"] for each in exported["calls"]} == {"generic-call1", "generic-call2"}
    first = next(each for each in exported["calls"] if each["call_id"] == "generic-call1")
    assert (first["caller"], first["recording_url"], first["day"]) == (
        IVAN,
        "https://pbx.example/generic-call1.mp3",
        "2026-11-22",
    )
    assert [event["caller"] for event in first["events"]] == [IVAN]
    assert "yclid=77" in first["evidence"]["touches"][0]["url"]
    assert [deal["external_id"] for deal in exported["deals"]] == ["A-1"]
    assert exported["visits"][0]["visits"][0]["url"].startswith("https://pallets.example/p?")
    text = json.dumps(exported)
    assert MARIA not in text and "hers" not in text


def test_a_browser_is_shown_the_same(shop: Any) -> None:
    assert export(find_person.by_visitor("s1", IVANS_BROWSER)) == export(find_person.by_phone("s1", IVAN))


def test_whom_nobody_knows_is_shown_that_there_is_nothing(shop: Any) -> None:
    nothing = {"site_id": "s1", "calls": [], "deals": [], "contacts": [], "visits": [], "self_reported": []}
    assert export(find_person.by_phone("s1", "+79169999999")) == nothing
    erase(find_person.by_phone("s1", IVAN), NOW)
    assert export(find_person.by_phone("s1", IVAN)) == nothing


def test_others_who_may_have_called_are_not_shown(shop: Any) -> None:
    found = calls_table.call("s1", "generic-call1")
    assert found
    touches = found.evidence.touches
    others = (
        Candidate(Decimal("0.6"), 1e-5, visitor(), touches=touches),
        Candidate(Decimal("0.4"), 1e-5, visitor("a stranger"), touches=touches),
    )
    shared = replace(found.evidence, kind=EvidenceKind.SHARED, candidates=others)
    calls_table.put_evidence(found.call, shared, found.day)
    evidence = next(e for e in export(find_person.by_phone("s1", IVAN))["calls"] if e["call_id"] == "generic-call1")[
        "evidence"
    ]
    assert {each["visitor"] for each in evidence["candidates"]} == {SOMEBODY_ELSE}  # it may not have been Ivan at all
    assert "yclid=77" not in json.dumps(evidence)
