"""What a page or a site's server reports of a visitor, through the endpoint into the contacts table."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.calls import callers, changed_days_table
from chalicelib.carriers import recover_event
from chalicelib.contacts import contacts_table
from chalicelib.contacts import record_event as recording
from chalicelib.contacts.record_event import record
from chalicelib.contacts.types import Contact, ContactKind
from chalicelib.core.errors import BadInput, NotFound, StorageUnavailable
from chalicelib.deals import take_contact
from chalicelib.runtime.settings import settings
from tests.conftest import forget_caches
from tests.contacts import leads_fixture
from tests.contacts.leads_fixture import AD, ORIGIN, PHONE, later, visitor
from tests.requests import NOW, SITE, messages, open_site


@pytest.fixture(autouse=True)
def site(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(recording, "WAIT_SECONDS", 0)  # the queue would really make it wait
    open_site()
    return aws


def stored() -> list[Contact]:
    return contacts_table.of_visitor(SITE.site_id, visitor())


def test_two_events_of_one_moment_are_both_kept_and_a_repetition_once(site: Any) -> None:
    for event in ({"type": "tel_click"}, {"type": "tel_click"}, {"type": "promo_shown", "code": "A-17"}):
        assert leads_fixture.write(site, event)
    assert sorted((each.kind, each.code) for each in stored()) == [("promo_shown", "A-17"), ("tel_click", "")]


def test_a_contact_keeps_what_had_brought_its_visitor_and_nothing_after_it(site: Any) -> None:
    leads_fixture.arrive(minutes=-10)
    leads_fixture.arrive(minutes=5, url=f"{ORIGIN}/?utm_source=vk")
    leads_fixture.write(site, {"form": "order", "url": f"{ORIGIN}/order?email=a@b.example"})
    (contact,) = stored()
    assert (contact.kind, contact.form, contact.at, contact.day) == (ContactKind.FORM, "order", NOW, NOW.date())
    assert [(touch.url, touch.source.source) for touch in contact.touches] == [(AD, "yandex")]
    assert [each.day for each in changed_days_table.changed_days()] == [NOW.date()]


def test_a_number_as_people_write_it_is_kept_as_its_caller_key_alone(site: Any) -> None:
    leads_fixture.write(site, {"phone": "8 (916) 000-00-01"})
    subject = callers.find_caller(SITE.site_id, PHONE)
    assert subject is not None
    assert [each.caller_key for each in stored()] == [subject.subject_id]
    assert "9160000001" not in str(contacts_table.item(SITE.site_id, stored()[0].contact_id))


def test_what_is_queued_shows_neither_number_nor_visitor(site: Any) -> None:
    record(leads_fixture.event({"phone": PHONE}), SITE.site_key)
    (message,) = messages(site, settings().contact_queue)
    assert message.keys() == {"contact"}
    assert "9160000001" not in json.dumps(message) and "browser-anna" not in json.dumps(message)


def test_the_browsers_time_is_kept_when_it_is_credible(site: Any) -> None:
    at = (NOW - timedelta(minutes=30)).isoformat()
    leads_fixture.write(site, {"at": at})
    assert [each.at for each in stored()] == [NOW - timedelta(minutes=30)]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"type": "nonsense"}, "type"),
        ({"visitor_id": ""}, "visitor_id"),
        ({"at": "2020-01-01T00:00:00Z"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"url": "ftp://pallets.example/"}, "url"),
        ({"code": "not a code"}, "code"),
        ({"form": "x" * 101}, "form"),
    ],
)
def test_bad_input_is_named(site: Any, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        leads_fixture.write(site, fields)
    assert caught.value.field == field
    leads_fixture.take_in(site)
    assert stored() == []


def test_an_unknown_key_is_no_site(site: Any) -> None:
    with pytest.raises(NotFound):
        record(leads_fixture.event({}), "nobody")


def test_crawlers_and_pages_of_other_sites_leave_nothing(site: Any) -> None:
    bot: dict[str, Any] = {"user-agent": "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)"}
    assert not leads_fixture.write(site, {}, **bot)
    assert not leads_fixture.write(site, {}, origin="https://thief.example")
    assert not leads_fixture.write(site, {"url": "https://thief.example/"}, origin="")
    assert stored() == []


def test_a_server_has_no_origin_and_may_call_itself_as_it_likes(site: Any) -> None:
    server: dict[str, Any] = {"origin": "", "user-agent": "python-requests/2.32"}
    assert leads_fixture.write(site, {"type": "chat"}, **server)
    assert [each.kind for each in stored()] == [ContactKind.CHAT]


def test_what_is_no_number_is_refused_to_a_server_and_costs_a_page_only_the_number(site: Any) -> None:
    with pytest.raises(BadInput) as refused:
        leads_fixture.write(site, {"phone": "12"}, origin="")
    assert refused.value.field == "phone"
    assert leads_fixture.write(site, {"phone": "12"})
    assert [each.caller_key for each in stored()] == [None]


# ---- outages -------------------------------------------------------------------------------------------------------


def break_setting(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    forget_caches()


def test_with_the_registry_down_the_event_waits_and_is_judged_when_it_is_taken_in(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = settings().directory_table
    break_setting(monkeypatch, "CALLPATH_DIRECTORY_TABLE", working + "-gone")
    assert record(leads_fixture.event({"phone": "8 916 000-00-01"}), SITE.site_key) == {"recorded": True}
    assert record(leads_fixture.event({}, 1, origin="https://thief.example"), SITE.site_key) == {"recorded": True}
    waiting = messages(site, settings().contact_queue)
    with pytest.raises(StorageUnavailable):
        take_contact.take(waiting[0], NOW)
    break_setting(monkeypatch, "CALLPATH_DIRECTORY_TABLE", working)
    for message in waiting:
        take_contact.take(message, NOW)
    (contact,) = stored()
    assert contact.at == NOW and contact.caller_key is not None


def test_with_the_queue_down_the_event_goes_by_way_of_the_bucket(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    working = settings().contact_queue
    break_setting(monkeypatch, "CALLPATH_CONTACT_QUEUE", working + "-gone")
    assert record(leads_fixture.event({"phone": PHONE}), SITE.site_key) == {"recorded": True}
    (kept,) = site.client("s3").list_objects_v2(Bucket=settings().bucket, Prefix="kept/")["Contents"]
    body = site.client("s3").get_object(Bucket=settings().bucket, Key=kept["Key"])["Body"].read()
    assert b"9160000001" not in body
    break_setting(monkeypatch, "CALLPATH_CONTACT_QUEUE", working)
    notice = {"Records": [{"s3": {"bucket": {"name": settings().bucket}, "object": {"key": kept["Key"]}}}]}
    recover_event.recover(notice, NOW)
    leads_fixture.take_in(site)
    assert len(stored()) == 1
    assert "Contents" not in site.client("s3").list_objects_v2(Bucket=settings().bucket, Prefix="kept/")


def test_with_queue_and_bucket_down_a_server_is_asked_to_try_again(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    break_setting(monkeypatch, "CALLPATH_CONTACT_QUEUE", settings().contact_queue + "-gone")
    break_setting(monkeypatch, "CALLPATH_BUCKET", "no-such-bucket-of-ours")
    with pytest.raises(StorageUnavailable):
        record(leads_fixture.event({}), SITE.site_key)


def test_what_another_signing_key_sealed_is_no_event_of_ours(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    record(leads_fixture.event({}), SITE.site_key)
    (message,) = messages(site, settings().contact_queue)
    break_setting(monkeypatch, "CALLPATH_SIGNING_KEY", "another signing key, 32 bytes long")
    with pytest.raises(ValueError, match="signing key"):
        take_contact.take(message, later(1))
