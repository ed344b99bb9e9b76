"""Campaigns from a table, over HTTP: added, changed, refused line by line, with their static numbers."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from chalicelib.api import campaign_import
from chalicelib.registry import store
from chalicelib.registry.types import Campaign, NumberState
from tests.api.conftest import Api

PATH = "/manage/sites/s1/campaigns"
TABLE = "\n".join(
    (
        "название;канал;utm_source;utm_campaign;яндекс директ;google ads;объявления;порог;"
        "начало;окончание;номера;номер переадресации",
        "Бренд;контекст;yandex;brand*;592928737383, 600000000001;;777|778;30;01.11.2026;30.11.2026;;",
        "Билборд;Offline;;;;;;;;;8 (499) 000-00-01, 84990000002;84951234567",
    )
)


def send(account: Api, text: str, **arguments: Any) -> dict[str, Any]:
    query = "&".join(f"{name}={value}" for name, value in arguments.items())
    answer = account.post(f"{PATH}?{query}", text.encode("cp1251"), "text/csv")
    assert answer.status_code == 200, answer.body
    body: dict[str, Any] = answer.json_body
    return body


def stored() -> dict[str, Campaign]:
    return {campaign.name: campaign for campaign in store.campaigns_of("s1")}


def test_a_table_adds_campaigns_with_their_static_numbers(account: Api) -> None:
    report = send(account, TABLE, recompute_days=3)

    assert report["rejected"] == []
    assert (report["rows"], report["landed"], report["unchanged"], report["recomputed"]["days"]) == (2, 2, 0, 3)
    assert report["numbers"] == {"landed": 2, "unchanged": 0}
    brand, billboard = stored()["Бренд"], stored()["Билборд"]
    assert (brand.channel, brand.match) == ("контекст", {"source": "yandex", "campaign": "brand*"})
    assert brand.platform_ids == {"yandex_direct": ("592928737383", "600000000001")}
    assert (brand.creatives, brand.target_talk_seconds) == (("777", "778"), 30)
    assert (brand.starts_on, brand.ends_on) == (date(2026, 11, 1), date(2026, 11, 30))
    assert billboard.channel == "offline"
    numbers = {number.number: number for number in store.numbers_of("s1")}
    assert {numbers[each].campaign_id for each in ("+74990000001", "+74990000002")} == {billboard.campaign_id}
    assert numbers["+74990000001"].target_number == "+74951234567"


def test_the_same_table_again_changes_nothing_and_marks_no_day(account: Api) -> None:
    send(account, TABLE)
    report = send(account, TABLE)
    assert (report["landed"], report["unchanged"], report["recomputed"]["days"]) == (0, 2, 0)
    assert report["numbers"] == {"landed": 0, "unchanged": 2}
    assert len(stored()) == 2


def test_a_line_changes_the_campaign_of_its_name_or_id_and_leaves_what_it_does_not_say(account: Api) -> None:
    send(account, TABLE)
    brand_id = stored()["Бренд"].campaign_id
    send(account, "name,google_ads\nбренд,20111222333\n")
    send(account, f"campaign_id,name,utm_medium\n{brand_id},Brand,cpc\n")
    brand = stored()["Brand"]
    assert (brand.campaign_id, brand.channel) == (brand_id, "контекст")
    assert brand.platform_ids == {"yandex_direct": ("592928737383", "600000000001"), "google_ads": ("20111222333",)}
    assert brand.match == {"source": "yandex", "campaign": "brand*", "medium": "cpc"}


def test_a_line_may_bring_an_id_of_its_own_and_archive(account: Api) -> None:
    send(account, TABLE)
    send(account, "campaign_id,name\nspring-26,Spring\n")
    assert stored()["Spring"].campaign_id == "spring-26"
    send(account, "name,archived\nБилборд,да\n")
    assert stored()["Билборд"].archived and stored()["Билборд"].ends_on is not None
    assert {number.state for number in store.numbers_of("s1") if number.campaign_id} == {NumberState.ARCHIVED}


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("Spring,,soon,,", "starts_on"),
        ("Spring,,2026-11-02,2026-11-01,", "ends_on"),
        (",,,,", "name"),
        (f"Spring,{'x' * 61},,,", "channel"),
        ("spring,,,,\nSpring,,,,", "name"),
        ("Spring,,,,maybe", "archived"),
    ],
)
def test_a_wrong_line_is_named_and_the_others_land(account: Api, line: str, field: str) -> None:
    report = send(
        account, f"name,channel,starts_on,ends_on,archived\nGood,,,,\n{line}\n" + ("x,,,,\n" * (line == ",,,,"))
    )
    wrong = [(one["line"], one["field"]) for one in report["rejected"]]
    if line == ",,,,":  # a line of nothing is none
        assert wrong == []
    else:
        assert wrong == [(3 + line.count("\n"), field)]
    assert "Good" in stored()


def test_a_number_placed_elsewhere_is_refused_by_its_line(account: Api) -> None:
    send(account, TABLE)
    report = send(account, "name,numbers,target_number\nOther,+74990000001,+74951234567\nThird,12,+74951234567\n")
    assert [(one["line"], one["field"]) for one in report["rejected"]] == [(2, "numbers"), (3, "numbers")]
    assert {"Other", "Third"} <= stored().keys()


def test_a_file_too_long_for_one_request_is_refused_before_anything_lands(
    account: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_import, "MOST_ROWS", 1)
    answer = account.post(PATH, TABLE.encode(), "text/csv")
    assert (answer.status_code, answer.json_body["field"]) == (400, "rows")
    assert stored() == {}
