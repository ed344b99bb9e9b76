"""A person is forgotten: what goes, what stays, and that it is done even if something breaks in between."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.attribution.attribute_call import attribute
from chalicelib.calls import call_item, callers, calls_table, changed_days_table
from chalicelib.calls.recording import Recording, RecordingState
from chalicelib.calls.types import CallEvent, Direction
from chalicelib.carriers import spool_bucket
from chalicelib.core.errors import StorageUnavailable
from chalicelib.deals import deals_table, join_deals
from chalicelib.delivery.deliver import deliver
from chalicelib.privacy import erase_person as erasing
from chalicelib.privacy import erasures_table, find_person, forget_callers
from chalicelib.privacy.erase_person import SECOND_LOOK, erase
from chalicelib.privacy.export_person import export
from chalicelib.recordings import recordings_table as recording_store
from chalicelib.runtime.settings import settings
from chalicelib.visits import visits_table
from tests.privacy.person_fixture import (
    IVAN,
    IVANS_BROWSER,
    MARIA,
    call,
    item,
    key_of,
    lend,
    lying,
    open_shop,
    receive,
    visitor,
    won,
)
from tests.requests import NOW, SITE, STATIC, messages, signed_request


@pytest.fixture
def shop(aws: Any) -> Any:
    """Ivan called twice, once from the number in Ivan's browser; Maria called once. Both bought."""
    open_shop()
    call("generic-call1", IVAN, lend())
    call("generic-call2", IVAN, at=NOW + timedelta(hours=1))
    call("generic-maria", MARIA)
    won(IVAN)
    won(MARIA, "A-2")
    return aws


def of_ivan(session: Any) -> list[str]:
    """Return what in the tables is still Ivan's."""
    text = lying(session)
    known = (IVAN[2:], "+791******01", visitor(), "ivan", "call1.mp3", "call2.mp3", "visit of generic-call", "yclid=77")
    return [each for each in known if each in text]


def test_a_person_is_forgotten_by_their_number_and_nobody_else_is(shop: Any) -> None:
    assert of_ivan(shop)
    maria = item("generic-maria")
    done = erase(find_person.by_phone("s1", IVAN), NOW)
    gone = {"numbers": 1, "calls": 2, "contacts": 0, "visits": 2, "self_reported": 0}
    assert (done.removed, done.complete) == (gone, True)
    # The order itself still names the browser, till its second look; nothing else does.
    erasures_table.finish(erasures_table.erasures()[0])
    assert of_ivan(shop) == []
    assert item("generic-maria") == maria
    assert callers.find_caller("s1", IVAN) is None
    assert find_person.by_phone("s1", IVAN).known is False


def test_counts_and_joins_stay(shop: Any) -> None:
    key = key_of(IVAN)
    before = [(each.call_id, each.started_at, each.caller_key) for each in calls_table.calls_of_caller("s1", key)]
    deals = deals_table.deals_of_caller("s1", key)
    erase(find_person.by_phone("s1", IVAN), NOW)
    assert [
        (each.call_id, each.started_at, each.caller_key) for each in calls_table.calls_of_caller("s1", key)
    ] == before
    assert deals_table.deals_of_caller("s1", key) == deals
    assert deals[0].call_id == "generic-call2"
    call = calls_table.call("s1", "generic-call1")
    assert call and (call.call.caller_key, call.call.caller_masked, call.call.caller_sealed) == (key, None, None)
    assert (call.call.talk_seconds, call.call.recording_url, call.call.variables) == (60, None, ())
    assert callers.open_caller(call.call) is None


def test_the_days_of_their_calls_are_rebuilt(shop: Any) -> None:
    for marked in changed_days_table.changed_days():
        changed_days_table.forget(marked)
    erase(find_person.by_phone("s1", IVAN), NOW)
    assert [each.day for each in changed_days_table.changed_days()] == [NOW.date()]


