"""Calls find their evidence: through the real tables of the pool, the visitors, the calls and the deals."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.attribution.attribute_call import attribute
from chalicelib.attribution.credit import credit_of, paths_of
from chalicelib.attribution.find_evidence import FORGOTTEN
from chalicelib.attribution.rulebook import Rulebook
from chalicelib.calls import calls_table, changed_days_table
from chalicelib.calls.events_table import add_events
from chalicelib.calls.evidence import EvidenceKind
from chalicelib.calls.types import CallEvent, CallStatus, Direction
from chalicelib.core.errors import NotFound, StorageUnavailable
from chalicelib.deals import deals_table, join_deals
from chalicelib.deals.types import Outcome, OutcomeStatus
from chalicelib.pool.lending import census_table, provision_numbers
from chalicelib.registry import store as store_of_registry
from chalicelib.registry.types import Campaign, NumberKind, NumberState, TrackingNumber
from chalicelib.runtime.http import to_json
from chalicelib.runtime.settings import settings
from chalicelib.visits import visits_table
from chalicelib.visits.touches import MAX_TOUCHES
from chalicelib.visits.visitor_key import visitor_key
from tests.conftest import forget_caches
from tests.requests import CALLER, NOW, POOL, SITE, STATIC, issue, messages, open_site, post

DYNAMIC = "+74990000101"
BROWSER = {"Origin": "https://pallets.example", "User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/142.0"}
VISITOR_ID = "f3b1c5a0d2e94f7a8b6c1d2e"
LEASED = NOW - timedelta(minutes=3)


@pytest.fixture
def site(aws: Any) -> Any:
    """A site that lent its one dynamic number three minutes ago, for six, to a visitor it has known for three days."""
    open_site()
    provision_numbers.place_numbers("s1", [TrackingNumber(DYNAMIC, "s1", NumberKind.DYNAMIC, pool_id="p1")], LEASED)
    touch("https://pallets.example/?utm_source=yandex&utm_medium=cpc&utm_campaign=338151", NOW - timedelta(days=3))
    fields = {"visitor_id": VISITOR_ID, "url": "https://pallets.example/", "referrer": ""}
    lent = issue(post(json.dumps(fields).encode(), BROWSER, LEASED), "sk1")
    assert json.loads(to_json(getattr(lent, "body", lent)))["number"] == DYNAMIC
    return aws


def visitor() -> str:
    return visitor_key("s1", VISITOR_ID, settings().signing_key).hex()


def touch(url: str, at: datetime, referrer: str = "") -> None:
    visits_table.record_touch("s1", visitor(), visits_table.RawTouch(at, url, referrer, "Москва"))


def ring(call_id: str = "generic-1", number: str | None = DYNAMIC, at: datetime = NOW, **said: Any) -> dict[str, str]:
    """Store a call's first event; the message that attribution gets of it."""
    fields = {"caller": CALLER, "number": number, "started_at": at, "direction": Direction.IN} | said
    event = CallEvent(f"start-{call_id}", call_id, at=at, **fields)
    add_events("s1", call_id, ("generic", "e-pbx"), [event], at)
    return {"site_id": "s1", "call_id": call_id}


def hang_up(call_id: str = "generic-1", at: datetime = NOW, talk: int = 60) -> None:
    status = CallStatus.ACCEPTED if talk else CallStatus.MISSED
    event = CallEvent(f"end-{call_id}", call_id, at=at, ended_at=at, talk_seconds=talk, status=status)
    add_events("s1", call_id, ("generic", "e-pbx"), [event], at)


def found(call_id: str = "generic-1") -> Any:
    attributed = calls_table.call("s1", call_id)
    assert attributed is not None
    return attributed


def marked() -> list[date]:
    return [each.day for each in changed_days_table.changed_days()]


def test_a_call_finds_the_visitor_and_their_touches_through_the_lease(site: Any) -> None:
    attribute(ring(), NOW)
    evidence = found().evidence
    assert (evidence.kind, evidence.visitor, evidence.leased_at) == (EvidenceKind.LIVE, visitor(), LEASED)
    assert [each.source.channel for each in evidence.touches] == ["paid_search", "direct"]
    assert evidence.touches[0].region == "Москва"
    (credit,) = credit_of(found(), SITE, Rulebook())
    assert (credit.source.channel, credit.source.campaign) == ("paid_search", "338151")


