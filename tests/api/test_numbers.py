from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.registry import store
from chalicelib.registry.types import Campaign, NumberKind, NumberState
from chalicelib.runtime.settings import settings
from tests.api.conftest import Api
from tests.factories import NOW, POOL, SITE
from tests.pool.shop import BROWSER

PATH = "/manage/sites/s1/numbers"
CSV = """Номер;Тип;Пул;Кампания;Переадресация;Метка
8 (499) 000-00-01;;p1;;;
8 499 000 00 02;dynamic;p1;;;
не номер;;p1;;;
8 499 000 00 03;static;;c1;8 495 123-45-67;Авито
8 499 000 00 04;;p9;;;
8 499 000 00 01;;p1;;;
8 499 000 00 05;radio;p1;;;
"""


@pytest.fixture
def campaign(account: Api) -> None:
    store.create_campaign(Campaign("c1", "s1", "Авито"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16"])
def test_good_lines_of_a_table_land_and_each_bad_one_says_why(account: Api, campaign: None, encoding: str) -> None:
    answer = account.post(PATH, CSV.replace("Переадресация", "target_number").encode(encoding), "text/csv")

    assert answer.status_code == 200, answer.json_body
    report = answer.json_body
    assert (report["rows"], report["landed"], report["unchanged"]) == (7, 3, 0)
    assert [(each["line"], each["field"]) for each in report["rejected"]] == [
        (4, "number"),
        (6, "pool_id"),
        (7, "number"),
        (8, "kind"),
    ]
    assert all(each["reason"] for each in report["rejected"])
    static = store.number_of_site("s1", "+74990000003")
    assert static is not None
    assert (static.kind, static.campaign_id, static.target_number, static.label) == (
        NumberKind.STATIC,
        "c1",
        "+74951234567",
        "Авито",
    )


def test_the_same_file_again_changes_nothing(account: Api, campaign: None) -> None:
    raw = CSV.replace("Переадресация", "target_number").encode()
    account.post(PATH, raw, "text/csv")
    before = store.numbers_of("s1")

    again = account.post(PATH, raw, "text/csv").json_body

    assert (again["landed"], again["unchanged"]) == (0, 3)
    assert store.numbers_of("s1") == before


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"numbers": rows}])
def test_a_json_list_lands_with_the_querys_defaults(account: Api, wrap: Any) -> None:
    body = wrap([{"number": "84990000001"}, {"number": "84990000002", "label": "second"}])

    answer = account.post(f"{PATH}?pool_id=p1", body)

    assert answer.json_body == {"rows": 2, "landed": 2, "unchanged": 0, "rejected": []}
    listed = account.get(PATH).json_body["numbers"]
    assert [number["number"] for number in listed] == ["+74990000001", "+74990000002", "+74995550100"]
    assert (listed[0]["kind"], listed[0]["pool_id"], listed[1]["label"]) == ("dynamic", "p1", "second")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rows": []}, "numbers"),
        ([{"label": "x"}], "[0].number"),
        ([{"number": 7499}], "[0].number"),
        (b"[", "body"),
    ],
)
def test_a_body_that_is_no_list_of_numbers_is_refused(account: Api, body: Any, field: str) -> None:
    answer = account.post(PATH, body)

    assert (answer.status_code, answer.json_body["field"]) == (400, field)


def test_an_empty_table_is_refused(account: Api) -> None:
    answer = account.post(PATH, b"", "text/csv")

    assert (answer.status_code, answer.json_body["field"]) == (400, "file")


def test_a_number_of_another_account_is_refused_without_saying_whose(account: Api, stranger: Api) -> None:
    account.post(PATH, [{"number": "+74990000001", "pool_id": "p1"}])

    answer = stranger.post("/manage/sites/s2/numbers", [{"number": "+74990000001", "kind": "static"}])

    assert answer.json_body["rejected"] == [{"line": 1, "field": "number", "reason": "belongs to another place"}]
    assert store.numbers_of("s2") == ()


def test_a_long_list_comes_in_pages(account: Api) -> None:
    account.post(f"{PATH}?pool_id=p1", [{"number": f"+7499000000{place}"} for place in range(5)])
    cursor: str | None = ""
    seen, pages = [], 0

    while cursor is not None:
        page = account.get(f"{PATH}?limit=4" + (f"&cursor={cursor}" if cursor else "")).json_body
        seen += [number["number"] for number in page["numbers"]]
        cursor, pages = page["next_cursor"], pages + 1

    assert pages == 2
    assert seen == [number.number for number in store.numbers_of("s1")]