def test_what_was_sealed_for_them_stays_closed_even_in_a_copy_of_the_calls(shop: Any) -> None:
    before = call_item.attributed_of(item("generic-call1"))
    assert before and callers.open_caller(before.call) == IVAN
    erase(find_person.by_phone("s1", IVAN), NOW)
    assert callers.open_caller(before.call) is None
    call("generic-again", IVAN)  # the caller is somebody new, with another key
    assert callers.open_caller(before.call) is None
    assert key_of(IVAN) != before.call.caller_key


def test_erasing_again_changes_nothing_and_an_unknown_number_is_nobody(shop: Any) -> None:
    erase(find_person.by_phone("s1", IVAN), NOW)
    after = lying(shop)
    again = erase(find_person.by_phone("s1", IVAN), NOW)
    assert (again.erasure_id, again.removed, again.complete) == (None, {}, True)
    assert erase(find_person.by_phone("s1", "+79169999999"), NOW).removed == {}
    assert lying(shop) == after


def test_a_person_is_forgotten_by_their_browser(shop: Any) -> None:
    done = erase(find_person.by_visitor("s1", IVANS_BROWSER), NOW)
    assert done.removed == {"numbers": 1, "calls": 2, "contacts": 0, "visits": 2, "self_reported": 0}
    assert callers.find_caller("s1", IVAN) is None
    assert find_person.by_visitor("s1", IVANS_BROWSER).known is False
    assert find_person.by_visitor("s1", "nobody").known is False


def test_a_browser_that_only_may_have_called_does_not_forget_the_caller(shop: Any) -> None:
    call("generic-late", MARIA, lend("another"), at=NOW + timedelta(minutes=40))  # long after that lease: unknown
    assert find_person.by_visitor("s1", "another").subject_ids == ()
    number = lend("marias")
    call("generic-hers", MARIA, number)
    assert find_person.by_visitor("s1", "marias").subject_ids == (key_of(MARIA),)


def test_the_visitors_of_their_calls_are_one_stranger_from_then_on(shop: Any) -> None:
    first = calls_table.call("s1", "generic-call1")
    assert first is not None and first.call.number is not None
    call("generic-call3", IVAN, first.call.number)  # by the same lease
    erase(find_person.by_phone("s1", IVAN), NOW)
    named = {found.evidence.visitor for each in ("1", "3") if (found := calls_table.call("s1", f"generic-call{each}"))}
    assert len(named) == 1 and named != {visitor()}


@pytest.mark.parametrize("breaks_at", range(1, 14))
def test_what_dies_half_way_is_finished_by_the_schedule(
    shop: Any, monkeypatch: pytest.MonkeyPatch, breaks_at: int
) -> None:
    person, key = find_person.by_phone("s1", IVAN), key_of(IVAN)
    _die_at_write(breaks_at)
    with contextlib.suppress(ZeroDivisionError):
        erase(person, NOW)
    _die_at_write(0)
    if erasures_table.erasures():  # else it died before anything was done, and the person asks again
        forget_callers.forget(NOW + timedelta(minutes=1))
    else:
        erase(person, NOW)
    forget_callers.forget(NOW + SECOND_LOOK)
    assert erasures_table.erasures() == []
    assert of_ivan(shop) == []
    assert [each.day for each in changed_days_table.changed_days()] == [NOW.date()]
    assert len(calls_table.calls_of_caller("s1", key)) == 2


WRITES: dict[str, int] = {}


def _die_at_write(place: int) -> None:
    """Let the process die before its n-th write; 0: never."""
    from chalicelib.runtime import aws as clients

    WRITES.update(made=0, deadly=place)

    def count(model: Any, **_: Any) -> None:
        if model.name not in ("GetItem", "Query", "BatchGetItem"):
            WRITES["made"] += 1
            if WRITES["made"] == WRITES["deadly"]:
                raise ZeroDivisionError

    for hot in (True, False):
        events = clients.dynamodb(hot=hot).meta.events
        events.register("before-call.dynamodb", count, unique_id="die")


