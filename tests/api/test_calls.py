from __future__ import annotations

import io

import msgspec
import pytest
from msgspec.structs import replace

from chalicelib.attribution.attribute_call import attribute
from chalicelib.calls.recording import Recording, RecordingState
from chalicelib.calls.transcript import Segment, Spoken, Transcript, TranscriptState, Word
from chalicelib.carriers import receive_call
from chalicelib.recordings import recordings_table as recordings
from chalicelib.recordings.transcripts.talk_analysis import analyse
from chalicelib.registry import store
from chalicelib.registry.types import Account, Campaign, NumberKind, TrackingNumber
from tests.api.conftest import Api
from tests.requests import CALLER, NOW, PBX, STATIC, pbx_call, secret_of, signed_request

PATH = "/manage/sites/s1/calls"
DAY = "2026-11-22"


@pytest.fixture
def endpoint(account: Api) -> str:
    """Return the secret of a PBX's endpoint; the site has a static number of the campaign avito."""
    store.create_campaign(Campaign("avito", "s1", "Авито"))
    store.put_numbers("s1", [TrackingNumber(STATIC, "s1", NumberKind.STATIC, campaign_id="avito")])
    return secret_of(PBX)


def ring(secret: str, call_id: str) -> None:
    """One whole call of the PBX, attributed."""
    post_call(secret, call_id)
    attribute({"site_id": "s1", "call_id": f"generic-{call_id}"}, NOW)


def post_call(secret: str, call_id: str) -> None:
    for event in pbx_call(call_id):
        receive_call.receive(signed_request(event), "generic", secret, ())


def test_a_days_calls_are_listed_with_evidence_and_credit(account: Api, endpoint: str) -> None:
    ring(endpoint, "one")

    answer = account.get(f"{PATH}?day={DAY}").json_body

    assert (answer["day"], answer["model"], answer["next_cursor"]) == (DAY, "last_non_direct", None)
    [call] = answer["calls"]
    assert (call["call_id"], call["caller"], call["number"]) == ("generic-one", CALLER, STATIC)
    assert (call["status"], call["talk_seconds"], call["answered"]) == ("accepted", 47, True)
    assert (call["evidence"]["kind"], call["evidence"]["campaign_id"]) == ("static", "avito")
    [credit] = call["credit"]
    assert (credit["weight"], credit["source"]["channel"], credit["source"]["campaign"]) == ("1", "offline", "Авито")
    assert "caller_key" not in call


def test_what_a_caller_said_is_noted_beside_what_was_measured(account: Api, stranger: Api, endpoint: str) -> None:
    ring(endpoint, "one")
    before = account.get(f"{PATH}/generic-one").json_body

    noted = account.patch(f"{PATH}/generic-one", {"self_reported": " Сосед, +7 916 000-00-01 "})

    assert noted.status_code == 200
    assert noted.json_body["call_id"] == "generic-one"
    said = noted.json_body["self_reported"]
    assert (said["answer"], said["channel"]) == ("сосед, [*]", "word_of_mouth")
    after = account.get(f"{PATH}/generic-one").json_body
    assert after == before | {"self_reported": said}
    [listed] = account.get(f"{PATH}?day={DAY}").json_body["calls"]
    assert (listed["self_reported"], listed["evidence"]["kind"]) == (said, "static")
    assert stranger.patch(f"{PATH}/generic-one", {"self_reported": "x"}).status_code == 404
    wrong = account.patch(f"{PATH}/generic-one", {"self_reported": 5})
    assert (wrong.status_code, wrong.json_body["field"]) == (400, "self_reported")
    assert account.patch(f"{PATH}/generic-one", {"self_reported": None}).json_body["self_reported"] is None
    assert account.get(f"{PATH}/generic-one").json_body == before


def test_a_call_of_which_nothing_was_measured_is_shown_as_self_reported(account: Api, endpoint: str) -> None:
    event = pbx_call("one")[0] | {"to": "+74990000777"}
    receive_call.receive(signed_request(event), "generic", endpoint, ())
    attribute({"site_id": "s1", "call_id": "generic-one"}, NOW)
    account.patch(f"{PATH}/generic-one", {"self_reported": "авито"})
    call = account.get(f"{PATH}/generic-one").json_body
    assert (call["evidence"]["kind"], call["credit"][0]["source"]["channel"]) == ("self_reported", "unknown")
    assert call["unmatched"]


def test_a_call_is_shown_with_its_recordings_and_what_was_said_in_them(account: Api, endpoint: str) -> None:
    ring(endpoint, "one")
    key = "recordings/s1/generic-one/r1.mp3"
    recording = Recording("r1", RecordingState.STORED, key=key, content_type="audio/mpeg", bytes=3, stored_at=NOW)
    recordings.put_recording("s1", "generic-one", recording)
    recordings.put_audio(key, io.BytesIO(b"ID3"), "audio/mpeg")
    segments = (Segment("customer", 1, 2.5, "Доставка есть?"),)
    written = "recordings/s1/generic-one/r1.transcript.json"
    recordings.put_object(written, msgspec.json.encode(Spoken("ru-RU", 3, segments)))
    counted = analyse([Word("customer", 1, 2.5, "Доставка")], 3, ["доставка"])
    done = Transcript("r1", TranscriptState.DONE, "ru-RU", key=written, analysis=counted)
    recordings.put_transcript("s1", "generic-one", done)

    waiting, shown = account.get(f"{PATH}/generic-one").json_body["recordings"]

    assert (waiting["state"], waiting["url"], waiting["transcript"]) == ("waiting", None, None)
    assert (shown["recording_id"], shown["state"], shown["bytes"]) == ("r1", "stored", 3)
    assert f"/{key}?" in shown["url"] and "X-Amz-Expires=604800" in shown["url"]
    transcript = shown["transcript"]
    assert transcript["segments"] == [{"party": "customer", "starts": 1.0, "ends": 2.5, "text": "Доставка есть?"}]
    assert transcript["analysis"]["talk_share"] == {"customer": 100.0}
    assert transcript["analysis"]["phrases"][0]["phrase"] == "доставка"
    [listed] = account.get(f"{PATH}?day={DAY}").json_body["calls"]
    assert [each["state"] for each in listed["recordings"]] == ["waiting", "stored"]


