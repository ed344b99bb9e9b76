"""How long a caller waits for an answer when nothing of AWS answers: refused connections, and silence."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from chalicelib.carriers.receive_call import receive
from chalicelib.registry.endpoint_token import seal_endpoint
from chalicelib.runtime.settings import settings
from infra.local.engine import CREDENTIALS
from tests.benchmarks.row import Row
from tests.conftest import SIGNING_KEY, forget_caches
from tests.requests import PUBLIC_URL, TWILIO, twilio_call, twilio_request

CALLERS = 200
AT_ONCE = 10
P99 = 0.99


def rows() -> Iterator[Row]:
    """`webhook_storage_refused_p99_ms`, `webhook_storage_silent_p99_ms`: a Twilio call answered with TwiML."""
    for name, listening in (("refused", False), ("silent", True)):
        with _dead_aws(listening=listening), Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            waited = _waits()
        note = f"{CALLERS} calls, {AT_ONCE} at once; a caller is owed 2,000 ms; median {waited[CALLERS // 2]:.0f} ms"
        yield Row(f"webhook_storage_{name}_p99_ms", round(waited[int(CALLERS * P99) - 1]), "ms", note=note)


def _waits() -> list[float]:
    """Milliseconds of every answer, ascending; the first call makes the clients and is not counted."""
    secret = seal_endpoint(TWILIO, "RU", settings().signing_key)
    form = twilio_call()[0][1]

    def step(turn: int) -> float:
        request = twilio_request(secret, form | {"CallSid": f"CA{turn:032d}"})
        before = time.perf_counter()
        answer = receive(request, "twilio", secret, ())
        if str(TWILIO.target_number) not in answer.body:
            raise AssertionError("the caller was not forwarded")
        return (time.perf_counter() - before) * 1000

    step(0)
    with ThreadPoolExecutor(AT_ONCE) as callers:
        return sorted(callers.map(step, range(1, CALLERS + 1)))


@contextlib.contextmanager
def _dead_aws(*, listening: bool) -> Iterator[None]:
    """Yield an address where nobody listens, or where somebody does and never says a word."""
    before = dict(os.environ)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listening:
            server.listen(1024)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        keys = {"AWS_ACCESS_KEY_ID": CREDENTIALS["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": "test"}
        region = {"AWS_DEFAULT_REGION": CREDENTIALS["region_name"], "AWS_REGION": CREDENTIALS["region_name"]}
        names = {f"CALLPATH_{name}": "nowhere" for name in ("DIRECTORY_TABLE", "CALLS_TABLE", "BUCKET")}
        queues = {f"CALLPATH_{name}_QUEUE": f"{url}/queue" for name in ("ATTRIBUTE", "KEPT")}
        own = {"CALLPATH_SIGNING_KEY": SIGNING_KEY, "CALLPATH_PUBLIC_URL": PUBLIC_URL, "AWS_ENDPOINT_URL": url}
        os.environ.update(keys | region | names | queues | own)
        forget_caches()
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
            forget_caches()