def test_a_person_of_very_many_calls_is_erased_over_several_passes(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "MAX_CALLS", 1)
    first = erase(find_person.by_phone("s1", IVAN), NOW)
    assert (first.removed["calls"], first.complete) == (1, False)
    assert callers.find_caller("s1", IVAN) is None  # gone at once, however much is left to do
    assert forget_callers.forget(NOW + timedelta(minutes=1))["erasures_left"] == 1
    forget_callers.forget(NOW + timedelta(minutes=2))
    (erasure,) = erasures_table.erasures()
    assert erasure.passed
    assert not call_item.mentions_caller(item("generic-call1")) and not call_item.mentions_caller(item("generic-call2"))
    assert forget_callers.forget(NOW + SECOND_LOOK)["erasures_left"] == 0


# ---- what comes afterwards, or was under way ----------------------------------------------------------------------


def test_a_late_event_brings_nothing_of_theirs_back(shop: Any) -> None:
    before = calls_table.call("s1", "generic-call1")
    erase(find_person.by_phone("s1", IVAN), NOW)
    redacted = calls_table.call("s1", "generic-call1")
    url, known = "https://pbx.example/call1.mp3", (("roistat", "ivan"),)
    late = CallEvent("late", "call1", at=NOW, caller=IVAN, recording_url=url, talk_seconds=75, variables=known)
    attribute(receive("generic-call1", late), NOW)
    after = calls_table.call("s1", "generic-call1")
    assert before and redacted and after
    assert after.call.talk_seconds == 75  # the call itself may still become clearer
    assert (after.call.caller_key, after.evidence) == (before.call.caller_key, redacted.evidence)
    assert callers.find_caller("s1", IVAN) is None
    erasures_table.finish(erasures_table.erasures()[0])
    assert of_ivan(shop) == []


def test_an_attribution_that_had_read_them_before_is_tried_again(shop: Any) -> None:
    read = item("generic-call1")
    found = call_item.attributed_of(read)
    assert found
    erase(find_person.by_phone("s1", IVAN), NOW)
    with pytest.raises(StorageUnavailable):
        calls_table.put_evidence(
            found.call, found.evidence, found.day, callers.settle(read, NOW), call_item.erasure_of(read)
        )
    attribute({"site_id": "s1", "call_id": "generic-call1"}, NOW)
    assert not call_item.mentions_caller(item("generic-call1"))


def test_a_call_that_was_being_attributed_is_found_at_the_second_look(shop: Any) -> None:
    event = CallEvent("start", "call3", at=NOW, caller=IVAN, number=STATIC, started_at=NOW)
    receive("generic-call3", event)
    settled = callers.settle(item("generic-call3"), NOW)
    erase(find_person.by_phone("s1", IVAN), NOW)
    from chalicelib.calls.evidence import Evidence, EvidenceKind
    from chalicelib.calls.fold import fold

    call = fold(call_item.record_of({**item("generic-call3"), **call_item.attributes(settled)}))
    assert calls_table.put_evidence(call, Evidence(EvidenceKind.UNKNOWN, "for a test"), NOW.date(), settled)
    assert "+791******01" in json.dumps(item("generic-call3"))
    forget_callers.forget(NOW + SECOND_LOOK)
    assert "+791******01" not in json.dumps(item("generic-call3"))


def test_an_outcome_of_an_erased_customer_keeps_its_call(shop: Any) -> None:
    before = deals_table.deal("s1", "generic", "A-1")
    erase(find_person.by_phone("s1", IVAN), NOW)
    won(IVAN, at=NOW + timedelta(days=9), quality=5)
    after = deals_table.deal("s1", "generic", "A-1")
    assert before and after and after.quality == 5
    assert (after.call_id, after.caller_key, after.day) == (before.call_id, before.caller_key, before.day)
    assert callers.find_caller("s1", IVAN) is None


def test_a_new_deal_of_theirs_is_somebody_elses(shop: Any) -> None:
    key = key_of(IVAN)
    erase(find_person.by_phone("s1", IVAN), NOW)
    won(IVAN, "A-3")
    deal = deals_table.deal("s1", "generic", "A-3")
    assert deal and deal.caller_key != key and deal.call_id is None
    join_deals.rejoin_caller(SITE, key)


