from __future__ import annotations

from typing import Any

import pytest

from chalicelib.registry import store
from chalicelib.registry.types import NumberKind, NumberState, TrackingNumber
from tests.manage.conftest import Api

PATH = "/manage/sites/s1/campaigns"
NEW = {"name": "Spring", "match": {"source": "yandex", "campaign": "338151"}, "starts_on": "2026-03-01"}


def test_a_campaign_is_added_read_changed_and_emptied(account: Api) -> None:
    made = account.post(PATH, NEW | {"target_talk_seconds": 30})

    assert made.status_code == 201
    item = f"{PATH}/{made.json_body['campaign_id']}"
    assert account.get(PATH).json_body == {"campaigns": [made.json_body]}
    changed = account.patch(item, {"target_talk_seconds": None, "ends_on": "2026-05-31"}).json_body
    assert changed == made.json_body | {"target_talk_seconds": None, "ends_on": "2026-05-31"}
    assert account.get(item).json_body == changed


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"match": {"colour": "red"}}, "match.colour"),
        ({"match": {"source": 5}}, "match[...]"),
        ({"starts_on": "soon"}, "starts_on"),
        ({"ends_on": "2026-02-01"}, "ends_on"),
        ({"channel": " "}, "channel"),
        ({"target_talk_seconds": -1}, "target_talk_seconds"),
    ],
)
def test_a_wrong_field_is_named(account: Api, wrong: dict[str, Any], field: str) -> None:
    answer = account.post(PATH, NEW | wrong)

    assert (answer.status_code, answer.json_body["field"]) == (400, field)
    assert account.get(PATH).json_body == {"campaigns": []}


def test_an_archived_campaign_takes_its_numbers_with_it(account: Api) -> None:
    campaign_id = account.post(PATH, NEW).json_body["campaign_id"]
    number = TrackingNumber("+74990000001", "s1", NumberKind.STATIC, campaign_id=campaign_id)
    other = TrackingNumber("+74990000002", "s1", NumberKind.STATIC, campaign_id="c-other")
    store.put_numbers("s1", [number, other])

    account.patch(f"{PATH}/{campaign_id}", {"archived": True})

    states = {each.number: each.state for each in store.numbers_of("s1")}
    assert states["+74990000001"] is NumberState.ARCHIVED
    assert states["+74990000002"] is NumberState.ACTIVE


def test_an_unknown_campaign_is_404(account: Api) -> None:
    assert account.get(f"{PATH}/c9").status_code == 404
    assert account.patch(f"{PATH}/c9", {"name": "x"}).status_code == 404