def test_touches_after_the_call_or_beyond_the_lookback_do_not_count(site: Any) -> None:
    touch("https://pallets.example/?utm_source=later", NOW + timedelta(minutes=1))
    touch("https://pallets.example/?utm_source=old", NOW - timedelta(days=91))
    attribute(ring(), NOW)
    assert [each.source.source for each in found().evidence.touches] == [
        "old",
        "yandex",
        "",
    ]  # the look-back may change
    (path,) = paths_of(found(), SITE, Rulebook())
    assert [step.source.source for step in path.steps] == ["yandex", ""]
    (wider,) = paths_of(found(), replace(SITE, lookback_days=92), Rulebook())
    assert [step.source.source for step in wider.steps] == ["old", "yandex", ""]


def test_coming_back_from_paying_or_from_our_other_site_is_no_touch(site: Any) -> None:
    touch("https://pallets.example/thanks", NOW - timedelta(minutes=2), "https://yookassa.ru/")
    touch("https://pallets.example/", NOW - timedelta(minutes=1), "https://spb.pallets.example/")
    attribute(ring(), NOW)
    assert [each.source.source for each in found().evidence.touches] == ["yandex", ""]


def test_of_very_many_touches_the_first_and_the_latest_stay(site: Any) -> None:
    for minute in range(MAX_TOUCHES + 20):
        touch(f"https://pallets.example/?utm_source=n{minute}", NOW - timedelta(hours=9) + timedelta(minutes=minute))
    attribute(ring(), NOW)
    touches = found().evidence.touches
    assert (len(touches), touches[0].source.source, touches[-1].at) == (MAX_TOUCHES, "yandex", LEASED)
    touch("https://pallets.example/?utm_source=old", NOW - timedelta(days=300))
    attribute(ring("generic-2"), NOW)
    touches = found("generic-2").evidence.touches
    assert (len(touches), [each.source.source for each in touches[:2]]) == (MAX_TOUCHES, ["old", "yandex"])


@pytest.mark.parametrize(
    ("number", "said", "kind"),
    [
        (STATIC, {}, EvidenceKind.STATIC),
        (POOL.overflow_number, {}, EvidenceKind.OVERFLOW),
        ("+74959999999", {}, EvidenceKind.UNKNOWN),
        (None, {}, EvidenceKind.UNKNOWN),
        (DYNAMIC, {"direction": Direction.OUT}, EvidenceKind.UNKNOWN),
        (DYNAMIC, {"started_at": NOW - timedelta(days=40)}, EvidenceKind.UNKNOWN),
        (DYNAMIC, {"started_at": LEASED + timedelta(minutes=20)}, EvidenceKind.GRACE),
    ],
)
def test_every_other_number_gives_its_evidence(
    site: Any, number: str, said: dict[str, Any], kind: EvidenceKind
) -> None:
    attribute(ring(number=number, **said), NOW)
    evidence = found().evidence
    assert evidence.kind is kind
    assert evidence.why.endswith(".")
    assert evidence.campaign_id == ("avito" if kind is EvidenceKind.STATIC else None)


def move(number: TrackingNumber, now: datetime) -> None:
    """Archive a number where it is and import it elsewhere."""
    (owner,) = store_of_registry.current_owners([number.number]).values()
    provision_numbers.set_state(owner.site_id, number.number, NumberState.ARCHIVED, LEASED + timedelta(minutes=1))
    provision_numbers.place_numbers(number.site_id, [number], now)
    forget_caches()


def test_a_number_given_to_another_campaign_keeps_its_old_calls(site: Any) -> None:
    attribute(ring(number=STATIC), NOW)
    store_of_registry.create_campaign(Campaign("cian", "s1", "Циан"))
    moved = NOW + timedelta(minutes=5)
    move(TrackingNumber(STATIC, "s1", NumberKind.STATIC, campaign_id="cian"), moved)
    hang_up()
    attribute({"site_id": "s1", "call_id": "generic-1"}, moved)
    assert found().evidence.campaign_id == "avito"
    attribute(ring("generic-2", number=STATIC, at=moved - timedelta(seconds=1)), moved)  # the webhook came late
    assert found("generic-2").evidence.campaign_id == "avito"
    attribute(ring("generic-3", number=STATIC, at=moved), moved)
    assert found("generic-3").evidence.campaign_id == "cian"


