"""Many stories through the real routes and tasks in one process: no figure of their reports differs from the truth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from chalice.test import Client

from app import app
from chalicelib.api.provision import operator_key
from chalicelib.attribution import repeat_callers
from chalicelib.contacts import record_event
from chalicelib.runtime.settings import settings
from infra.demo.compare import differences, read_report
from infra.demo.events import Story
from infra.demo.expected import truth_of
from infra.demo.late_changes import Aftermath
from infra.demo.play import Play
from infra.demo.progress import Progress
from infra.demo.provision import provision
from infra.demo.record import record_of
from infra.demo.scenario import make_story
from infra.local.tables import create_tables
from tests.conftest import REGION, forget_caches
from tests.fakes.memory_aws import MemoryAws
from tests.infra.demo.in_process import InProcess, Routes
from tests.requests import messages

LAST_DAY = date(2026, 11, 21)
SEEDS = range(50)
LENGTHS = (2, 2, 3)  # days, in turn: a number comes into quarantine in those of three


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("CALLPATH_TEST_CLOCK", "on")
    with Client(app) as client:
        yield client


@pytest.fixture
def memory(environment: None, monkeypatch: pytest.MonkeyPatch) -> MemoryAws:
    return opened(monkeypatch)


def opened(monkeypatch: pytest.MonkeyPatch) -> MemoryAws:
    """All tables and queues in memory; the environment names them."""
    memory = MemoryAws()
    monkeypatch.setattr(BaseClient, "_make_api_call", lambda *asked: memory.call(*asked))  # noqa: PLW0108 - a method
    forget_caches()
    session = boto3.session.Session(region_name=REGION)
    for name, value in create_tables(session.client("dynamodb"), "test").items():
        monkeypatch.setenv(name, value)
    for queue in ("attribute", "deliver", "kept", "recording", "contact"):
        made = session.client("sqs").create_queue(QueueName=queue)
        monkeypatch.setenv(f"CALLPATH_{queue.upper()}_QUEUE", made["QueueUrl"])
    monkeypatch.setenv("CALLPATH_BUCKET", "test-callpath")
    return memory


def played(story: Story, world: InProcess) -> tuple[list[str], dict[str, Any]]:
    """Play the story to its end. Return all that is not as it must be, and what happened."""
    forget_caches()
    shop = provision(world.transport, operator_key("operator", story.opens_at)["api_key"], story.opens_at)
    play = Play(story, shop, world, threads=1, recordings_url="https://pbx.shop.example")
    play.days(Progress("", 0))
    after = Aftermath(world, shop, story)
    problems = play.surprises + after.drop_files()
    after.run_schedules("CloseDay", "Census")
    report = read_report(world.fetch(after.report()["report.json"]))
    return problems + differences(truth_of(story), report), record_of(play, report)


def in_memory(story: Story, client: Client, memory: MemoryAws) -> InProcess:
    """Return a world that nothing has happened in yet."""
    return InProcess(Routes(client, settings().public_url), memory.sqs.take_all, boto3.client("s3"), story.reported_at)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_story_ends_in_a_true_report(
    seed: int, client: Client, memory: MemoryAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLPATH_TEST_SEED", str(seed))
    story = make_story(LAST_DAY, seed=seed, length=LENGTHS[seed % len(LENGTHS)])
    assert played(story, in_memory(story, client, memory))[0] == []


def test_the_same_seed_is_the_same_run_and_another_chance_only_lends_other_numbers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    story, runs = make_story(LAST_DAY, seed=4, length=1), []
    for chance in ("4", "4", "5"):
        monkeypatch.setenv("CALLPATH_TEST_SEED", chance)
        with monkeypatch.context() as engine:
            problems, record = played(story, in_memory(story, client, opened(engine)))
        assert problems == []
        runs.append(record)
    assert runs[0] == runs[1]
    assert runs[0]["visits"] != runs[2]["visits"]


def test_the_memory_answers_as_motos_tables_do(client: Client, aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLPATH_TEST_SEED", "6")
    monkeypatch.setattr(repeat_callers, "LOOK_AGAIN_SECONDS", 0)  # the queues would really make them wait
    monkeypatch.setattr(record_event, "WAIT_SECONDS", 0)
    story = make_story(LAST_DAY, seed=6, length=1)
    world = InProcess(
        Routes(client, settings().public_url), partial(messages, aws), aws.client("s3"), story.reported_at
    )
    by_moto = played(story, world)
    with monkeypatch.context() as engine:
        assert played(story, in_memory(story, client, opened(engine))) == by_moto
    assert by_moto[0] == []
