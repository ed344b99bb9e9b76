"""X-Ray: nothing outside Lambda, annotated subsegments inside."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from chalicelib.runtime import tracing


def test_nothing_is_recorded_or_imported_outside_lambda() -> None:
    script = "import sys; from chalicelib.runtime import tracing\nwith tracing.task('t'): tracing.annotate(site='s')\n"
    script += "print('aws_xray_sdk' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_a_request_that_is_not_sampled_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0")
    assert not tracing.sampled()


LISTEN = """
import json, os, socket
daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
daemon.bind(("127.0.0.1", 0)); daemon.settimeout(5)
os.environ |= {
    "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:%d" % daemon.getsockname()[1],
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "LAMBDA_TASK_ROOT": "/var/task",
    "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
}
from chalicelib.runtime import tracing
with tracing.task("issue_number"):
    tracing.annotate(site="s1")
print(daemon.recv(65535).decode().split("\\n", 1)[1])
"""


def test_a_sampled_request_sends_a_subsegment_annotated_by_task_and_site() -> None:
    """The real SDK sends to a real UDP socket in the daemon's place."""
    ran = subprocess.run([sys.executable, "-c", LISTEN], capture_output=True, text=True, check=True)
    segment = json.loads(ran.stdout)
    assert segment["name"] == "issue_number"
    assert segment["annotations"] == {"task": "issue_number", "site": "s1"}