def test_a_call_that_moves_to_before_its_numbers_move_is_the_earlier_owners(site: Any) -> None:
    store_of_registry.create_campaign(Campaign("cian", "s1", "Циан"))
    moved = NOW + timedelta(minutes=5)
    move(TrackingNumber(STATIC, "s1", NumberKind.STATIC, campaign_id="cian"), moved)
    attribute(ring(number=STATIC, at=moved), moved)
    assert found().evidence.campaign_id == "cian"
    add_events("s1", "generic-1", ("generic", "e"), [CallEvent("true-start", "generic-1", started_at=NOW)], moved)
    attribute({"site_id": "s1", "call_id": "generic-1"}, moved)
    assert found().evidence.campaign_id == "avito"


@pytest.mark.parametrize("kind", [NumberKind.DYNAMIC, NumberKind.OVERFLOW, NumberKind.STATIC])
def test_a_call_belongs_to_who_held_the_number_then_though_it_is_another_sites_by_now(
    site: Any, kind: NumberKind
) -> None:
    store_of_registry.create_site(replace(SITE, site_id="s2", site_key="sk2"))
    store_of_registry.create_pool(replace(POOL, pool_id="p2", site_id="s2", overflow_number=None))
    pool_id = None if kind is NumberKind.STATIC else "p2"
    later = NOW + timedelta(hours=1)
    move(TrackingNumber(DYNAMIC, "s2", kind, pool_id=pool_id, campaign_id="c2"), later)

    attribute(ring(), later)
    evidence = found().evidence
    assert (evidence.kind, evidence.visitor, evidence.pool_id) == (EvidenceKind.LIVE, visitor(), "p1")
    assert counted() == (1, 0), "a call to the pool it was in"
    attribute(ring("generic-2", at=later, caller="+79160000002"), later)
    assert (found("generic-2").evidence.kind, found("generic-2").evidence.pool_id) == (EvidenceKind.UNKNOWN, None)
    event = CallEvent("start", "generic-3", at=NOW, caller=CALLER, number=DYNAMIC, started_at=NOW)
    add_events("s2", "generic-3", ("generic", "e2"), [event], later)  # the new owner imports old calls
    attribute({"site_id": "s2", "call_id": "generic-3"}, later)
    theirs = calls_table.call("s2", "generic-3")
    assert theirs is not None and theirs.evidence.kind is EvidenceKind.UNKNOWN


def test_a_late_call_is_no_stray_of_the_quarantine_its_number_is_in_by_now(site: Any) -> None:
    store_of_registry.create_pool(replace(POOL, pool_id="p2", overflow_number=None))
    later = NOW + timedelta(hours=1)
    move(TrackingNumber(DYNAMIC, "s1", NumberKind.DYNAMIC, pool_id="p2"), later)
    provision_numbers.set_state("s1", DYNAMIC, NumberState.QUARANTINE, later)
    forget_caches()
    attribute(ring(), later)
    assert (found().evidence.kind, found().evidence.pool_id) == (EvidenceKind.LIVE, "p1")
    assert census_table.stray_calls(DYNAMIC, NOW - timedelta(days=1)) == 0
    attribute(ring("generic-2", at=later, caller="+79160000002"), later)
    assert census_table.stray_calls(DYNAMIC, NOW - timedelta(days=1)) == 1


def test_a_call_older_than_the_leases_history_is_nobodys_even_where_a_trace_is_left(site: Any) -> None:
    late = NOW + timedelta(days=90, seconds=1)
    attribute(ring(), late)
    assert (found().evidence.kind, found().evidence.why) == (EvidenceKind.UNKNOWN, FORGOTTEN)
    attribute(ring("generic-2", caller="+79160000002"), late - timedelta(seconds=1))
    assert found("generic-2").evidence.kind is EvidenceKind.LIVE


def test_the_day_is_that_of_the_sites_zone_and_is_marked(site: Any) -> None:
    late = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)  # half past midnight in Moscow
    attribute(ring(number=STATIC, at=late), NOW)
    assert marked() == [date(2026, 11, 23)]
    (listed,) = calls_table.calls_of_day("s1", date(2026, 11, 23))
    assert listed == found()
    assert calls_table.calls_of_day("s1", date(2026, 11, 22)) == []


