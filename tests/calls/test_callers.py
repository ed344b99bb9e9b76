"""A person is one random id at one site; their numbers can be opened until they are erased."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.attribution.attribute_call import attribute
from chalicelib.calls import call_item, callers, calls_table, events_table
from chalicelib.calls.fold import fold
from chalicelib.calls.types import CallEvent
from chalicelib.core.errors import StorageUnavailable
from chalicelib.runtime.settings import settings
from tests.conftest import forget_caches
from tests.requests import CALLER, NOW, STATIC, open_site

OTHER = "+79160000002"


@pytest.fixture
def site(aws: Any) -> Any:
    open_site()
    return aws


def ring(call_id: str = "generic-1", event_id: str = "start", caller: str | None = CALLER) -> dict[str, str]:
    event = CallEvent(event_id, call_id, at=NOW, caller=caller, number=STATIC, started_at=NOW)
    events_table.add_events("s1", call_id, ("generic", "e-pbx"), [event], NOW)
    return {"site_id": "s1", "call_id": call_id}


def item(call_id: str = "generic-1") -> call_item.Item:
    found = calls_table.item("s1", call_id)
    assert found is not None
    return found


def rows(session: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = session.client("dynamodb").scan(TableName=settings().subjects_table)["Items"]
    return found


def texts(found: Mapping[str, Any]) -> str:
    return json.dumps(found)


def test_a_number_is_one_subject_and_another_number_another(aws: Any) -> None:
    one = callers.caller_of("s1", CALLER, NOW)
    assert callers.caller_of("s1", CALLER, NOW + timedelta(days=400)) == one
    assert callers.find_caller("s1", CALLER) == one
    assert callers.caller_of("s1", OTHER, NOW).subject_id != one.subject_id
    assert callers.callers_by_id("s1", [one.subject_id, "0" * 32]) == {one.subject_id: one}


def test_looking_for_somebody_makes_nobody(aws: Any) -> None:
    assert callers.find_caller("s1", CALLER) is None
    assert rows(aws) == []


def test_one_person_at_two_sites_is_two_strangers(aws: Any) -> None:
    callers.caller_of("s1", CALLER, NOW)
    callers.caller_of("s2", CALLER, NOW)
    hashes = {row["pk"]["S"].rpartition("#")[2] for row in rows(aws)}
    assert len(hashes) == 4  # no hash and no id of one site is found at the other


def test_the_table_holds_neither_digits_nor_open_keys(aws: Any) -> None:
    subject = callers.caller_of("s1", CALLER, NOW)
    text = texts({"rows": rows(aws)})
    assert CALLER[2:] not in text
    assert subject.key.hex() not in text and subject.key.hex() not in repr(subject)


def test_without_the_stages_signing_key_the_table_opens_nothing(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = callers.caller_of("s1", CALLER, NOW)
    monkeypatch.setenv("CALLPATH_SIGNING_KEY", "another signing key, 32 bytes long!")
    forget_caches()
    assert callers.find_caller("s1", CALLER) is None
    with pytest.raises(StorageUnavailable):
        callers.callers_by_id("s1", [subject.subject_id])


def test_a_caller_expires_when_nobody_has_heard_of_them_as_long_as_calls_are_kept(aws: Any) -> None:
    def expiries() -> set[int]:
        kept = (
            events_table.CALL_DAYS * 86_400 + callers.REFRESH_SECONDS
        )  # never shorter than calls, and put off in steps
        return {int(row["x"]["N"]) - kept for row in rows(aws)}

    callers.caller_of("s1", CALLER, NOW)
    callers.caller_of("s1", CALLER, NOW - timedelta(days=300))  # an old deal is imported
    callers.caller_of("s1", CALLER, NOW + timedelta(days=3))
    assert expiries() == {int(NOW.timestamp())}
    callers.caller_of("s1", CALLER, NOW + timedelta(days=50))
    assert expiries() == {int((NOW + timedelta(days=50)).timestamp())}


def test_attribution_puts_the_caller_under_a_key_of_their_own(site: Any) -> None:
    message = ring()
    before = item()
    attribute(message, NOW)
    subject = callers.find_caller("s1", CALLER)
    call = calls_table.call("s1", "generic-1")
    assert subject and call
    assert (call.call.caller_key, call.call.caller_masked) == (subject.subject_id, "+791******01")
    assert callers.open_caller(call.call) == CALLER
    assert call_item.callers_at_intake(before) and not call_item.callers_at_intake(item())
    assert CALLER[2:] not in texts(before) + texts(item())
    assert item()["site_caller"]["S"] == f"s1#{subject.subject_id}"


def test_a_late_event_is_sealed_anew_by_its_own_attribution(site: Any) -> None:
    attribute(ring(), NOW)
    message = ring(event_id="late")
    call = calls_table.call("s1", "generic-1")
    assert call and call.call.caller_key  # till then the pseudonym stays
    assert len(call_item.callers_at_intake(item())) == 1
    attribute(message, NOW)
    assert call_item.callers_at_intake(item()) == {}
    assert [event.caller for _, event in call_item.record_of(item()).events] == [call.call.caller_key] * 2


def test_an_event_that_comes_while_a_call_is_attributed_is_not_lost(site: Any) -> None:
    ring()
    read = item()
    settled = callers.settle(read, NOW)
    ring(event_id="meanwhile", caller=OTHER)
    folded = fold(call_item.record_of({**read, **call_item.attributes(settled)}))
    assert calls_table.put_evidence(folded, evidence_of(folded), NOW.date(), settled)
    assert list(call_item.callers_at_intake(item())) == ["e#meanwhile"]
    attribute({"site_id": "s1", "call_id": "generic-1"}, NOW)
    opened = callers.open_callers_of_events(call_item.record_of(item()))
    assert sorted(opened.values(), key=str) == [CALLER, OTHER]


def evidence_of(call: Any) -> Any:
    from chalicelib.calls.evidence import Evidence, EvidenceKind

    return Evidence(EvidenceKind.UNKNOWN, "for a test")


def test_two_attributions_at_once_agree_in_either_order(site: Any) -> None:
    ring()
    read = item()
    one, two = callers.settle(read, NOW), callers.settle(read, NOW)
    for settled in (one, two, one):
        call = fold(call_item.record_of({**read, **call_item.attributes(settled)}))
        assert calls_table.put_evidence(call, evidence_of(call), NOW.date(), settled)
        found = calls_table.call("s1", "generic-1")
        assert found and callers.open_caller(found.call) == CALLER
    assert len(rows(site)) == 2


def test_a_withheld_caller_is_nobody(site: Any) -> None:
    attribute(ring(caller=None), NOW)
    call = calls_table.call("s1", "generic-1")
    assert call and (call.call.caller_key, call.call.caller_masked, callers.open_caller(call.call)) == (None,) * 3
    assert rows(site) == []


def test_a_caller_moved_to_another_call_does_not_open_there(site: Any) -> None:
    attribute(ring(), NOW)
    attribute(ring("generic-2"), NOW)
    one, two = calls_table.call("s1", "generic-1"), calls_table.call("s1", "generic-2")
    assert one and two and one.call.caller_key == two.call.caller_key
    assert callers.open_caller(replace(one.call, caller_sealed=two.call.caller_sealed)) is None


def test_many_callers_are_opened_with_one_request(site: Any) -> None:
    for place in range(12):
        attribute(ring(f"generic-{place}", caller=f"+7916000010{place % 10}"), NOW)
    calls = [each.call for each in calls_table.calls_of_day("s1", NOW.date())]
    made: list[str] = []
    from chalicelib.runtime import aws as clients

    clients.dynamodb().meta.events.register("before-call", lambda model, **_: made.append(model.name))
    opened = callers.open_callers(calls)
    assert made == ["BatchGetItem"]
    assert sorted(opened.values(), key=str) == sorted(f"+7916000010{place % 10}" for place in range(12))


def test_a_number_sealed_with_another_signing_key_counts_as_withheld(
    site: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    message = ring()
    monkeypatch.setenv("CALLPATH_SIGNING_KEY", "another signing key, 32 bytes long!")
    forget_caches()
    attribute(message, NOW)
    call = calls_table.call("s1", "generic-1")
    assert call and (call.call.caller_key, call.call.caller_masked) == (None, "+791******01")
    assert "caller_unreadable" in capsys.readouterr().out
