"""A signed Twilio webhook through the real task, against the one write and one read it cannot do without."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from chalicelib.carriers.receive_call import receive
from chalicelib.runtime.settings import settings
from tests.benchmarks.engine import tables
from tests.benchmarks.row import Row, against_floor
from tests.conftest import forget_caches
from tests.requests import PUBLIC_URL, TWILIO, open_site, secret_of, twilio_call, twilio_request

ROUNDS = 300
WARM_UP = 30


def rows() -> Iterator[Row]:
    """`webhook`: an incoming call, answered with TwiML, over a raw conditional write and a raw consistent read."""
    with tables() as client:
        os.environ["CALLPATH_PUBLIC_URL"] = PUBLIC_URL
        forget_caches()
        open_site()
        incoming, floor = _incoming_call(secret_of(TWILIO)), _write_and_read(client)
        measured: dict[Callable[[], None], list[float]] = {incoming: [], floor: []}
        steps, shuffle = [incoming, floor], random.Random(3).shuffle
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):  # the task's log lines
            for turn in range(WARM_UP + ROUNDS):
                shuffle(steps)
                for step in steps:
                    before = time.perf_counter()
                    step()
                    if turn >= WARM_UP:
                        measured[step].append((time.perf_counter() - before) * 1000)
        note = "over one raw conditional write and one raw consistent read"
        yield against_floor("webhook", measured[incoming], measured[floor], "ms", note)


def _incoming_call(secret: str) -> Callable[[], None]:
    form, turn = twilio_call()[0][1], itertools.count()

    def step() -> None:
        request = twilio_request(secret, form | {"CallSid": f"CA{next(turn):032d}"})
        answer = receive(request, "twilio", secret, ())
        if "<Dial" not in answer.body:
            raise AssertionError("the caller was not forwarded")

    return step


def _write_and_read(client: Any) -> Callable[[], None]:
    table, turn = settings().calls_table, itertools.count()

    def step() -> None:
        key = {"pk": {"S": f"floor#{next(turn)}"}}
        client.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET a = :a",
            ConditionExpression="attribute_not_exists(a)",
            ExpressionAttributeValues={":a": {"S": "x" * 300}},
        )
        client.get_item(TableName=table, Key=key, ConsistentRead=True)

    return step