def test_an_event_that_moves_a_call_to_another_day_marks_both(site: Any) -> None:
    attribute(ring(number=STATIC, at=datetime(2026, 11, 22, 21, 30, tzinfo=UTC)), NOW)
    earlier = CallEvent("true-start", "generic-1", started_at=datetime(2026, 11, 22, 20, 30, tzinfo=UTC))
    add_events("s1", "generic-1", ("generic", "e-pbx"), [earlier], NOW)
    attribute({"site_id": "s1", "call_id": "generic-1"}, NOW)
    assert marked() == [date(2026, 11, 22), date(2026, 11, 23)]
    assert len(calls_table.calls_of_day("s1", date(2026, 11, 22))) == 1
    assert calls_table.calls_of_day("s1", date(2026, 11, 23)) == []


def test_a_call_is_delivered_once_it_has_ended(site: Any) -> None:
    message = ring()
    attribute(message, NOW)
    assert waiting(site) == 0
    hang_up()
    attribute(message, NOW)
    assert waiting(site) == 1


def waiting(session: Any) -> int:
    sqs, url = session.client("sqs"), settings().deliver_queue
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(counts["ApproximateNumberOfMessages"]) + int(counts["ApproximateNumberOfMessagesDelayed"])


def counted() -> Any:
    """The census of the minute of NOW."""
    minute = NOW.replace(second=0)
    rows = list(census_table.minutes("p1", minute, minute + timedelta(minutes=1)))
    return (rows[0].calls, rows[0].overflow_calls) if rows else (0, 0)


def test_a_call_is_counted_once_for_its_pool_and_apart_for_the_overflow_number(site: Any) -> None:
    message = ring()
    attribute(message, NOW)
    hang_up()
    attribute(message, NOW)
    attribute(message, NOW)
    assert counted() == (1, 0)
    attribute(ring("generic-2", POOL.overflow_number), NOW)
    assert counted() == (2, 1)
    attribute(ring("generic-3", STATIC), NOW)
    attribute(ring("generic-4", DYNAMIC, direction=Direction.OUT), NOW)
    assert counted() == (2, 1)


def test_a_call_whose_number_is_reported_late_is_counted_when_it_is(site: Any) -> None:
    attribute(ring(number=None), NOW)
    assert counted() == (0, 0)
    event = CallEvent("reported-later", "generic-1", number=DYNAMIC)
    add_events("s1", "generic-1", ("generic", "e-pbx"), [event], NOW)
    attribute({"site_id": "s1", "call_id": "generic-1"}, NOW)
    assert counted() == (1, 0)


def test_calls_to_a_number_in_quarantine_are_noted(site: Any) -> None:
    attribute(ring(), NOW)
    assert census_table.stray_calls(DYNAMIC, NOW - timedelta(days=1)) == 0
    provision_numbers.set_state("s1", DYNAMIC, NumberState.QUARANTINE, NOW)
    forget_caches()
    for call_id in ("generic-2", "generic-3", "generic-3"):
        attribute(ring(call_id), NOW)
    assert census_table.stray_calls(DYNAMIC, NOW - timedelta(days=1)) == 2
    assert census_table.stray_calls(DYNAMIC, NOW + timedelta(seconds=1)) == 0


def test_a_census_that_cannot_be_written_does_not_hold_up_a_call(site: Any, capsys: Any) -> None:
    site.client("dynamodb").delete_table(TableName=settings().days_table)
    with pytest.raises(StorageUnavailable):  # the day cannot be marked either: the message comes again
        attribute(ring(), NOW)
    assert found().evidence.kind is EvidenceKind.LIVE
    assert "call_not_counted" in capsys.readouterr().out


def test_attributing_again_changes_nothing(site: Any) -> None:
    message = ring()
    attribute(message, NOW)
    before = found()
    attribute(message, NOW)
    assert found() == before


def test_an_older_view_of_a_call_never_overwrites_a_newer_one(site: Any) -> None:
    attribute(ring(), NOW)
    old = found()
    hang_up()
    attribute({"site_id": "s1", "call_id": "generic-1"}, NOW)
    assert not calls_table.put_evidence(old.call, old.evidence, date(2020, 1, 1))
    assert found().day == date(2026, 11, 22)


