"""Faults in AWS's own wire format, between boto3 and a local engine: microburst as a managed process.

with FaultProxy.before(engine.url) as proxy:
    proxy.inject({"service": "dynamodb", "operation": "UpdateItem", "reset": True})
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.setup.bootstrap import ENGINE
from infra.setup.ports import LOOPBACK, free_port
from tests.waiting import PATIENCE, until


@dataclass(frozen=True)
class FaultProxy:
    """A running proxy. Without rules it passes everything on."""

    url: str

    def inject(self, *rules: dict[str, Any]) -> None:
        """Replace the rules; the first that fits a request decides."""
        self._ask("rules", json.dumps(rules).encode())

    def fired(self) -> int:
        """How many requests met a fault since the start."""
        return len(self._ask("fired?limit=100000"))

    @staticmethod
    @contextlib.contextmanager
    def before(upstream: str) -> Iterator[FaultProxy]:
        """A proxy in front of `upstream` for the length of a with block."""
        port = free_port()
        command = [str(ENGINE.python), "-m", "microburst", "--upstream", upstream, "--port", str(port), "--no-resign"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        proxy = FaultProxy(f"http://{LOOPBACK}:{port}")
        try:
            proxy._wait(process)
            yield proxy
        finally:
            process.kill()  # it has nothing to save, and a request that hangs would hold it up
            process.wait()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        def answers() -> bool:
            try:
                self._ask("health")
            except OSError:
                assert process.poll() is None, "the fault proxy did not start"
                return False
            return True

        until(answers)

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(f"{self.url}/_microburst/{path}", data=body)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)
