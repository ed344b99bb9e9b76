"""`recover` and `redrive` as the operator types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.__main__ import main
from chalicelib.carriers import spool_bucket
from chalicelib.carriers.recover_event import recover
from chalicelib.carriers.spool_bucket import SpooledEvent
from chalicelib.cli.redrive import QUEUES
from chalicelib.core.errors import StorageUnavailable
from chalicelib.runtime.settings import settings
from tests import requests
from tests.requests import CALLER, NOW, TWILIO, open_site, secret_of, twilio_call, twilio_request

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def logged(aws: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the log of a webhook that nothing else could keep."""
    open_site()
    monkeypatch.setenv("CALLPATH_PUBLIC_URL", requests.PUBLIC_URL)
    settings.cache_clear()
    secret = secret_of(TWILIO)
    request = twilio_request(secret, twilio_call()[0][1])
    with monkeypatch.context() as outage:
        outage.setattr(spool_bucket, "_into_queue", broken)
        outage.setattr(spool_bucket, "_into_bucket", broken)
        spool_bucket.spool_event(
            SpooledEvent("twilio", secret, (), request), ("x-twilio-signature",), StorageUnavailable("Down.")
        )
    return capsys.readouterr().out


def broken(*_: Any) -> None:
    raise StorageUnavailable("The storage did not answer. Try again.")


def as_exported(logged: str, how: str) -> str:
    if how == "json":  # as aws logs filter-log-events prints it
        return json.dumps({"events": [{"timestamp": 1, "message": logged}, {"timestamp": 2, "message": "END"}]})
    line = logged.strip()
    return {"lines": logged, "text": f"{line}\t{line}\n", "console": f"2026-11-22T09:52:30Z {line}\nREPORT\n"}[how]


@pytest.mark.parametrize("how", ["lines", "text", "console", "json"])
def test_what_only_the_log_kept_is_taken_in(
    aws: Any, logged: str, how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert CALLER[2:] not in logged
    file = tmp_path / "log"
    file.write_text(as_exported(logged, how) + '{"event": "event_kept", "where": "log", "kept": {"sea')  # cut off
    if how == "json":
        file.write_text(as_exported(logged, how))
    assert main(["recover", str(file)]) == 0
    assert json.loads(capsys.readouterr().out) == {"recovered": 1}
    (message,) = requests.messages(aws, settings().kept_queue)
    recover(message, NOW)
    (attribution,) = requests.messages(aws, settings().attribute_queue)
    assert attribution["call_id"].startswith("twilio-")


def test_a_log_without_such_events_recovers_nothing(aws: Any, tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "log"
    file.write_text('{"event": "event_kept", "carrier": "twilio", "where": "queue", "count": 1}\n')
    assert main(["recover", str(file)]) == 0
    assert json.loads(capsys.readouterr().out) == {"recovered": 0}


def test_every_queue_of_dead_letters_can_be_redriven_by_name() -> None:
    outputs = {
        line.split(":")[0].strip() for line in (ROOT / "infra" / "deploy" / "template.yaml").read_text().splitlines()
    }
    assert {name for name in outputs if name.endswith("DeadLettersUrl")} == set(QUEUES.values())