def test_evidence_outlives_the_pools_memory_of_leases(site: Any) -> None:
    attribute(ring(), NOW)
    dynamodb, name = site.client("dynamodb"), settings().pools_table
    for item in dynamodb.scan(TableName=name)["Items"]:
        dynamodb.delete_item(TableName=name, Key={"k": item["k"], "e": item["e"]})
    hang_up()
    attribute({"site_id": "s1", "call_id": "generic-1"}, NOW + timedelta(days=100))
    assert found().evidence.kind is EvidenceKind.LIVE


@pytest.mark.parametrize("message", [{"site_id": "s1", "call_id": "no"}, {"site_id": "no", "call_id": "no"}])
def test_what_does_not_exist_goes_to_the_dead_letters(site: Any, message: dict[str, str]) -> None:
    with pytest.raises(NotFound):
        attribute(message, NOW)


def test_an_outage_gives_the_message_back(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    message = ring()
    monkeypatch.setenv("CALLPATH_POOLS_TABLE", "gone")
    forget_caches()
    with pytest.raises(StorageUnavailable):
        attribute(message, NOW)
    assert calls_table.call("s1", "generic-1") is None


# ---- deals that came before their calls ----------------------------------------------------------------------------


def outcome(external_id: str = "A-1", at: datetime = NOW + timedelta(hours=2), **said: Any) -> Outcome:
    known = Outcome("csv", external_id, at, OutcomeStatus.WON, phone=CALLER, amount=Decimal(500))
    return replace(known, **said)


def test_a_deal_that_came_before_its_call_is_joined_when_the_call_comes(site: Any) -> None:
    join_deals.record_outcome(SITE, outcome())
    assert deals_table.deal("s1", "csv", "A-1").joined_by is None  # type: ignore[union-attr]
    attribute(ring(at=NOW - timedelta(days=2)), NOW)
    deal = deals_table.deal("s1", "csv", "A-1")
    assert deal is not None
    assert (deal.call_id, deal.joined_by, deal.day) == ("generic-1", "phone", date(2026, 11, 20))
    assert marked() == [date(2026, 11, 20), date(2026, 11, 22)]
    assert deals_table.deals_of_day("s1", date(2026, 11, 20)) == [deal]


def test_deals_and_calls_in_any_order_are_joined_alike(site: Any) -> None:
    first, second = NOW - timedelta(days=5), NOW - timedelta(days=2)
    for call_id, at in (("generic-2", second), ("generic-1", first)):
        attribute(ring(call_id, at=at), NOW)
    join_deals.record_outcome(SITE, outcome("after both"))
    join_deals.record_outcome(SITE, outcome("between", first + timedelta(days=1)))
    join_deals.record_outcome(SITE, outcome("just before", first - timedelta(minutes=50)))
    join_deals.record_outcome(SITE, outcome("long before", first - timedelta(hours=2)))
    attribute(ring("generic-3", at=NOW), NOW)  # the caller's latest call: "after both" moves to it
    joined = {deal.external_id: deal.call_id for deal in deals_table.deals_of_caller("s1", found().call.caller_key)}
    assert joined == {
        "after both": "generic-3",
        "between": "generic-1",
        "just before": "generic-1",
        "long before": None,
    }


def test_a_deal_that_named_its_call_stays_with_it(site: Any) -> None:
    attribute(ring(at=NOW - timedelta(days=5)), NOW)
    join_deals.record_outcome(SITE, outcome(call_id="1"))
    attribute(ring("generic-2", at=NOW), NOW)
    deal = deals_table.deal("s1", "csv", "A-1")
    assert deal is not None and (deal.call_id, deal.joined_by) == ("generic-1", "call_id")
    assert messages(site, settings().attribute_queue) == []


def test_a_deal_opened_by_hand_joins_the_call_that_came_in_not_the_call_back(site: Any) -> None:
    attribute(ring("generic-1", at=NOW), NOW)
    attribute(ring("generic-2", at=NOW + timedelta(minutes=20), direction=Direction.OUT), NOW)
    join_deals.record_outcome(SITE, outcome(phone=CALLER))
    assert [each.call_id for each in deals_table.deals_of_day("s1", NOW.date())] == ["generic-1"]