def test_another_day_has_none(account: Api, endpoint: str) -> None:
    ring(endpoint, "one")

    assert account.get(f"{PATH}?day=2026-11-21").json_body["calls"] == []


def test_a_call_is_shown_with_all_its_events(account: Api, endpoint: str) -> None:
    ring(endpoint, "one")

    call = account.get(f"{PATH}/generic-one?model=linear").json_body

    assert call["model"] == "linear"
    assert call["evidence"]["why"]
    assert call["evidence"]["touches"] == []
    assert len(call["events"]) == 4
    assert {event["talk_seconds"] for event in call["events"]} == {None, 47}
    assert all(event["received_at"].startswith(DAY) for event in call["events"])


def test_a_call_not_yet_attributed_is_shown_without_evidence(account: Api, endpoint: str) -> None:
    post_call(endpoint, "one")

    call = account.get(f"{PATH}/generic-one").json_body

    assert (call["evidence"], call["credit"], call["talk_seconds"]) == (None, [], 47)


def odd(secret: str, call_id: str, **fields: str) -> None:
    """Return a call's only event, attributed."""
    receive_call.receive(signed_request({"call_id": call_id, "direction": "in"} | fields), "generic", secret, ())
    attribute({"site_id": "s1", "call_id": f"generic-{call_id}"}, NOW)


def test_calls_of_no_number_of_ours_are_kept_and_can_be_listed_alone(account: Api, endpoint: str) -> None:
    ring(endpoint, "ours")
    odd(endpoint, "foreign", event="call.started", to="+74959999999")
    odd(endpoint, "recorded", event="recording", recording_url="https://r.example/1.mp3")
    odd(endpoint, "rang-out", event="call.started", direction="out", **{"from": "+74959999999", "to": CALLER})

    every = account.get(PATH).json_body["calls"] + account.get(f"{PATH}?day={DAY}").json_body["calls"]
    unmatched = account.get(f"{PATH}?day={DAY}&unmatched=true").json_body["calls"]

    assert {call["call_id"] for call in every} >= {"generic-ours", "generic-foreign", "generic-recorded"}
    assert {call["call_id"]: call["evidence"]["why"] for call in unmatched} == {
        "generic-foreign": "The number is not one of this site's tracking numbers.",
        "generic-recorded": "The carrier did not say which number was called.",
    }
    assert {call["credit"][0]["source"]["channel"] for call in unmatched} == {"unknown"}
    assert all(call["unmatched"] for call in unmatched)


def test_a_number_that_went_to_another_site_leaves_its_calls_where_they_came_in(account: Api, endpoint: str) -> None:
    store.create_account(Account("acc2", "Others", NOW))
    site = store.site("s1")
    assert site is not None
    store.create_site(replace(site, site_id="s2", account_id="acc2", site_key="sk2"))
    store.create_campaign(Campaign("cian", "s2", "Циан"))
    other = "+74990000777"
    store.put_numbers("s2", [TrackingNumber(other, "s2", NumberKind.STATIC, campaign_id="cian")])
    odd(endpoint, "theirs", event="call.started", to=other)

    [call] = account.get(f"{PATH}?day={DAY}&unmatched=true").json_body["calls"]

    assert (call["number"], call["evidence"]["kind"], call["evidence"]["campaign_id"]) == (other, "unknown", None)


def test_many_calls_come_in_pages(account: Api, endpoint: str) -> None:
    names = ["a", "b", "c", "d", "e"]
    for name in reversed(names):
        ring(endpoint, name)
    seen: list[str] = []
    cursor = ""

    for _ in range(3):
        page = account.get(f"{PATH}?day={DAY}&limit=2" + (f"&cursor={cursor}" if cursor else "")).json_body
        seen += [call["call_id"] for call in page["calls"]]
        cursor = page["next_cursor"]

    assert seen == [f"generic-{name}" for name in names]
    assert cursor is None


@pytest.mark.parametrize(
    ("query", "field"),
    [("day=yesterday", "day"), ("model=magic", "model"), ("limit=1001", "limit"), ("unmatched=1", "unmatched")],
)
def test_a_wrong_argument_is_named(account: Api, query: str, field: str) -> None:
    answer = account.get(f"{PATH}?{query}")

    assert (answer.status_code, answer.json_body["field"]) == (400, field)


def test_an_unknown_call_is_404(account: Api) -> None:
    assert account.get(f"{PATH}/generic-none").status_code == 404