@pytest.mark.parametrize(("query", "field"), [("limit=0", "limit"), ("limit=x", "limit"), ("cursor=%F0", "cursor")])
def test_a_wrong_page_is_refused(account: Api, query: str, field: str) -> None:
    answer = account.get(f"{PATH}?{query}")

    assert (answer.status_code, answer.json_body["field"]) == (400, field)


@pytest.mark.parametrize("written", ["+74990000001", "%2B74990000001", "84990000001"])
def test_a_number_is_found_however_its_path_writes_it(account: Api, written: str) -> None:
    account.post(PATH, [{"number": "+74990000001", "pool_id": "p1"}])

    assert account.get(f"{PATH}/{written}").json_body["number"] == "+74990000001"


def test_a_number_is_taken_out_of_use_and_back(account: Api) -> None:
    account.post(PATH, [{"number": "+74990000001", "pool_id": "p1"}])

    changed = account.patch(f"{PATH}/+74990000001", {"state": "quarantine", "label": "rings too often"}).json_body

    assert (changed["state"], changed["label"]) == ("quarantine", "rings too often")
    assert store.number_of_site("s1", "+74990000001").state is NumberState.QUARANTINE  # type: ignore[union-attr]
    assert account.patch(f"{PATH}/+74990000001", {"state": "active"}).json_body["state"] == "active"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"state": "lost"}, "state"), ({"target_number": "+74951234567"}, "target_number"), ({"label": 5}, "label")],
)
def test_a_wrong_change_is_named_and_not_made(account: Api, change: dict[str, Any], field: str) -> None:
    account.post(PATH, [{"number": "+74990000001", "pool_id": "p1"}])
    before = account.get(f"{PATH}/+74990000001").json_body

    answer = account.patch(f"{PATH}/+74990000001", change)

    assert (answer.status_code, answer.json_body["field"]) == (400, field)
    assert account.get(f"{PATH}/+74990000001").json_body == before


def test_an_unknown_number_is_404(account: Api) -> None:
    assert account.get(f"{PATH}/+74990000009").status_code == 404
    assert account.patch(f"{PATH}/+74990000009", {"label": "x"}).status_code == 404


def test_a_number_that_somebody_sees_is_refused_elsewhere_and_the_line_says_from_when_it_can_come(
    account: Api, stranger: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLPATH_TEST_CLOCK", "on")
    settings.cache_clear()

    def at(seconds: int) -> dict[str, str]:
        return {clock.HEADER: clock.iso(NOW + timedelta(seconds=seconds))}

    page = {"User-Agent": BROWSER, "Origin": SITE.allowed_origins[0]}
    row = {"number": "+74990000001", "pool_id": "p1"}
    elsewhere = {"number": "+74990000001", "kind": "static"}
    account.send("POST", PATH, [row], **at(0))
    lent = account.send("POST", "/sites/sk1/number", {"url": f"{SITE.allowed_origins[0]}/"}, **page, **at(5))
    assert lent.json_body["number"] == "+74990000001"
    assert account.send("PATCH", f"{PATH}/+74990000001", {"state": "archived"}, **at(9)).status_code == 200
    free = 5 + POOL.hold_seconds + SITE.call_grace_seconds

    for caller, path in ((stranger, "/manage/sites/s2/numbers"), (account, PATH)):
        (refused,) = caller.send("POST", path, [elsewhere], **at(free - 1)).json_body["rejected"]
        assert (refused["line"], refused["field"]) == (1, "number")
        assert refused["available_at"] == clock.iso(NOW + timedelta(seconds=free))
        assert refused["available_at"] in refused["reason"]
    shown = account.send("PATCH", "/manage/sites/s1/pools/p1", {"overflow_number": "+74990000001"}, **at(free - 1))
    assert (shown.status_code, shown.json_body["field"]) == (409, "overflow_number")
    assert stranger.send("POST", "/manage/sites/s2/numbers", [elsewhere], **at(free)).json_body["landed"] == 1
    (refused,) = account.send("POST", PATH, [row], **at(free + 1)).json_body["rejected"]
    assert refused == {"line": 1, "field": "number", "reason": "belongs to another place"}


def test_a_number_that_its_pool_shows_to_everybody_is_not_archived(account: Api) -> None:
    refused = account.patch(f"{PATH}/+74995550100", {"state": "archived"})
    assert (refused.status_code, refused.json_body["field"]) == (409, "state")
    account.patch("/manage/sites/s1/pools/p1", {"overflow_number": None})
    assert account.patch(f"{PATH}/+74995550100", {"state": "archived"}).json_body["state"] == "archived"
