"""What a person is told: all of his, with the digits, and nothing of anybody else."""

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
    call("generic-his1", IVAN, lend())
    call("generic-his2", IVAN)
    call("generic-hers", MARIA)
    won(IVAN)
    won(MARIA, "A-2")
    return aws


def test_everything_of_a_number_is_told_and_nothing_of_another(shop: Any) -> None:
    told = export(find_person.by_phone("s1", IVAN))
    assert {each["call_id"] for each in told["calls"]} == {"generic-his1", "generic-his2"}
    first = next(each for each in told["calls"] if each["call_id"] == "generic-his1")
    assert (first["caller"], first["recording_url"], first["day"]) == (
        IVAN,
        "https://pbx.example/generic-his1.mp3",
        "2026-11-22",
    )
    assert [event["caller"] for event in first["events"]] == [IVAN]
    assert "yclid=77" in first["evidence"]["touches"][0]["url"]
    assert [deal["external_id"] for deal in told["deals"]] == ["A-1"]
    assert told["visits"][0]["visits"][0]["url"].startswith("https://pallets.example/p?")
    text = json.dumps(told)
    assert MARIA not in text and "hers" not in text


def test_a_browser_is_told_the_same(shop: Any) -> None:
    assert export(find_person.by_visitor("s1", IVANS_BROWSER)) == export(find_person.by_phone("s1", IVAN))


def test_whom_nobody_knows_is_told_that_there_is_nothing(shop: Any) -> None:
    nothing = {"site_id": "s1", "calls": [], "deals": [], "contacts": [], "visits": [], "self_reported": []}
    assert export(find_person.by_phone("s1", "+79169999999")) == nothing
    erase(find_person.by_phone("s1", IVAN), NOW)
    assert export(find_person.by_phone("s1", IVAN)) == nothing


def test_others_who_may_have_called_are_not_his_to_see(shop: Any) -> None:
    found = calls_table.call("s1", "generic-his1")
    assert found
    touches = found.evidence.touches
    others = (
        Candidate(Decimal("0.6"), 1e-5, visitor(), touches=touches),
        Candidate(Decimal("0.4"), 1e-5, visitor("a stranger"), touches=touches),
    )
    shared = replace(found.evidence, kind=EvidenceKind.SHARED, candidates=others)
    calls_table.put_evidence(found.call, shared, found.day)
    evidence = next(e for e in export(find_person.by_phone("s1", IVAN))["calls"] if e["call_id"] == "generic-his1")[
        "evidence"
    ]
    assert {each["visitor"] for each in evidence["candidates"]} == {SOMEBODY_ELSE}  # it may not have been he at all
    assert "yclid=77" not in json.dumps(evidence)
