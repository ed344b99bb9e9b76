"""The whole service on this machine, kept running: the engine, the stack, and a demo shop whose site lends numbers.

python -m infra.local up [--port N]     quick the second time; what runs already is updated
python -m infra.local down [--keep]     --keep (or KEEP=1) keeps the data for the next time
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from infra import engine
from infra.bootstrap import ROOT
from infra.demo.provision import provision
from infra.demo.run import operators_key
from infra.demo.service import UnexpectedAnswer
from infra.engine import DEFAULT_PORT
from infra.package import build
from infra.ports import command_of, is_taken
from infra.stack import FAILURES, Stack, deploy_locally, say

STATE = ROOT / "build" / "state"
SHOP = STATE / "shop.json"  # beside the engine's own state: they are kept and forgotten together
SITE_PROCESS = ROOT / "build" / "engine" / "site.pid"
SITE_PORT = 8080


def up(port: int) -> tuple[Stack, str]:
    """Start or update everything; the stack and the address of the demo shop's site."""
    say("packaging")
    package = build()
    running = engine.status(port)
    if running is None:
        say(f"starting the local engine on port {port}")
        running = engine.start(port, state_dir=STATE)
    stack = deploy_locally(running, package, parameters={})
    say("opening the demo shop")
    return stack, _serve_site(stack, _shop_key(stack))


def down(port: int, *, keep: bool) -> None:
    """Stop the site and the engine; forget the data unless asked to keep it."""
    _stop_site()
    stopped = engine.stop(port)
    if not keep:
        shutil.rmtree(STATE, ignore_errors=True)
    kept = "its data is kept for the next `make up`" if keep else "its data is gone"
    say(f"stopped; {kept}" if stopped else "nothing was running")


def _shop_key(stack: Stack) -> str:
    """The demo shop's site key: of the shop opened before, if the service still knows it."""
    if SHOP.exists():
        key = str(json.loads(SHOP.read_text())["site_key"])
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{stack.base_url}/v1/sites/{key}/snippet.js"):  # noqa: S310
            return key
    operator = operators_key(stack)
    shop = provision(stack.base_url, operator)
    kept = {
        "site_id": shop.site_id,
        "site_key": shop.site_key,
        "endpoints": dict(shop.endpoints),
        "operator_key": operator,
    }
    SHOP.write_text(json.dumps(kept, indent=1))
    SHOP.chmod(0o600)
    return shop.site_key


def _serve_site(stack: Stack, site_key: str) -> str:
    _stop_site()
    port = next(port for port in range(SITE_PORT, SITE_PORT + 50) if not is_taken(port))
    command = [sys.executable, "-m", "infra.demo.site_server", "--base-url", stack.base_url]
    command += ["--site-key", site_key, "--port", str(port)]
    with Path(os.devnull).open("w") as nowhere:
        process = subprocess.Popen(command, cwd=ROOT, stdout=nowhere, stderr=nowhere, start_new_session=True)  # noqa: S603
    SITE_PROCESS.write_text(str(process.pid))
    deadline = time.monotonic() + 10
    while not is_taken(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    return f"http://localhost:{port}/"


def _stop_site() -> None:
    if SITE_PROCESS.exists():
        pid = int(SITE_PROCESS.read_text())
        if "infra.demo.site_server" in (command_of(pid) or ""):
            os.kill(pid, signal.SIGTERM)
            while command_of(pid):  # its port is free again only once it has ended
                time.sleep(0.02)
        SITE_PROCESS.unlink()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m infra.local", description="The service on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("up", help="start the engine, deploy to it, open the demo shop")
    stop = commands.add_parser("down", help="stop them")
    for command in (start, stop):
        command.add_argument("--port", type=int, default=DEFAULT_PORT, help="of the engine")
    stop.add_argument("--keep", action="store_true", default=bool(os.environ.get("KEEP")), help="keep the data")
    return parser.parse_args()


def main() -> None:
    """Run one command; a failure is one sentence and exit code 1."""
    asked = _arguments()
    try:
        if asked.command == "down":
            down(asked.port, keep=asked.keep)
            return
        stack, site = up(asked.port)
    except (*FAILURES, UnexpectedAnswer) as error:
        sys.exit(f"{asked.command} failed: {error}")
    print(f"\n  the service   {stack.base_url}/v1/health")
    print(f"  the demo shop {site}?utm_source=yandex&utm_medium=cpc&utm_campaign=338151")
    print(f"  its keys and webhook URLs are in {SHOP.relative_to(ROOT)}; `make down` stops it all")


if __name__ == "__main__":
    main()