def test_an_erased_call_is_delivered_to_nobody_any_more(shop: Any, capsys: pytest.CaptureFixture[str]) -> None:
    erase(find_person.by_phone("s1", IVAN), NOW)
    messages(shop, settings().deliver_queue)
    attribute(receive("generic-call1", CallEvent("late", "call1", at=NOW, caller=IVAN)), NOW)
    assert messages(shop, settings().deliver_queue) == []
    deliver({"site_id": "s1", "call_id": "generic-call1"}, NOW)
    assert '"not_delivered"' in capsys.readouterr().out


def test_a_webhook_that_could_not_be_read_goes_with_its_call(shop: Any) -> None:
    request = signed_request({"from": IVAN}, NOW)
    spool_bucket.store_unparsed(spool_bucket.SpooledEvent("generic", "secret", (), request), (), "abc")
    attribute(receive("generic-call1", CallEvent("unread-abc", "call1", at=NOW, unread="to")), NOW)
    spool_bucket.store_unparsed(spool_bucket.SpooledEvent("generic", "secret", (), request), (), "of another call")
    s3 = shop.client("s3")
    assert erase(find_person.by_phone("s1", IVAN), NOW).complete
    left = s3.list_objects_v2(Bucket=settings().bucket, Prefix=spool_bucket.UNREAD)["Contents"]
    assert [each["Key"] for each in left] == ["unread/generic/2026-11-22/of another call.json"]


def test_their_recordings_go_with_all_versions_and_so_does_one_that_was_on_its_way(shop: Any) -> None:
    s3, bucket, key = shop.client("s3"), settings().bucket, "recordings/s1/generic-call1/r1.mp3"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def arrives() -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=b"a voice")
        stored_one = Recording("r1", RecordingState.STORED, key=key)
        recording_store.put_recording("s1", "generic-call1", stored_one)

    arrives()
    arrives()
    known = export(find_person.by_phone("s1", IVAN))["calls"]
    assert any(each["url"] for call in known for each in call["recordings"] if each["recording_id"] == "r1")
    erase(find_person.by_phone("s1", IVAN), NOW)
    assert "Versions" not in s3.list_object_versions(Bucket=bucket, Prefix="recordings/")
    arrives()
    forget_callers.forget(NOW + SECOND_LOOK)
    assert "Versions" not in s3.list_object_versions(Bucket=bucket, Prefix="recordings/")
    found = calls_table.call("s1", "generic-call1")
    assert found and {each.state for each in found.recordings} == {RecordingState.ERASED}


def test_a_recording_reported_later_is_not_fetched(shop: Any) -> None:
    messages(shop, settings().recording_queue)
    erase(find_person.by_phone("s1", IVAN), NOW)
    late = CallEvent("recording", "call1", at=NOW, recording_url="https://pbx.example/call1-again.mp3")
    attribute(receive("generic-call1", late), NOW)
    assert messages(shop, settings().recording_queue) == []
    assert "call1-again" not in lying(shop)


def test_calls_they_were_rung_back_by_are_theirs_too(shop: Any) -> None:
    call("generic-back", IVAN, direction=Direction.OUT)
    assert erase(find_person.by_phone("s1", IVAN), NOW).removed["calls"] == 3


def test_the_log_says_what_was_done_and_not_of_whom(shop: Any, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    key = key_of(IVAN)
    erase(find_person.by_phone("s1", IVAN), NOW)
    printed = capsys.readouterr().out
    (line,) = [json.loads(line) for line in printed.splitlines() if "person_erased" in line]
    assert line["calls"] == 2 and line["erasure_id"].startswith("erase-")
    assert not any(known in printed for known in (IVAN[2:], "+791******01", key, visitor()))


def test_where_a_visitor_came_from_is_forgotten(shop: Any) -> None:
    assert erase(find_person.by_phone("s1", IVAN), NOW).removed["visits"] == 2
    assert visits_table.everything_of("s1", visitor()) == []
    assert visits_table.calls_naming("s1", visitor()) == []
