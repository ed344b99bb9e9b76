"""Who had a number, asked through the real number endpoint and stored history: what was seen to go wrong once."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.pool.lending import group_codec, provision_numbers, rules
from chalicelib.pool.lending.find_holder import holder_at
from chalicelib.pool.lending.lease_group import GUARD, second_of
from chalicelib.pool.lending.pool_view import Policy, PoolView
from chalicelib.pool.lending.release_number import release
from chalicelib.registry import snapshot, store
from chalicelib.registry.types import NumberKind, NumberState, TrackingNumber
from chalicelib.runtime.settings import settings
from chalicelib.visits.visitor_key import visitor_key
from tests.conftest import SIGNING_KEY
from tests.fakes.lease_table import MemoryTable, numbers_of
from tests.pool.shop import NOW, POOL, number, open_shop, page, stock, visit
from tests.requests import issue

MINUTE, HOUR = 60, 3600


def holder(at: float, asked: float, grace: int = 1800, place_: int = 1) -> tuple[str, str | None]:
    """Certainty and visitor of a call `at` seconds after NOW, `asked` so many after NOW."""
    owner = store.number_of_site("s1", number(place_))
    assert owner is not None
    found = holder_at(owner, NOW + timedelta(seconds=at), grace, NOW + timedelta(seconds=asked))
    return str(found.certainty), found.visitor


def key(visitor_id: str) -> str:
    return visitor_key("s1", visitor_id, SIGNING_KEY.encode()).hex()


def move_state(state: NumberState, at: float, place_: int = 1) -> None:
    provision_numbers.set_state("s1", number(place_), state, NOW + timedelta(seconds=at))
    snapshot.forget()


@pytest.fixture(autouse=True)
def shop(aws: Any) -> None:
    open_shop()


def test_a_stranger_between_two_visits_of_one_visitor_is_nobody_before_and_after_the_second() -> None:
    stock(1)
    first = visit("v", at=0)
    call = 2 * HOUR
    assert holder(call, asked=call + 60) == ("unknown", None)
    again = visit("v", at=4 * HOUR, lease=first["lease"])
    assert again["number"] == first["number"]
    assert holder(call, asked=4 * HOUR + 600) == ("unknown", None)
    assert holder(call, asked=90 * HOUR) == ("unknown", None), "asked of history, a day later"
    assert holder(4 * HOUR + 10, asked=90 * HOUR) == ("live", key("v"))


def test_a_return_does_not_move_a_call_that_came_before_it() -> None:
    stock(1)
    visit("u", at=0)
    second = visit("v", at=8 * MINUTE)
    call, answers = 20 * MINUTE, []
    for asked in (25, 70, 1500):
        if asked == 70:
            visit("v", at=60 * MINUTE, lease=second["lease"])
        answers.append(holder(call, asked * MINUTE))
    assert set(answers) == {("grace", key("v"))}


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=72), timedelta(hours=-72)])
def test_a_pool_that_was_set_up_by_a_wrong_clock_remembers_as_any_other(ahead: timedelta) -> None:
    stock(12, now=NOW + ahead)
    rng, held = random.Random(3), []
    tokens: dict[str, Any] = {}
    for visit_ in range(45):
        who = f"v{rng.randrange(9)}" if rng.random() < 0.3 else f"new{visit_}"
        at = visit_ * 400  # one number after another, the same one whenever its visitor returns
        answer = visit(who, at=at, lease=tokens.get(who))
        tokens[who] = answer["lease"]
        held.append((at, who, int(answer["number"][-4:])))
    assert len({place_ for _, _, place_ in held}) > 3
    for at, who, place_ in held:
        assert holder(at + 30, asked=50 * 400, place_=place_) == ("live", key(who))
        assert holder(at + 30, asked=50 * 400 + 200_000, place_=place_) == ("live", key(who))


def test_a_call_before_the_first_lease_of_a_number_is_nobodys() -> None:
    stock(1)
    visit("v", at=100)
    assert holder(98.5, asked=200) == ("unknown", None)
    assert holder(104, asked=200) == ("live", key("v"))


def test_a_number_that_is_put_back_to_use_goes_on_resting() -> None:
    stock(2)
    kept = visit("v", at=0)["number"]
    place_ = int(kept[-4:])
    move_state(NumberState.DRAINING, at=100, place_=place_)
    place_at_rest = 3 - place_
    end = 360
    move_state(NumberState.ARCHIVED, at=end + GUARD + 1, place_=place_)
    move_state(NumberState.ACTIVE, at=end + GUARD + 2, place_=place_)
    assert visit("w", at=end + GUARD + 3)["number"] == number(place_at_rest), "the other one has rested for longer"
    assert holder(end + 20, asked=end + 100, place_=place_) == ("grace", key("v"))


def test_a_number_taken_out_at_once_and_put_back_is_not_lent_while_its_visitor_may_still_see_it() -> None:
    stock(1)
    visit("v", at=0)
    move_state(NumberState.ARCHIVED, at=30)
    move_state(NumberState.ACTIVE, at=31)
    assert visit("w", at=35)["kind"] == "overflow"
    assert holder(100, asked=110) == ("live", key("v"))
    assert holder(20, asked=110) == ("live", key("v"))
    assert visit("w", at=363 + GUARD)["number"] == number(1)
    assert holder(100, asked=500) == ("live", key("v"))


@pytest.mark.parametrize("rest", [50, 200])
def test_a_number_is_its_visitors_for_ninety_seconds_after_they_left(rest: int) -> None:
    stock(1)
    lease, left = visit("v", at=0)["lease"], 360 - rest
    body = {"visitor_id": "v", "lease": lease}
    assert release(page(body, NOW + timedelta(seconds=left)), "sk1")["released"]
    assert visit("w", at=left + 90)["kind"] != "dynamic"
    assert visit("w", at=left + 90 + GUARD + 1)["number"] == number(1)
    assert holder(left + 89, asked=left + 300) == ("live", key("v"))


def test_a_visitor_id_alone_from_another_address_neither_learns_a_number_nor_gives_it_back() -> None:
    stock(24)
    mine = visit("v", at=0)
    thief = page({"url": "https://shop.example/", "visitor_id": "v"}, NOW + timedelta(seconds=20))
    stolen = issue(replace(thief, source_ip="198.51.100.77"), "sk1")
    assert stolen["number"] != mine["number"]
    release(page({"visitor_id": "v", "lease": stolen["lease"]}, NOW + timedelta(seconds=30)), "sk1")
    assert holder(300, asked=320, place_=int(mine["number"][-4:])) == ("live", key("v"))


def test_a_long_grace_is_read_to_its_end_by_one_query(aws: Any) -> None:
    stock(12)
    busy, shown, rng = MemoryTable(1), list[str](), random.Random(1)
    view = PoolView(numbers_of(1), Policy(60), rng)
    begin = int(second_of(NOW))
    for turn in range(1000):
        lent = busy.run(rules.lend(view, turn.to_bytes(12, "big"), begin + turn * 6, rng))
        if lent.slot == 4:
            shown.append(lent.visitor.hex())
    for (group, moment), state in busy.chunks.items():
        put(aws, group_codec.write_group("p1", group, state, moment))
    put(aws, group_codec.write_group("p1", 0, busy.groups[0]))
    owner = TrackingNumber(number(5), "s1", NumberKind.DYNAMIC, "p1", group=0, slot=4)
    at = NOW + timedelta(seconds=1000 * 6)
    for grace in (4200, 4500, 7200, 86_400):
        for asked in (at, at + timedelta(days=3)):
            found = holder_at(owner, at, grace, asked)
            named = [each.visitor for each in found.recent]
            assert not found.cut
            assert named == shown[::-1][: len(named)]
            assert (len(named) == len(shown) > 70) is (grace > 6000)
            assert all((at - each.expires_at).total_seconds() <= grace for each in found.recent)


def test_what_is_too_much_to_be_read_is_cut_at_its_oldest_end_and_said(
    aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.pool.lending.find_holder.MOST_IMAGES", 2)
    stock(1)
    for turn in range(45):
        visit(f"v{turn}", at=turn * 400)
    at = 45 * 400
    owner = store.number_of_site("s1", number(1))
    assert owner is not None
    found = holder_at(owner, NOW + timedelta(seconds=at), 20_000, NOW + timedelta(seconds=at))
    assert found.cut
    assert [each.visitor for each in found.recent][:18] == [key(f"v{turn}") for turn in range(44, 26, -1)]
    assert not holder_at(owner, NOW + timedelta(seconds=at), 600, NOW + timedelta(seconds=at)).cut


def put(aws: Any, item: Any) -> None:
    aws.client("dynamodb").put_item(TableName=settings().pools_table, Item=item)


assert POOL.hold_seconds == 360, "the times above are written for it"
