"""Journeys from a click to a counted call, with answers written by hand, under every model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from chalice.test import Client

from app import app
from chalicelib.attribution import repeat_callers
from chalicelib.attribution.models import MODELS
from chalicelib.contacts import record_event
from chalicelib.reports.facts.count_day import DayFacts
from tests.journeys import player as worlds

HERE = Path(__file__).parent
EVERY = "every model"
OF_CALLS = {"evidence", "day", "missed", "target", "called_back", "manager", "talk_seconds"}


def journeys() -> list[dict[str, Any]]:
    return [journey for file in sorted(HERE.glob("*.yaml")) for journey in yaml.safe_load(file.read_text())]


@pytest.fixture
def client(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("CALLPATH_TEST_CLOCK", "on")
    monkeypatch.setattr(repeat_callers, "LOOK_AGAIN_SECONDS", 0)  # the queues would really make them wait
    monkeypatch.setattr(record_event, "WAIT_SECONDS", 0)
    with Client(app) as client:
        yield client


@pytest.mark.parametrize("journey", journeys(), ids=lambda journey: journey["name"])
def test_a_journey_ends_as_written(journey: Mapping[str, Any], aws: Any, client: Client) -> None:
    world = worlds.opened(journey, client, aws)
    for step in journey["steps"]:
        world.play(step)
    days = {day_of(expected) for expected in journey["calls"].values()}
    found = {day: worlds.facts(day) for day in days}
    assert {fact.call_id for each in found.values() for fact in each.calls} >= {
        f"generic-{call_id}" for call_id in journey["calls"]
    }
    for call_id, expected in journey["calls"].items():
        check_call(found[day_of(expected)], call_id, expected, journey.get("where", {}))
    for external_id, expected in journey.get("deals", {}).items():
        check_deal(external_id, expected, journey.get("where", {}))


def check_call(found: DayFacts, call_id: str, expected: Mapping[str, Any], where: Mapping[str, str]) -> None:
    facts = [fact for fact in found.calls if fact.call_id == f"generic-{call_id}"]
    assert len(facts) == 1, f"{call_id} is counted {len(facts)} times on {expected['day']}"
    assert {name: getattr(facts[0], name) for name in expected if name in OF_CALLS} == {
        name: value for name, value in expected.items() if name in OF_CALLS
    }
    for model in MODELS:
        written = expected["credit"].get(model, expected["credit"].get(EVERY))
        shares = {written: 1} if isinstance(written, str) else written or {}
        wanted = {where.get(name, name): Decimal(str(weight)) for name, weight in shares.items()}
        assert worlds.credit_of(found, call_id, model) == wanted, f"{call_id} under {model}"


def check_deal(external_id: str, expected: Mapping[str, Any], where: Mapping[str, str]) -> None:
    found = [deal for deal in worlds.facts(expected["day"]).deals if deal.external_id == external_id]
    assert len(found) == 1, f"{external_id} is counted {len(found)} times on {expected['day']}"
    call_id = f"generic-{expected['call']}" if expected.get("call") else None
    assert (found[0].call_id, found[0].won) == (call_id, expected.get("won", True))
    assert (found[0].contact_id is not None) == ("contact" in expected)
    if found[0].contact_id:
        source = where.get(expected["source"], expected["source"])
        assert worlds.source_of_contact(found[0].contact_id) == (expected["contact"], source)


def day_of(expected: Mapping[str, Any]) -> date:
    day = expected["day"]
    assert isinstance(day, date)
    return day


def test_there_are_as_many_as_promised_each_with_its_own_name() -> None:
    names = Counter(journey["name"] for journey in journeys())
    assert len(names) >= 40
    assert names.most_common(1)[0][1] == 1


def test_every_call_says_what_every_model_gives() -> None:
    for journey in journeys():
        for call_id, expected in journey["calls"].items():
            assert {"evidence", "day", "missed", "target", "credit"} <= expected.keys(), (journey["name"], call_id)
            credit = expected["credit"]
            known = {*MODELS, EVERY}
            assert credit.keys() <= known, (journey["name"], call_id, credit.keys() - known)
            assert expected.get("direction") == "out" or EVERY in credit or credit.keys() == set(MODELS), journey[
                "name"
            ]
