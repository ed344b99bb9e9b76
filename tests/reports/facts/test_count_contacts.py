"""What visitors did besides calling: counted by source beside the calls, the source of deals, and proved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from openpyxl import load_workbook

from chalicelib.audit import chain_table
from chalicelib.contacts import contacts_table
from chalicelib.contacts.types import Contact, ContactKind
from chalicelib.core import clock
from chalicelib.deals import deals_table
from chalicelib.deals.types import Deal, OutcomeStatus
from chalicelib.privacy.erase_person import erase
from chalicelib.privacy.types import Person
from chalicelib.reports import close_day
from chalicelib.reports.compose import Order, compose
from chalicelib.reports.facts import facts_bucket
from chalicelib.reports.figures.report import Report
from chalicelib.reports.layouts import render_all
from chalicelib.reports.verify import verify
from chalicelib.runtime.settings import settings
from chalicelib.visits.types import Touch
from tests.reports import day
from tests.reports.day import DAY, NOON, SITE

ANNA, BORIS = "a" * 24, "b" * 24


def contact(name: str, kind: ContactKind, visitor: str = ANNA, channels: Sequence[str] = ("paid_search",)) -> Contact:
    """Something done at noon, an hour after each of these arrivals."""
    begun = NOON - timedelta(hours=len(channels))
    touches = tuple(
        Touch(begun + timedelta(hours=hour), "https://shop.example/?who=me", "", "Москва", day.source(channel))
        for hour, channel in enumerate(channels)
    )
    made = Contact(SITE.site_id, name, kind, NOON, DAY, visitor, "https://shop.example/", "order", "", None, touches)
    assert contacts_table.put(made)
    return made


def deal(external_id: str, of: Contact | None) -> Deal:
    stored = Deal(
        SITE.site_id, "generic", external_id, NOON + timedelta(days=1), OutcomeStatus.WON, Decimal(1000), Decimal(400),
        "RUB", "Петрова", None, None, None, None, DAY, "visitor_id" if of else None,
        visitor=ANNA, contact_id=of.contact_id if of else None,
    )  # fmt: skip
    deals_table.put_deal(stored)
    return stored


@pytest.fixture(autouse=True)
def closed_day(aws: Any) -> None:
    """A call with a deal, a form from two sources with a deal, a chat, reveals, codes; closed."""
    versions = {"Status": "Enabled"}
    aws.client("s3").put_bucket_versioning(Bucket=settings().bucket, VersioningConfiguration=versions)
    day.register()
    day.won(day.call("c1"))
    deal("of-the-form", contact("form-1", ContactKind.FORM, channels=("social", "paid_search")))
    deal("of-the-visit", contact("visit-1", ContactKind.VISIT, channels=("maps",)))
    contact("visit-2", ContactKind.VISIT, channels=("maps",))  # no deal names it: it is nothing
    contact("chat-1", ContactKind.CHAT, BORIS, ())
    for place in range(3):
        contact(f"reveal-{place}", ContactKind.REVEAL, BORIS, ("social",))
    contact("promo-1", ContactKind.PROMO_SHOWN, BORIS)
    close_day.close(clock.utc_now() + timedelta(seconds=5))


def composed(folder: Path, model: str = "last_touch") -> Report:
    files = facts_bucket.fetch(SITE.site_id, DAY, DAY, folder)
    order = Order(SITE.site_id, SITE.name, DAY, DAY, model, "RUB", SITE.time_zone)
    return compose(files, order, NOON, folder)


def rows(report: Report, by: str = "channel") -> dict[str, dict[str, Decimal]]:
    return {row.key[0]: {kind: n for kind, n in row.counts.items() if n} for row in report.contacts[by].rows}


def test_each_kind_is_counted_by_source_and_none_is_a_call(tmp_path: Path) -> None:
    report = composed(tmp_path)
    assert rows(report) == {
        "social": {"reveal": 3},
        "paid_search": {"form": 1, "promo_shown": 1},
        "unknown": {"chat": 1},
    }
    assert rows(report, "campaign")[day.CAMPAIGN] == {"form": 1, "reveal": 3, "promo_shown": 1}
    assert {kind: n for kind, n in report.contacts["keyword"].total.items() if n} == {
        "form": 1, "chat": 1, "reveal": 3, "promo_shown": 1,
    }  # fmt: skip
    assert (report.total.calls, report.total.unique, report.total.deals) == (Decimal(1), Decimal(1), Decimal(3))


@pytest.mark.parametrize(
    ("model", "social", "paid"),
    [
        ("last_touch", 0, 2),
        ("first_touch", 1, 1),
        ("linear", "0.5", "1.5"),
        ("custom:first=30,middle=0,last=70,direct=100", "0.3", "1.7"),
    ],
)
def test_a_deal_counts_for_its_contacts_sources_under_any_model(
    tmp_path: Path, model: str, social: Any, paid: Any
) -> None:
    report = composed(tmp_path, model)
    deals = {row.key[0]: row.figures.deals for row in report.tables["channel"].rows}
    assert (deals.get("social", Decimal(0)), deals["paid_search"]) == (Decimal(social), Decimal(paid))
    assert deals["maps"] == 1
    assert sum(deals.values()) == report.total.deals
    assert rows(report).get("social", {}).get("form", 0) == Decimal(social)


def test_a_deal_of_a_contact_is_in_every_grouping(tmp_path: Path) -> None:
    report = composed(tmp_path)
    for by, key in {"campaign": day.CAMPAIGN, "keyword": "купить поддоны", "region": "Москва"}.items():
        assert {row.key[-1]: row.figures.deals for row in report.tables[by].rows}[key] == 3
    assert {row.key: row.figures.deals for row in report.tables["manager"].rows}[("Петрова",)] == 2
    assert {row.key: row.figures.deals for row in report.tables["hour"].rows}[("2", "12")] == 3


def test_every_layout_shows_them(tmp_path: Path) -> None:
    files = render_all(composed(tmp_path))
    assert b"social,0,0,0,0,3,0" in files["contacts-channel.csv"]
    assert files["contacts-channel.csv"].strip().endswith(b"TOTAL,1,1,0,0,3,1")
    stored = json.loads(files["report.json"])["contacts"]["channel"]
    assert stored["total"]["reveal"] == 3 and {row["channel"] for row in stored["rows"]} == {
        "social",
        "paid_search",
        "unknown",
    }
    (tmp_path / "r.xlsx").write_bytes(files["report.xlsx"])
    sheet = load_workbook(tmp_path / "r.xlsx")["Contacts by channel"]
    assert [cell.value for cell in sheet[1]][:2] == ["Channel", "Forms"]
    assert (
        "Numbers revealed" in files["report.html"].decode()
        and "calls to it are not seen" in files["report.html"].decode()
    )


def test_where_nothing_was_done_there_is_no_table(tmp_path: Path) -> None:
    files = facts_bucket.fetch(SITE.site_id, DAY + timedelta(days=1), DAY + timedelta(days=1), tmp_path)
    order = Order(SITE.site_id, SITE.name, DAY, DAY, "linear", "RUB", SITE.time_zone)
    assert compose(files, order, NOON, tmp_path).contacts == {}


# ---- proof ---------------------------------------------------------------------------------------------------------


def findings() -> tuple[str, ...]:
    return verify(SITE.site_id, DAY, DAY, NOON).findings


def names_proved() -> set[str]:
    leaves = chain_table.leaves_of(chain_table.entries(SITE.site_id)[-1])
    assert leaves is not None
    return {leaf.name for leaf in leaves if leaf.name.startswith("contact")}


def test_contacts_are_proved_and_those_that_count_nowhere_are_not() -> None:
    expected = {"form-1", "visit-1", "chat-1", "reveal-0", "reveal-1", "reveal-2", "promo-1"}
    assert names_proved() == {f"contact {name}" for name in expected}
    assert findings() == ()


def test_a_contact_changed_by_hand_is_found(aws: Any) -> None:
    item = dict(contacts_table.item(SITE.site_id, "form-1") or {})
    doc = json.loads(item["doc"]["S"])
    doc["touches"][-1]["source"]["channel"] = "maps"
    aws.client("dynamodb").put_item(TableName=settings().contacts_table, Item=item | {"doc": {"S": json.dumps(doc)}})
    found = findings()
    assert found[0] == f"{DAY}: contact form-1 is not what it was."
    assert "contacts, " in found[1] and "form-1" in found[1]


def test_a_contact_that_was_deleted_or_slipped_in_is_found(aws: Any) -> None:
    aws.client("dynamodb").delete_item(
        TableName=settings().contacts_table, Key={"pk": {"S": f"{SITE.site_id}#reveal-1"}}
    )
    assert findings()[0] == f"{DAY}: contact reveal-1 is gone."
    contact("aaa", ContactKind.FORM)
    assert findings()[0] == f"{DAY}: contact aaa was not there."


def test_another_origin_of_a_deal_is_found(aws: Any) -> None:
    stored = deals_table.deal(SITE.site_id, "generic", "of-the-form")
    assert stored is not None
    assert deals_table.join_deal(stored, replace(stored, contact_id="chat-1"))
    assert findings()[0] == f"{DAY}: deal generic#of-the-form is not what it was."


def test_an_erasure_leaves_figures_and_proof_as_they_were(tmp_path: Path) -> None:
    assert erase(Person(SITE.site_id, (), (ANNA, BORIS)), NOON).removed["contacts"] == 8
    assert findings() == ()
    form = contacts_table.get(SITE.site_id, "form-1")
    assert form is not None and form.erased and ANNA not in str(form) and "who=me" not in str(form)
    close_day.rebuild(SITE.site_id, DAY, NOON)
    assert len(chain_table.entries(SITE.site_id)) == 1
    assert rows(composed(tmp_path))["paid_search"] == {"form": 1, "promo_shown": 1}


def test_what_an_erasure_left_cannot_hide_a_change(aws: Any) -> None:
    erase(Person(SITE.site_id, (), (ANNA,)), NOON)
    item = dict(contacts_table.item(SITE.site_id, "form-1") or {})
    doc = json.loads(item["doc"]["S"])
    doc["touches"][0]["url"] = "https://shop.example/?who=you"
    aws.client("dynamodb").put_item(TableName=settings().contacts_table, Item=item | {"doc": {"S": json.dumps(doc)}})
    assert findings()[0] == f"{DAY}: contact form-1 is not what it was."
